"""Every zoo model that learns as a parity case, in the small size of `model_case.py`, with dropout where it has any."""

from gradschool.zoo.parity.case import BATCH, SAMPLES, ParityCase
from gradschool.zoo.registry import create_model
from model_case import ModelCase, accepted, cases

OPTIONS = {"lenet5_1998": {"activation": "noisy_relu"}}  # random draws of another kind


def parity_case(case: ModelCase) -> ParityCase:
    def build():
        model = case.build(**accepted({"dropout": 0.2}, case), **OPTIONS.get(case.name, {}))
        metrics = ["accuracy"] if case.loss == "cross_entropy" else None
        model.compile(case.optimizer(), case.loss_function(), metrics=metrics)
        return model

    def data():
        x, y = case.samples(create_model(case.name, **case.small), SAMPLES)
        return {"x": x, "y": y, "batch_size": BATCH}

    return ParityCase(case.name, build, data)


CASES = {case.name: parity_case(case) for case in cases("training")}
