"""Recognising what a photograph shows, one of a thousand things: the schedules of the papers.

Any other model of a family is fitted by its recipe as well (`gradschool fit resnet101`). Published, for comparison with
what these give (none was measured here): AlexNet 18.2 % top-5 error, with ten views of each photograph; ResNet-50
7.8 % top-5 error, with one view, as He et al. say beside the weights that they published.

What is the paper's, and what is not, stands beside each. The validation part is 1 % of the training photographs.
"""

from typing import Any

from .recipe import Recipe

_ALEXNET: dict[str, Any] = {
    "data": "imagenet2012",
    "epochs": 90,
    "batch_size": 128,
    "optimizer": "momentum",
    "learning_rate": 0.01,
    "schedule": "steps",
    "schedule_options": {"at": [25, 50, 75]},
    "weight_decay": 5e-4,
    "metrics": ("accuracy", "top_5_accuracy"),
    "augment": {"flip": True},
    "data_options": {"size": 227, "shorter_side": 256, "crop": "shorter_side", "validation_share": 0.01},
}

RECIPES = (
    # Krizhevsky et al. 2012, section 5: batches of 128, momentum 0.9, decay 0.0005, rate 0.01 divided by 10 three times
    # when the validation error stopped falling, about 90 cycles; random windows of photographs whose shorter side is
    # 256, and flips (section 4.1); the mean colour subtracted from pixels up to 255 (section 2). Not the paper's: the
    # epochs at which the rate falls, which it does not tell; the mean colour in place of the mean image; no change of
    # colours along principal components; one view in the middle for evaluation instead of ten; windows of 227 in place
    # of 224, which its layers' sizes need.
    Recipe(
        "alexnet_two_tower_imagenet2012",
        "alexnet_two_tower",
        model_config={"input_scaling": "caffe"},
        **_ALEXNET,
    ),
    # The same for one tower, which begins with He et al.'s variance and pixels of deviation one.
    Recipe("alexnet_imagenet2012", "alexnet", model_config={"input_scaling": "imagenet"}, **_ALEXNET),
    # Simonyan & Zisserman 2015, section 3.1: batches of 256, momentum 0.9, decay 0.0005, dropout 0.5, rate 0.01 divided
    # by 10 three times when the validation accuracy stopped rising, 74 epochs. Not the paper's: when the rate falls; no
    # change of colours; one view.
    Recipe(
        "vgg16_imagenet2012",
        "vgg16",
        "imagenet2012",
        74,
        256,
        optimizer="momentum",
        learning_rate=0.01,
        schedule="steps",
        schedule_options={"at": [30, 50, 65]},
        weight_decay=5e-4,
        metrics=("accuracy", "top_5_accuracy"),
        augment={"flip": True},
        model_config={"input_scaling": "imagenet"},
        data_options={"size": 224, "shorter_side": 256, "crop": "shorter_side", "validation_share": 0.01},
    ),
    # He et al. 2016, section 3.4: batches of 256, rate 0.1 divided by 10 on plateaus, up to 60e4 steps, momentum 0.9,
    # decay 0.0001. Not the paper's, but in common use: 90 epochs, the rate falling after 30, 60 and 80 (Goyal et al.
    # 2017, section 5.1); the random piece of Szegedy et al. 2015 in place of a window of a photograph whose shorter
    # side is drawn from 256 to 480; no change of colours; one view for evaluation.
    Recipe(
        "resnet50_imagenet2012",
        "resnet50",
        "imagenet2012",
        90,
        256,
        optimizer="momentum",
        learning_rate=0.1,
        schedule="steps",
        schedule_options={"at": [30, 60, 80]},
        weight_decay=1e-4,
        metrics=("accuracy", "top_5_accuracy"),
        augment={"flip": True},
        model_config={"input_scaling": "imagenet"},
        data_options={"size": 224, "crop": "resized", "validation_share": 0.01},
    ),
)
