"""Reading handwritten digits."""

from typing import Any

from .recipe import Measured, Recipe

# Distances from codes give logits of hundreds: plain descent copes with their gradients better than Adam does.
_DESCENT: dict[str, Any] = {"optimizer": "momentum", "schedule": "cosine"}

# More layers without shortcuts train worse (He et al. 2016): test accuracies.
DEGRADATION = {"plain20": 0.9944, "plain56": 0.8830, "resnet20": 0.9972, "resnet56": 0.9972}

RECIPES = (
    Recipe(
        "lenet5_digits",
        "lenet5",
        "digits",
        60,
        32,
        learning_rate=3e-3,
        schedule="cosine",
        augment={"shift": 1},
        measured=Measured("accuracy", 0.9883, 0.0067, "5 folds", "gradschool fit lenet5 --data digits --folds 5"),
    ),
    Recipe(
        "lenet5_mnist",
        "lenet5",
        "mnist",
        12,
        learning_rate=4e-3,
        schedule="cosine",
        augment={"shift": 1},
        measured=Measured("accuracy", 0.9915, 0.0008, "3 seeds", "gradschool fit lenet5 --data mnist --seeds 3"),
    ),
    Recipe(
        "mlp_digits",
        "mlp",
        "digits",
        60,
        32,
        schedule="cosine",
        augment={"shift": 1},
        measured=Measured("accuracy", 0.9805, 0.0094, "5 folds", "gradschool fit mlp --data digits --folds 5"),
    ),
    Recipe(
        "mlp_mnist",
        "mlp",
        "mnist",
        20,
        learning_rate=2e-3,
        schedule="cosine",
        augment={"shift": 1},
        measured=Measured("accuracy", 0.9858, 0.0010, "3 seeds", "gradschool fit mlp --data mnist --seeds 3"),
    ),
    Recipe("mlp_16_16_digits", "mlp_16_16", "digits", 60, 32, schedule="cosine"),
    Recipe(
        "mlp_16_16_mnist",
        "mlp_16_16",
        "mnist",
        20,
        learning_rate=2e-3,
        schedule="cosine",
        measured=Measured("accuracy", 0.9566, 0.0036, "3 seeds", "gradschool fit mlp_16_16 --data mnist --seeds 3"),
    ),
    Recipe(
        "lenet5_1998_digits",
        "lenet5_1998",
        "digits",
        60,
        32,
        learning_rate=5e-3,
        augment={"shift": 1},
        **_DESCENT,
        measured=Measured("accuracy", 0.9889, 0.0028, "5 folds", "gradschool fit lenet5_1998 --data digits --folds 5"),
    ),
    Recipe(
        "lenet5_1998_mnist",
        "lenet5_1998",
        "mnist",
        20,
        learning_rate=5e-3,
        **_DESCENT,
        measured=Measured("accuracy", 0.9873, 0.0002, "3 seeds", "gradschool fit lenet5_1998 --data mnist --seeds 3"),
    ),
    Recipe("rbf_network_digits", "rbf_network", "digits", 60, 32, schedule="cosine", pretrain={"neighbours": 2}),
    *(
        Recipe(
            f"{model}_digits",
            model,
            "digits",
            20,
            32,
            optimizer="momentum",
            learning_rate=0.05,
            schedule="cosine",
            warmup=1,
            augment={"shift": 1},
            measured=Measured("accuracy", accuracy, None, "1 seed", f"gradschool fit {model} --data digits"),
        )
        for model, accuracy in DEGRADATION.items()
    ),
)
