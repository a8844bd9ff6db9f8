"""A model saved under one back end answers the same under the others."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

import answer_elsewhere
from model_case import accepted, cases

BACK_ENDS = ("tensorflow", "jax", "torch")
CASES = [case for case in cases() if not case.kin]  # whose layers are those of others
pytestmark = pytest.mark.slow  # each back end is imported anew


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A folder with models of all kinds saved, in its small size and with its options, and inputs for it."""
    folder = tmp_path_factory.mktemp("saved")
    for case in CASES:
        model = case.build(**accepted(case.options, case))
        inputs, _ = case.samples(model, 5)
        model.save(folder / f"{case.name}.keras")
        answer_elsewhere.save_inputs(folder / f"{case.name}.inputs.npz", inputs)
        np.save(folder / f"{case.name}.expected.npy", convert_to_numpy(model(inputs, training=False)))
    return folder


@pytest.mark.parametrize("back_end", [name for name in BACK_ENDS if name != keras.backend.backend()])
def test_answers_are_those_of_the_back_end_that_saved(saved, back_end):
    if find_spec(back_end) is None:
        pytest.skip(f"{back_end} is not installed")
    command = [sys.executable, answer_elsewhere.__file__, str(saved)]
    quickly = {"JAX_DISABLE_MOST_OPTIMIZATIONS": "1"}  # to compile takes longer than to answer
    elsewhere = {**os.environ, **quickly, "KERAS_BACKEND": back_end}
    done = subprocess.run(command, env=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for case in CASES:
        expected, answers = (np.load(saved / f"{case.name}.{kind}.npy") for kind in ("expected", back_end))
        np.testing.assert_allclose(answers, expected, rtol=1e-5, atol=1e-5, err_msg=case.name)
