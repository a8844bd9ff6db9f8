"""`GradientMonitor` inside `fit`, against gradients, updates and noise computed apart."""

import copy
import itertools
import pickle

import keras
import numpy as np
import pytest
from keras import layers, ops

from fitting_ways import BATCH, FEW, SAMPLES, WAYS, OwnStep, assert_weights, fit, model_of, on_tensorflow, samples
from gradients import gradients
from gradschool.callbacks import GradientClipping, GradientMonitor
from gradschool.callbacks.gradients.findings import find_trouble
from gradschool.callbacks.gradients.selection import chosen_names
from gradschool.callbacks.keras_internals import leaf_optimizer, stages_of

pytestmark = pytest.mark.usefixtures("built_before_they_are_traced")

LAYERS = ("hidden", "last")


def length(values):
    return float(np.sqrt(sum(np.sum(np.square(one, dtype="float64")) for one in values)))


def train_by_hand(model, x, y, epochs=2, accumulate=1):
    """Trains; gives for every update the layers' gradient norms and update ratios, by name ("" for all together)."""
    leaf = leaf_optimizer(model.optimizer)
    optimizer = type(leaf).from_config({**leaf.get_config(), "gradient_accumulation_steps": None})
    optimizer.build(model.trainable_variables)
    norms, ratios, collected = [], [], []
    for first in list(range(0, len(x), BATCH)) * epochs:
        part = slice(first, first + BATCH)
        collected.append(gradients(model, x[part], y[part], keras.losses.MeanSquaredError(), training=True))
        if len(collected) < accumulate:
            continue
        mean = {path: sum(one[path] for one in collected) / accumulate for path in collected[0]}
        collected = []
        before = {one.path: ops.convert_to_numpy(one.value).copy() for one in model.trainable_variables}
        with no_gradients():
            optimizer.apply([ops.convert_to_tensor(one) for one in mean.values()], model.trainable_variables)
        after = {one.path: ops.convert_to_numpy(one.value) for one in model.trainable_variables}
        of_layer = {name: [path for path in mean if f"{name}/" in path] for name in LAYERS} | {"": list(mean)}
        norms.append({name: length([mean[path] for path in paths]) for name, paths in of_layer.items()})
        ratios.append(
            {
                name: length([after[path] - before[path] for path in paths]) / length([before[path] for path in paths])
                for name, paths in of_layer.items()
            }
        )
    return norms, ratios


def no_gradients():
    if keras.backend.backend() == "torch":
        import torch

        return torch.no_grad()
    import contextlib

    return contextlib.nullcontext()


def check(monitor, logs, norms, ratios, every):
    per_epoch = len(norms) // 2
    for epoch in (0, 1):
        own = slice(epoch * per_epoch, (epoch + 1) * per_epoch)
        for name in LAYERS:
            (row,) = monitor.results.query(f"epoch == {epoch + 1} and layer == '{name}'").to_dict("records")
            expected = [one[name] for one in norms[own]]
            assert row["gradient_norm"] == pytest.approx(np.mean(expected), rel=1e-5)
            assert row["gradient_norm_max"] == pytest.approx(max(expected), rel=1e-5)
            assert row["depth"] == LAYERS.index(name)
            assert row["nonfinite"] == 0
            assert logs[f"grad_norm/{name}"][epoch] == row["gradient_norm"]
            expected = [one[name] for one in ratios[own]][::every]
            assert row["update_ratio"] == pytest.approx(np.mean(expected), rel=1e-4)
            assert logs[f"update_ratio/{name}"][epoch] == row["update_ratio"]
        assert logs["grad_norm"][epoch] == pytest.approx(np.mean([one[""] for one in norms[own]]), rel=1e-5)
        assert logs["update_ratio"][epoch] == pytest.approx(
            np.mean([one[""] for one in ratios[own]][::every]), rel=1e-4
        )


# === Norms and ratios ===
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize(("use", "compile_arguments"), WAYS)
def test_norms_and_ratios_are_those_of_training_by_hand(use, compile_arguments, every):
    x, y = samples()
    norms, ratios = train_by_hand(model_of(), x, y)
    model, monitor = use(model_of(kind=OwnStep, **compile_arguments)), GradientMonitor(every=every)
    logs = fit(model, x, y, callbacks=[monitor]).history
    check(monitor, logs, norms, ratios, every)
    assert monitor.findings == []
    assert stages_of(model) == []


@pytest.mark.slow
@pytest.mark.every_backend
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_gradients_are_seen_before_clipping_in_either_order(use, compile_arguments):
    x, y = samples()
    for reverse in (False, True):
        clipping, monitor = GradientClipping(global_norm=0.1), GradientMonitor()
        given = [clipping, monitor]
        fit(use(model_of(**compile_arguments)), x, y, epochs=1, callbacks=given[::-1] if reverse else given)
        squares = np.square(monitor.results["gradient_norm_max"].to_numpy())
        assert squares.max() > 0.1**2
        assert clipping.results["grad_norm"][0] > 0.1
        assert monitor.results["update_ratio"].isna().all()


@pytest.mark.slow
@pytest.mark.every_backend
def test_watching_changes_nothing():
    x, y = samples()
    plain, watched = model_of(), model_of()
    fit(plain, x, y)
    fit(watched, x, y, callbacks=[GradientMonitor(every=1, noise_scale=True)])
    assert_weights(watched, plain, rtol=1e-6, atol=1e-7)


def test_layers_may_be_chosen_and_nested_ones_have_their_paths():
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, name="first"), layers.Dense(3, name="second")], name="inner"
    )
    model = keras.Sequential([keras.Input((6,)), inner, layers.Dense(1, name="head")], name="outer")
    model.compile("sgd", "mse")
    monitor = GradientMonitor()
    fit(model, *samples(), epochs=1, callbacks=[monitor])
    names = monitor.results["layer"].tolist()
    assert [name.split("/")[-1] for name in names] == ["first", "second", "head"]
    chosen = GradientMonitor(layers=f"{names[1][:-3]}*")
    fit(model, *samples(), epochs=1, callbacks=[chosen])
    assert chosen.results[["layer", "depth"]].to_numpy().tolist() == [[names[1], 1]]


def test_layers_that_are_frozen_between_fits_are_left_out():
    model, monitor = model_of(), GradientMonitor()
    fit(model, *samples(), epochs=1, callbacks=[monitor])
    model.get_layer("hidden").trainable = False
    model.compile(keras.optimizers.SGD(0.1), "mse")
    fit(model, *samples(), epochs=1, callbacks=[monitor])
    assert monitor.results["layer"].tolist() == ["last"]


def tower(name, width):
    inputs = keras.Input((6,))
    return keras.Model(inputs, layers.Dense(width, name="first")(inputs), name=name)


class Alike(keras.Model):
    """Two layers of one name in one place."""

    def __init__(self):
        super().__init__()
        self.one, self.two = layers.Dense(3, name="same"), layers.Dense(1, name="same")

    def call(self, inputs):
        return self.two(self.one(inputs))


def test_layers_of_one_name_are_told_apart():
    keras.utils.set_random_seed(0)
    inputs, (x, y) = keras.Input((6,)), samples()
    both = layers.Concatenate()([tower("left", 3)(inputs), tower("right", 5)(inputs)])
    model = keras.Model(inputs, layers.Dense(1, name="head")(both))
    model.compile(keras.optimizers.SGD(0.5), "mse")
    before, monitor = [ops.convert_to_numpy(one.value).copy() for one in model.trainable_variables], GradientMonitor()
    model.fit(x, y, batch_size=len(x), verbose=0, callbacks=[monitor])
    after = [ops.convert_to_numpy(one.value) for one in model.trainable_variables]
    found = monitor.results.set_index("layer")["gradient_norm"]
    assert found.index.tolist() == ["left/first", "right/first", "head"]
    for number, name in enumerate(found.index):  # each has a kernel and a bias
        steps = [after[place] - before[place] for place in (2 * number, 2 * number + 1)]
        assert found[name] == pytest.approx(length(steps) / 0.5, rel=1e-4)
    chosen = GradientMonitor(layers="left/*")
    fit(model, x, y, epochs=1, callbacks=[chosen])
    assert chosen.results["layer"].tolist() == ["left/first"]


def test_layers_of_one_name_in_one_place_get_numbers():
    model = Alike()
    model(np.zeros((1, 6), "float32"))
    model.compile("sgd", "mse")
    monitor = GradientMonitor()
    fit(model, *samples(), epochs=1, callbacks=[monitor])
    assert monitor.results["layer"].tolist() == ["same_1", "same_2"]


def test_layers_may_be_chosen_by_themselves():
    model = model_of()
    monitor = GradientMonitor(layers=[model.layers[1]])
    fit(model, *samples(), epochs=1, callbacks=[monitor])
    assert monitor.results[["layer", "depth"]].to_numpy().tolist() == [["last", 1]]
    with pytest.raises(ValueError, match="layers: 'last' has no weights that are trained in "):
        fit(model_of(), *samples(), callbacks=[monitor])


def nested():
    inner = keras.Sequential([keras.Input((3, 2)), layers.Dense(4, name="deep")], name="enc")
    model = keras.Sequential([keras.Input((3, 2)), inner, layers.GRU(2, name="gru"), layers.Dense(1, name="out")])
    model.compile("sgd", "mse")
    return model


def test_layers_may_be_chosen_by_their_own_names():
    monitor = GradientMonitor(layers=["deep", "out"])
    x, y = np.ones((BATCH, 3, 2), "float32"), np.ones((BATCH, 1), "float32")
    fit(nested(), x, y, epochs=1, callbacks=[monitor])
    assert monitor.results["layer"].tolist() == ["enc/deep", "out"]


def test_layers_may_be_chosen_by_patterns_and_by_what_they_lie_in():
    model = nested()
    for wanted in ("deep", "enc/deep", "d*p", "e*p", "enc"):
        assert chosen_names(model, [wanted]) == {"enc/deep"}
    for wanted in ("gru", "gru_cell", "gru/gru_cell", model.get_layer("gru")):
        assert chosen_names(model, [wanted]) == {"gru/gru_cell"}
    model.get_layer("enc").trainable = False
    with pytest.raises(ValueError, match="layers: no layer fits 'deep'"):
        chosen_names(model, ["deep"])


@pytest.mark.parametrize(
    ("clipping", "ours"),
    [
        ({"clipnorm": 1e-3}, "norm"),
        ({"global_clipnorm": 1e-3}, "global_norm"),
        ({"clipvalue": 1e-3}, "value"),
    ],
)
def test_an_optimizer_that_clips_by_itself_is_said(clipping, ours):
    ((name, limit),) = clipping.items()
    monitor = GradientMonitor()
    with pytest.warns(UserWarning, match=rf"{name}={limit}. .* after that; with GradientClipping\({ours}={limit}\)"):
        fit(model_of(keras.optimizers.SGD(0.1, **clipping)), *samples(), epochs=1, callbacks=[monitor])
    assert (monitor.results["gradient_norm_max"] < 0.01).all()


def test_a_model_that_only_its_first_step_would_build_is_measured():
    model = keras.Sequential([layers.Dense(3, activation="relu", name="hidden"), layers.Dense(1, name="last")])
    model.compile("sgd", "mse")
    monitor = GradientMonitor(every=1, noise_scale=True)
    fit(model, *samples(), epochs=1, callbacks=[monitor])
    assert monitor.results["layer"].tolist() == ["hidden", "last"]
    assert monitor.noise["batch"].tolist() == [BATCH]


@pytest.mark.slow
@on_tensorflow
def test_a_sparse_gradient_counts_like_a_dense_one():
    rng = np.random.default_rng(5)
    tokens, y = rng.integers(0, 7, (SAMPLES, 11)).astype("int32"), rng.normal(size=(SAMPLES, 1)).astype("float32")

    def results(first, inputs, x):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([inputs, first, layers.GlobalAveragePooling1D(), layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.5), "mse")
        model.layers[0].set_weights([np.random.default_rng(1).normal(size=(7, 5)).astype("float32")])
        monitor = GradientMonitor(every=1, noise_scale=True)
        fit(model, x, y, callbacks=[monitor])
        return monitor.results.drop(columns="layer"), monitor.noise

    sparse = results(layers.Embedding(7, 5), keras.Input((11,), dtype="int32"), tokens)
    dense = results(layers.Dense(5, use_bias=False), keras.Input((11, 7)), np.eye(7, dtype="float32")[tokens])
    np.testing.assert_allclose(sparse[0].to_numpy(float), dense[0].to_numpy(float), rtol=1e-5)
    np.testing.assert_allclose(
        sparse[1]["noise_scale"].to_numpy(float), dense[1]["noise_scale"].to_numpy(float), rtol=1e-3
    )


# === Noise scale ===
@pytest.mark.parametrize("accumulate", [None, 4])
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_the_noise_scale_is_that_of_the_samples_own_gradients(use, compile_arguments, accumulate):
    count = 4096
    x, _ = samples(count)
    y = x @ np.arange(6, dtype="float32")[:, None] / 3 + np.random.default_rng(7).normal(size=(count, 1)).astype(
        "float32"
    )
    keras.utils.set_random_seed(1)
    model = use(keras.Sequential([keras.Input((6,)), layers.Dense(1, use_bias=False)]))
    model.compile(keras.optimizers.SGD(1e-9, gradient_accumulation_steps=accumulate), "mse", **compile_arguments)
    kernel = ops.convert_to_numpy(model.weights[0].value)
    each = 2 * (x @ kernel - y) * x  # (samples, 6): the gradient of (x w - y)^2
    mean = each.mean(axis=0)
    expected = np.sum((each - mean) ** 2) / count / np.sum(mean**2)
    monitor = GradientMonitor(noise_scale=True)
    logs = fit(model, x, y, epochs=1, callbacks=[monitor]).history
    assert logs["noise_scale"][0] == pytest.approx(expected, rel=0.25)
    assert monitor.noise["noise_scale_from"][0] == ("4 parts of each update" if accumulate else "successive updates")
    assert monitor.noise["batch"][0] == BATCH * (accumulate or 1)


@pytest.mark.slow
@pytest.mark.parametrize("accumulate", [None, 2])
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_batches_of_several_lengths_count_as_the_longest(use, compile_arguments, accumulate):
    x, y = samples(30)
    optimizer = keras.optimizers.SGD(1e-3, gradient_accumulation_steps=accumulate)
    monitor = GradientMonitor(noise_scale=True)
    fit(use(model_of(optimizer, **compile_arguments)), x, y, callbacks=[monitor])
    assert monitor.noise["batch"].tolist() == [BATCH * (accumulate or 1)] * 2
    assert np.isfinite(monitor.noise["square_of_update"]).all()


@pytest.mark.slow
def test_updates_that_are_left_out_belong_to_no_pair_and_have_no_ratio():
    x, y = samples()
    bad = x.copy()
    bad[BATCH] = np.nan  # of the second batch
    rest = np.delete(np.arange(len(x)), np.arange(BATCH, 2 * BATCH))
    rows, noise = [], []
    for inputs, targets in ((bad, y), (x[rest], y[rest])):
        monitor = GradientMonitor(every=1, noise_scale=True)
        clipping = GradientClipping(global_norm=1e9, nonfinite="skip")
        fit(model_of(), inputs, targets, epochs=1, callbacks=[monitor, clipping])
        rows.append(monitor.rows)
        noise.append(monitor.noise_rows)
    for with_bad, without in zip(*rows, strict=True):
        np.testing.assert_allclose(with_bad["update_ratio"], without["update_ratio"], rtol=1e-5)
    ours, wanted = noise[0][0], pairs_by_hand(x[rest], y[rest], without=1)
    np.testing.assert_allclose(ours["product_of_successive"], wanted, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("use", "compile_arguments"), FEW)
def test_parts_of_updates_that_are_not_finite_do_not_count(use, compile_arguments):
    x, y = samples()
    bad = x.copy()
    bad[2 * BATCH : 3 * BATCH] *= 100  # the finite part of the second update
    bad[3 * BATCH] = np.nan
    noise = []
    for inputs, targets in ((bad, y), (x[: 2 * BATCH], y[: 2 * BATCH])):
        optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=2)
        monitor, clipping = GradientMonitor(noise_scale=True), GradientClipping(global_norm=1e9, nonfinite="skip")
        model = use(model_of(optimizer, **compile_arguments))
        fit(model, inputs, targets, epochs=1, callbacks=[monitor, clipping])
        noise.append(monitor.noise_rows[0])
    for name in ("square_of_update", "square_of_part", "noise_scale"):
        assert noise[0][name] == pytest.approx(noise[1][name], rel=1e-5)


@pytest.mark.parametrize("accumulate", [None, 2])
def test_an_epoch_without_a_finite_update_has_no_noise_scale(accumulate):
    x, y = samples()
    model = model_of(keras.optimizers.SGD(0.1, gradient_accumulation_steps=accumulate))
    monitor, clipping = GradientMonitor(noise_scale=True), GradientClipping(global_norm=1.0, nonfinite="skip")
    fit(model, x * np.float32(np.nan), y, epochs=1, callbacks=[monitor, clipping])
    assert np.isnan(monitor.noise_rows[0]["noise_scale"])


def test_a_gradient_whose_square_is_infinite_belongs_to_no_pair():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.0), loss=lambda y_true, y_pred: ops.mean(y_true * y_pred))
    slopes = np.array([[1], [3e38], [100], [1], [2], [3]], "float32")  # the gradients
    monitor, clipping = GradientMonitor(noise_scale=True), GradientClipping(value=1.0, nonfinite="skip")
    model.fit(np.ones((6, 1)), slopes, batch_size=1, shuffle=False, verbose=0, callbacks=[monitor, clipping])
    assert monitor.noise_rows[0]["product_of_successive"] == pytest.approx((100 * 1 + 1 * 2 + 2 * 3) / 3)


def pairs_by_hand(x, y, without):
    """The mean product of successive updates' gradients, but for that of one pair, counted from 1."""
    model, flat = model_of(), []
    for first in range(0, len(x), BATCH):
        part = slice(first, first + BATCH)
        found = gradients(model, x[part], y[part], keras.losses.MeanSquaredError(), training=True)
        flat.append(np.concatenate([np.ravel(one) for one in found.values()]).astype("float64"))
        model.train_on_batch(x[part], y[part])
    products = [one @ two for one, two in itertools.pairwise(flat)]
    del products[without - 1]
    return np.mean(products)


def test_a_fit_with_smaller_batches_has_its_own():
    (x, y), model, monitor = samples(), model_of(), GradientMonitor(noise_scale=True)
    for size in (BATCH, BATCH // 2):
        model.fit(x, y, batch_size=size, verbose=0, callbacks=[monitor])
        assert monitor.noise["batch"].tolist() == [size]


def test_noise_that_hides_the_gradient_gives_no_number():
    x, y = samples(16)
    model = model_of(keras.optimizers.SGD(1e-9))
    x[8:], y[8:] = x[:8], 2 * np.asarray(model.predict(x[:8], verbose=0)) - y[:8]  # the opposite gradient
    monitor = GradientMonitor(noise_scale=True)
    fit(model, x, y, epochs=1, callbacks=[monitor])
    assert monitor.noise["noise_scale"].isna().all()


# === Vanishing and exploding ===
def deep(activation, initializer="glorot_uniform", depth=12, scale=None):
    keras.utils.set_random_seed(2)
    start = initializer if scale is None else keras.initializers.RandomNormal(stddev=scale, seed=1)
    hidden = [layers.Dense(16, activation=activation, kernel_initializer=start, name=f"h{n}") for n in range(depth)]
    model = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(1, name="out")])
    model.compile(keras.optimizers.SGD(1e-6), "mse")
    return model


def test_vanishing_gradients_are_named_with_the_evidence():
    monitor = GradientMonitor()
    fit(deep("sigmoid"), *samples(), epochs=1, callbacks=[monitor])
    found = {one["layer"]: one for one in monitor.findings}
    assert {one["condition"] for one in monitor.findings} == {"vanishing"}
    assert {"h0", "h1", "h2"} <= set(found)
    assert "out" not in found
    norms = dict(zip(monitor.results["layer"], monitor.results["gradient_norm"], strict=True))
    assert f"{norms['h0']:.3g}" in found["h0"]["evidence"]
    assert "from layer to layer it shrinks to 0." in found["h0"]["evidence"]


def test_the_evidence_of_vanishing_multiplies_out():
    row = {"epoch": 1, "nonfinite": 0}
    norms = {"a": 1e-6, "b": 1e-5, "c": 1e-5, "d": 1.0}
    rows = [{**row, "layer": name, "gradient_norm": norm, "gradient_norm_max": norm} for name, norm in norms.items()]
    assert find_trouble(rows, {})[0]["evidence"] == (
        "its mean gradient norm is 1e-06, 1e+06 times smaller than that of d (1); on average, from layer to layer it "
        "shrinks to 0.01 of what it was"
    )


def test_a_gradient_too_small_for_float32_is_called_so():
    model, monitor = model_of(), GradientMonitor()
    x, y = samples(BATCH)
    model.layers[1].kernel.assign(ops.convert_to_numpy(model.layers[1].kernel) * 1e-24)
    fit(model, x, y, epochs=1, callbacks=[monitor])
    (found,) = [one for one in monitor.findings if one["layer"] == "hidden"]
    assert found["evidence"].startswith("float32 cannot tell its gradient from 0; that of last has a norm of ")


def test_exploding_gradients_are_named_with_the_evidence():
    growing = GradientMonitor()
    fit(model_of(keras.optimizers.SGD(30.0)), *samples(), epochs=3, callbacks=[growing])
    exploding = [one for one in growing.findings if one["condition"] == "exploding"]
    assert {2, 3} <= {one["epoch"] for one in exploding}
    for one in exploding:
        assert any(words in one["evidence"] for words in ("rose to", "infinite", "times larger than that of last"))


def test_ratios_of_weights_that_are_no_numbers_are_none_in_the_logs():
    (x, y), monitor = samples(), GradientMonitor(every=1)
    logs = fit(model_of(keras.optimizers.SGD(1e30)), x, y, callbacks=[monitor]).history
    assert all(isinstance(value, float) for name, values in logs.items() if "ratio" in name for value in values)


def test_a_first_norm_that_is_no_number_hides_no_explosion():
    row = {"epoch": 2, "layer": "a", "nonfinite": 0, "gradient_norm": 1e6, "gradient_norm_max": 1e6}
    for first in ({"b": 1.0}, {"a": np.nan, "b": 1.0}):
        assert find_trouble([row], first)[0]["condition"] == "exploding"
    assert find_trouble([row], {"a": np.nan}) == []


def test_gradients_that_come_back_do_not_explode():
    """A layer whose gradient was tiny at first, and then is as large as the others', has recovered."""
    row = {"nonfinite": 0, "epoch": 2}
    front = {**row, "layer": "front", "gradient_norm": 0.1, "gradient_norm_max": 0.3}
    back = {**row, "layer": "back", "gradient_norm": 0.5, "gradient_norm_max": 0.7}
    assert find_trouble([front, back], {"front": 1e-6, "back": 0.5}) == []
    growing = {**back, "gradient_norm_max": 60.0}
    assert [one["layer"] for one in find_trouble([front, growing], {"front": 1e-6, "back": 0.5})] == ["back"]


def test_nothing_is_found_in_a_deep_net_that_starts_well():
    monitor = GradientMonitor()
    fit(deep("relu", "he_normal"), *samples(), epochs=2, callbacks=[monitor])
    assert monitor.findings == []


def test_gradients_that_are_not_finite_are_counted_by_layer():
    x, y = samples()
    x[BATCH] = np.nan
    monitor, clipping = GradientMonitor(), GradientClipping(value=1.0, nonfinite="skip")
    fit(model_of(), x, y, epochs=1, callbacks=[monitor, clipping])
    assert monitor.results["nonfinite"].tolist() == [1, 1]
    assert np.isfinite(monitor.results["gradient_norm"]).all()
    assert "infinite or no number in 1 update" in monitor.findings[0]["evidence"]


# === What a user sees ===
def test_a_picture_and_a_table(tmp_path):
    monitor = GradientMonitor(every=1, noise_scale=True)
    with pytest.raises(ValueError, match="nothing to show yet"):
        monitor.plot()
    fit(model_of(), *samples(), callbacks=[monitor])
    figure = monitor.plot()
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert titles[0] == "mean gradient norm"
    assert "noise scale" in titles[2]
    assert [one.get_text() for one in figure.axes[0].get_yticklabels()] == ["hidden", "last"]
    monitor.results.to_csv(tmp_path / "gradients.csv", index=False)
    assert len((tmp_path / "gradients.csv").read_text(encoding="utf-8").splitlines()) == 1 + 4


class TwoOptimizers(keras.Sequential):
    """Trains with an optimizer that Keras does not know of."""

    def train_step(self, *arguments):
        own = self.__dict__["own"]
        kept, self.__dict__["optimizer"] = self.optimizer, own
        try:
            return super().train_step(*arguments)
        finally:
            self.__dict__["optimizer"] = kept


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_monitor_can_be_copied_after_a_fit(copied):
    monitor = GradientMonitor(every=1, noise_scale=True)
    fit(model_of(), *samples(), callbacks=[monitor])
    assert not any(ops.is_tensor(value) for value in vars(monitor._watch).values())
    other = copied(monitor)
    assert other.rows == monitor.rows
    fit(model_of(), *samples(), callbacks=[other])
    assert [row["gradient_norm"] for row in other.rows] == pytest.approx([row["gradient_norm"] for row in monitor.rows])


@on_tensorflow
@pytest.mark.filterwarnings("ignore:.*keeps other optimizers beside model.optimizer")
def test_an_optimizer_that_updates_nothing_is_said():
    model = model_of(kind=TwoOptimizers)
    model.__dict__["own"] = keras.optimizers.SGD(0.1)
    model.__dict__["own"].build(model.trainable_variables)
    with pytest.warns(UserWarning, match=r"GradientMonitor saw no update of model.optimizer"):
        fit(model, *samples(), epochs=1, callbacks=[GradientMonitor()])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"every": 0}, "every is a number of updates, at least 1"),
        ({"every": 1.5}, "got 1.5"),
        ({"every": "2"}, "got '2'"),
        ({"every": float("inf")}, "got inf"),
        ({"layers": []}, "layers is empty"),
        ({"layers": [3]}, "layers are names, patterns or Keras layers; got 3"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GradientMonitor(**arguments)


@pytest.mark.slow
def test_numbers_of_numpy_count_updates_like_any():
    monitor, other = GradientMonitor(every=np.int64(2)), GradientMonitor(every=2)
    for one in (monitor, other):
        fit(model_of(), *samples(), epochs=1, callbacks=[one])
    assert monitor.results["update_ratio"].tolist() == pytest.approx(other.results["update_ratio"].tolist())


def test_models_with_nothing_to_train_are_refused():
    model = model_of()
    model.compile(optimizer=None, loss="mse")
    with pytest.raises(ValueError, match=r"GradientMonitor needs a model with an optimizer: call model.compile"):
        fit(model, *samples(), callbacks=[GradientMonitor()])
    model.trainable = False
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"the layers of '.*' are frozen \(trainable=False\)"):
        fit(model, *samples(), callbacks=[GradientMonitor()])


def test_a_layer_that_is_not_there_is_refused_before_training():
    with pytest.raises(ValueError, match=r"layers: no layer fits 'hiden'; .*hidden"):
        fit(model_of(), *samples(), callbacks=[GradientMonitor(layers=["hiden"])])
