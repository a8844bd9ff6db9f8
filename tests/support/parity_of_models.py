"""Every zoo model that learns as a parity case, in the small size of `model_case.py`, with dropout where it has any."""

from gradschool.zoo.layers.metrics import get_metrics
from gradschool.zoo.parity.case import BATCH, SAMPLES, ParityCase
from gradschool.zoo.registry import create_model
from model_case import ModelCase, accepted, cases

OPTIONS = {"lenet5_1998": {"activation": "noisy_relu"}}  # random draws of another kind
# In float64 every mistake shows, and without the four orders of float32, each of which is traced anew; these small ones
# are tried in both, for draws that are float32 numbers. Statistics in float32 are among the small cases of `parity`.
ALSO_FLOAT32 = ("mlp", "lenet5_1998", "variational_autoencoder")


def parity_case(case: ModelCase) -> ParityCase:
    def build():
        model = case.build(**accepted({"dropout": 0.2, "recurrent_dropout": 0.3}, case), **OPTIONS.get(case.name, {}))
        metrics = get_metrics(["accuracy"], per_step=len(case.answers) > 1) if case.loss == "cross_entropy" else None
        model.compile(case.optimizer(), case.loss_function(), metrics=metrics)
        return model

    def data():
        x, y = case.samples(create_model(case.name, **case.small), SAMPLES)
        return {"x": x, "y": y, "batch_size": BATCH}

    precisions = ("float64", "float32") if case.name in ALSO_FLOAT32 else ("float64",)
    return ParityCase(case.name, build, data, fit={"epochs": 2}, precisions=precisions)


CASES = {case.name: parity_case(case) for case in cases("training")}
