"""ImageNet from the files that tensorflow-datasets' own builder writes, here of a few made-up photographs."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gradschool.zoo import create_model
from gradschool.zoo.data import load_data
from gradschool.zoo.data.catalogue import check_available
from gradschool.zoo.engine.checkpoints import Checkpoints
from gradschool.zoo.engine.feeds import StreamedFeed
from gradschool.zoo.engine.fitting import fit_recipe
from gradschool.zoo.engine.opening import Trained
from gradschool.zoo.engine.scoring import measure_trained
from gradschool.zoo.engine.strategies import get_strategy
from gradschool.zoo.engine.tensorflow_internals import deterministic_operations
from gradschool.zoo.inspection.subject import Subject
from gradschool.zoo.recipes import Recipe, imagenet
from small_imagenet import TEST, TRAIN, write_small_imagenet

SIZE, BATCH, SHARE = 32, 8, 0.2

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    write_small_imagenet(folder)
    return folder


def load(data_dir, **options):
    given = {"size": SIZE, "batch_size": BATCH, "validation_share": SHARE, "seed": 3, "shuffle_window": 16}
    return load_data("imagenet2012", data_dir=data_dir, **{**given, **options})


def batches(dataset):
    return [(x.numpy(), y.numpy()) for x, y in dataset]


def assert_equal(one, other):
    assert len(one) == len(other)
    for (x, y), (other_x, other_y) in zip(one, other, strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)


def test_parts_shapes_and_names(data_dir):
    data = load(data_dir)
    assert data.description.samples == {"train": 30, "validation": 7, "test": TEST}
    assert (data.description.input_shape, data.description.classes) == ((SIZE, SIZE, 3), 1000)
    assert data.description.class_names[0] == "n01440764"
    x, y = next(iter(data.train))
    assert (x.shape, x.dtype, y.dtype) == ((BATCH, SIZE, SIZE, 3), tf.float32, tf.int32)
    assert 0 <= float(tf.reduce_min(x)) < float(tf.reduce_max(x)) <= 1
    assert int(data.train.cardinality()) == 4


def test_every_training_photograph_comes_once_an_epoch_and_none_of_them_validates(data_dir):
    data = load(data_dir)
    for _ in range(2):
        train = np.concatenate([y for _, y in batches(data.train)])
        validation = np.concatenate([y for _, y in batches(data.validation)])
        assert sorted([*train, *validation]) == [27 * number for number in range(TRAIN)]


def test_the_test_part_is_read_as_tensorflow_datasets_reads_it(data_dir):
    import tensorflow_datasets as tfds

    expected = tfds.load("imagenet2012", split="validation", data_dir=str(data_dir), shuffle_files=False)
    data = load(data_dir)
    labels = np.concatenate([y for _, y in batches(data.test)])
    assert labels.tolist() == [int(one["label"]) for one in expected]
    photographs, targets = data.numbered("test")
    np.testing.assert_array_equal(targets, labels)
    for number, one in ((0, batches(data.test)[0][0][0]), (TEST - 1, batches(data.test)[-1][0][-1])):
        np.testing.assert_array_equal(photographs[number], one)


def test_the_training_part_is_scored_on_the_middle_of_each_photograph(data_dir, monkeypatch):
    monkeypatch.setattr("gradschool.zoo.engine.scoring.score", lambda model, pipeline: pipeline)
    settings = {"seed": 3, "data_options": {"size": SIZE, "validation_share": SHARE}, "augment": {"flip": True}}
    model = create_model("lenet5", input_shape=(SIZE, SIZE, 3), classes=1000)
    evaluated = batches(measure_trained(Trained(model, "imagenet2012", [], settings), None, data_dir, "train")["train"])
    photographs, labels = load(data_dir).numbered("train")
    np.testing.assert_array_equal(np.concatenate([y for _, y in evaluated]), labels)
    np.testing.assert_array_equal(np.concatenate([x for x, _ in evaluated]), [photographs[k] for k in range(30)])


def test_nothing_need_be_held_out(data_dir):
    data = load(data_dir, validation_share=0)
    assert data.validation is None
    photographs, labels = data.numbered("validation")
    assert (len(photographs), len(labels)) == (0, 0)
    images, labels = data.some("validation", 5)
    assert (images.shape, labels.shape) == ((0, SIZE, SIZE, 3), (0,))


def test_the_seed_decides_and_nothing_else(data_dir):
    data = load(data_dir, augment={"flip": True, "mixup": 0.4})
    first, second = batches(data.train), batches(data.train)
    assert not np.array_equal(first[0][0], second[0][0])
    tf.random.set_seed(99)
    again = load(data_dir, augment={"flip": True, "mixup": 0.4}, parallel=False)
    assert_equal(batches(again.train), first)
    assert_equal(batches(again.train), second)
    other = batches(load(data_dir, augment={"flip": True, "mixup": 0.4}, seed=4).train)
    assert not np.array_equal(other[0][0], first[0][0])


def test_an_epoch_can_begin_at_any_step(data_dir):
    data = load(data_dir, augment={"flip": True})
    batches(data.train)
    second = batches(data.train)
    epochs = load(data_dir, augment={"flip": True}).train.epochs
    epochs.next_epoch.assign(1)
    rest = epochs.begin_at(2)
    assert int(rest.cardinality()) == 2
    assert_equal(batches(rest), second[2:])


def test_a_look_at_some(data_dir):
    data = load(data_dir)
    images, labels = data.some("train", 5)
    assert images.shape == (5, SIZE, SIZE, 3)
    np.testing.assert_array_equal(data.some("train", 5)[1], labels)
    with pytest.raises(ValueError, match=r"too large to be had as arrays.*some\('test', 100\)"):
        data.arrays("test")
    with pytest.raises(ValueError, match="unknown part 'tests'"):
        data.some("tests", 3)


def test_a_model_is_shown_some_when_it_is_looked_into(data_dir):
    model = create_model("lenet5", input_shape=(SIZE, SIZE, 3), classes=1000)
    subject = Subject("lenet5", Trained(model, "imagenet2012", [], {"data_options": {"size": SIZE}}))
    shown = subject.test_images(None, data_dir)
    assert (shown.images.shape, shown.source) == ((TEST, SIZE, SIZE, 3), f"{TEST} images of imagenet2012, test part")
    photographs, labels = load(data_dir).numbered("test")
    expected = {(int(label), photographs[number].tobytes()) for number, label in enumerate(labels)}
    assert {(int(label), one.tobytes()) for label, one in zip(shown.labels, shown.images, strict=True)} == expected


# === Training ===
def test_a_step_s_batch_can_be_had_again_without_another_epoch(data_dir):
    train = load(data_dir, augment={"flip": True}).train
    first, second = batches(train), batches(train)
    feed = StreamedFeed(load(data_dir, augment={"flip": True}).train, get_strategy("one"))
    feed.begin_epoch()
    next(feed.iterator)
    assert_equal([[one.numpy() for one in feed.whole_batch(0, 2, 2)]], [first[2]])
    feed.begin_epoch()
    assert_equal(batches(feed.iterator), second)
    assert_equal([[one.numpy() for one in feed.whole_batch(1, 3, 7)]], [second[3]])


class StopAt(keras.callbacks.Callback):
    """Breaks a fit off in its `step`-th step; counts anew in every fit."""

    def __init__(self, step=None):
        super().__init__()
        self.step = step

    def get_state(self):
        return {}

    def set_state(self, state):
        pass

    def on_train_batch_end(self, batch, logs=None):
        if self.step is not None:
            self.step -= 1
            if self.step == 0:
                raise InterruptedError


def trained(data_dir, folder, stop=None):
    keras.utils.set_random_seed(1)
    data = load(data_dir, augment={"flip": True})
    model = create_model("lenet5", input_shape=(SIZE, SIZE, 3), classes=1000)
    model.compile(keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    callbacks = [StopAt(stop), Checkpoints(folder, every_steps=3)]
    with deterministic_operations():
        history = model.fit(
            data.train, validation_data=data.validation, epochs=3, shuffle=False, verbose=0, callbacks=callbacks
        )
    return model.get_weights(), history.history


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="checkpoints are TensorFlow's")
def test_a_run_that_was_cut_short_goes_on_bit_for_bit(data_dir, tmp_path):
    weights, history = trained(data_dir, tmp_path / "whole")
    with pytest.raises(InterruptedError):
        trained(data_dir, tmp_path / "cut", stop=8)  # in the second epoch, behind the checkpoint of step 6
    resumed, resumed_history = trained(data_dir, tmp_path / "cut")
    assert resumed_history == history
    for one, other in zip(resumed, weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_recipe_is_fitted_to_its_run_folder(data_dir, tmp_path):
    settings = imagenet.RECIPES[1].settings()
    settings |= {
        "model": "resnet20", "epochs": 1, "batch_size": 16, "model_config": {"width": 2}, "augment": {"flip": True},
        "data_options": {"size": SIZE, "validation_share": SHARE}, "ema": 0.9,
    }  # fmt: skip
    fitted = fit_recipe(Recipe(**settings), tmp_path / "run", data_dir=data_dir)
    assert set(fitted.metrics["test"]) == {"loss", "accuracy", "top_5_accuracy"}
    names = {file.name for file in (tmp_path / "run").iterdir()}
    assert {"model.keras", "curves.png", "mistakes.png", "confusion.png", "first_layer.png"} <= names


# === What is not there ===
def test_the_unprepared_are_told_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError) as raised:
        check_available("imagenet2012", tmp_path)
    words = str(raised.value)
    assert "https://image-net.org/download-images" in words
    assert "ILSVRC2012_img_train.tar" in words
    assert str(tmp_path / "downloads" / "manual") in words
    assert f"tfds.builder('imagenet2012', data_dir='{tmp_path}').download_and_prepare()" in words


def test_a_missing_file_is_named(data_dir, tmp_path):
    import shutil

    shutil.copytree(data_dir / "imagenet2012", tmp_path / "imagenet2012")
    shard = next((tmp_path / "imagenet2012" / "5.1.0").glob("*train*-00001-of*"))
    shard.unlink()
    with pytest.raises(FileNotFoundError, match=f"{shard.name} is missing"):
        load(tmp_path)
