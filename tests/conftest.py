"""What every test may use: quiet Keras, seeded randomness, and the folder of real data where there is one."""

import contextlib
import gc
import os
from pathlib import Path

import hypothesis
import pytest

from gradschool.zoo.quiet import import_keras

import_keras()

# Tracing makes objects by the million, few of them garbage: looking through them all so often took a tenth of the time.
gc.set_threshold(50_000, 20, 20)

# No deadline: a first example may compile for seconds. The same examples every time, as everywhere else.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("course")


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same random state."""
    import keras

    keras.utils.set_random_seed(0)


@pytest.fixture
def built_before_they_are_traced(monkeypatch):
    """Models have all their variables before a fit of Keras's own.

    On TensorFlow, Keras leaves it to the first step, which is traced twice then: half the time of a short fit. This is
    for tests that compare with such a fit; our own make all variables before.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

    from gradschool.callbacks.keras_internals.building import _symbolic_batch

    of_keras = TensorFlowTrainer._maybe_symbolic_build

    def build(self, iterator=None, data_batch=None):
        if iterator is not None and self.built and self._distribute_strategy is None:
            with contextlib.suppress(RuntimeError):  # Keras 3.12: a state of a fixed batch size
                self._symbolic_build(data_batch=_symbolic_batch(iterator))
        else:
            of_keras(self, iterator, data_batch)

    monkeypatch.setattr(TensorFlowTrainer, "_maybe_symbolic_build", build)


@pytest.fixture(autouse=True, scope="session")
def data_sets_that_end_at_once():
    """Iterators that lie about until the garbage collector comes do not hold it up."""
    from gradschool.zoo.engine.untuned_iterators import untuned_iterators

    with untuned_iterators():
        yield


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of original data files that the variable GRADSCHOOL_TEST_DATA names."""
    folder = os.environ.get("GRADSCHOOL_TEST_DATA")
    if not folder:
        pytest.skip("the variable GRADSCHOOL_TEST_DATA, a folder of original data files, is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def prepared_datasets(real_data, tmp_path_factory) -> Path:
    """A folder in which tensorflow-datasets has prepared MNIST from the original files, once for all tests."""
    from download_cache import fill_download_cache
    from gradschool.zoo.data import load_data

    data_dir = tmp_path_factory.mktemp("tensorflow_datasets")
    fill_download_cache(real_data, data_dir, "mnist")
    load_data("mnist", data_dir=data_dir)
    return data_dir
