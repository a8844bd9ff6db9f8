"""`compare_optimizers` against one Keras fit after the other, what it keeps when it is killed, and what it refuses."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from gradschool.callbacks import optimizer_comparison
from gradschool.callbacks.optimizer_study import compare_optimizers

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("built_before_they_are_traced")]  # many compilations

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(7, 3))
X = RNG.normal(size=(136, 7)).astype("float32")
Y = (X @ WEIGHTS + RNG.normal(size=(136, 3))).argmax(axis=-1).astype("int32")
TRAIN, VALIDATION, TEST = ((X[part], Y[part]) for part in (slice(0, 72), slice(72, 104), slice(104, 136)))
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
COMMON = {"loss": LOSS, "metrics": ["accuracy"], "batch_size": 16, "epochs": 2, "rounds": 0}
HELD_OUT = {"validation_data": VALIDATION, "test_data": TEST}


def make_model():
    return keras.Sequential(
        [
            keras.Input((7,)),
            keras.layers.Dense(11, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3),
        ]
    )


def compiled_model():
    model = make_model()
    model.compile("sgd", LOSS)
    return model


def compare(optimizers=("sgd", "adam"), make=make_model, data=TRAIN, **kwargs):
    return compare_optimizers(make, optimizers, *data, **{**COMMON, "seeds": 2, "learning_rates": 2, **kwargs})


@pytest.fixture(scope="module")
def study():
    return compare(**HELD_OUT)


@pytest.fixture
def comparisons(monkeypatch):
    """The callbacks that a study makes."""
    made = []

    class Remembered(optimizer_comparison.OptimizerComparison):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr(optimizer_comparison, "OptimizerComparison", Remembered)
    return made


def test_the_exact_mode_is_keras_fit_of_one_optimizer_after_the_other_bit_for_bit(comparisons):
    rates = {"momentum": [0.05], "adam": [0.02]}
    study = compare(list(rates), learning_rates=rates, exact=True, **HELD_OUT)
    for (seed, name, rate), rows in study.results.groupby(["seed", "optimizer", "learning_rate"]):
        keras.utils.set_random_seed(seed)
        model = make_model()
        optimizer = keras.optimizers.SGD(rate, momentum=0.9) if name == "momentum" else keras.optimizers.Adam(rate)
        model.compile(optimizer, LOSS, metrics=["accuracy"])
        history = model.fit(*TRAIN, batch_size=16, epochs=2, validation_data=VALIDATION, verbose=0).history
        for metric, values in history.items():
            np.testing.assert_array_equal(rows.sort_values("epoch")[metric], values, err_msg=f"{metric} of {name}")
        for own, weight in zip(comparisons[seed].weights[f"{name}@{rate:g}"], model.get_weights(), strict=True):
            assert np.array_equal(own, weight)
        tested = study.tests.query("seed == @seed and optimizer == @name and learning_rate == @rate").iloc[0]
        scores = model.evaluate(*TEST, batch_size=16, verbose=0, return_dict=True)
        assert tested[["test_loss", "test_accuracy"]].tolist() == [scores["loss"], scores["accuracy"]]


def test_seeds_and_optimizers_differ(study):
    assert len(set(study.untrained.values())) == 2
    first = study.results.query("epoch == 1").pivot(index="learning_rate", columns=["optimizer", "seed"], values="loss")
    assert (first.nunique(axis=1) == first.notna().sum(axis=1)).all()


def test_what_a_seed_decides_is_the_same_for_all_optimizers():
    """At rates that move nothing, only weights, batches and dropout decide the losses of an epoch."""
    names = ["sgd", "adam"]
    results = compare(names, learning_rates=[1e-30], epochs=1).results
    losses = results.pivot(index="seed", columns="optimizer", values="loss")[names]
    assert losses.eq(losses["sgd"], axis=0).all(axis=None)
    assert losses["sgd"].nunique() == 2


def test_the_results_are_tidy(study):
    columns = ["seed", "optimizer", "learning_rate", "epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert sorted(study.results.columns) == sorted(columns)
    assert len(study.results) == 2 * 2 * 2 * 2
    assert sorted(study.results["epoch"].unique()) == [1, 2]
    assert not study.results.duplicated(["seed", "optimizer", "learning_rate", "epoch"]).any()
    assert len(study.tests) == 2 * 2 * 2
    assert study.rows[0]["optimizer"] == "sgd"


def test_rates_are_chosen_by_the_validation_samples_alone(study):
    other = compare(validation_data=VALIDATION, test_data=(TEST[0], (TEST[1] + 1) % 3))
    assert study.rule.monitor == "val_accuracy"
    pd.testing.assert_series_equal(other.summary["learning_rate"], study.summary["learning_rate"])
    assert not np.allclose(other.summary["test_accuracy"], study.summary["test_accuracy"])


def test_a_comparison_can_be_repeated(study):
    pd.testing.assert_frame_equal(compare(**HELD_OUT).results, study.results)


@pytest.mark.parametrize("compiled", [True, False])
def test_a_model_in_place_of_a_function_is_left_alone(compiled):
    model = make_model()
    if compiled:
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    before = model.get_weights()
    own = {} if not compiled else {"loss": None, "metrics": None}
    study = compare(make=model, **HELD_OUT, **own)
    assert all(np.array_equal(one, now) for one, now in zip(before, model.get_weights(), strict=True))
    assert len(set(study.untrained.values())) == 2  # every seed has weights of its own
    assert "val_accuracy" in study.results


def test_a_data_set_of_batches_can_be_compared_on():
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, step):
            return TRAIN[0][step::4], TRAIN[1][step::4]

    study = compare_optimizers(
        make_model, "sgd,adam", Batches(), validation_data=VALIDATION, loss=LOSS, epochs=2, seeds=1, learning_rates=1,
        rounds=0,
    )  # fmt: skip
    assert study.rule.monitor == "val_loss"
    assert study.rule.steps_per_epoch == 4


@pytest.mark.filterwarnings("ignore:.*ran out of data", "ignore:.*shuffle=True")  # Keras, of such data
@pytest.mark.parametrize("held_out", [{"validation_data": VALIDATION}, {}])
def test_steps_are_counted_where_nobody_knows_how_many_there_will_be(held_out):
    tf = pytest.importorskip("tensorflow")
    batches = tf.data.Dataset.from_tensor_slices(TRAIN).filter(lambda x, y: True).batch(16)  # its length is unknown
    study = compare(
        data=(batches,),
        **{**held_out, "batch_size": None, "rounds": 1, "seeds": 1, "target": ("loss", 9), "learning_rates": 1},
    )
    assert study.rule.steps_per_epoch == 5
    assert study.summary["steps_to_target"].tolist() == [5, 5]
    assert all(0 < seconds < 1 for seconds in study.step_seconds.values())


@pytest.mark.parametrize("name", ["x", "validation_data", "test_data"])
def test_what_can_be_gone_through_only_once_is_refused(name, monkeypatch):
    monkeypatch.setattr(keras.Model, "evaluate", lambda *args, **kwargs: pytest.fail("it was used up"))
    given = {"x": TRAIN[0], "y": TRAIN[1], **HELD_OUT} | {name: (one for one in [TRAIN])}
    with pytest.raises(ValueError, match=f"{name} is a generator, which gives its samples only once"):
        compare_optimizers(make_model, ["sgd"], **given, **COMMON)


def test_rates_that_agree_to_six_digits_are_runs_of_their_own():
    study = compare(learning_rates=[0.12345671, 0.12345672], seeds=1, epochs=1)
    assert study.results.groupby("optimizer")["learning_rate"].apply(list).to_dict() == {
        "sgd": [0.12345671, 0.12345672],
        "adam": [0.12345671, 0.12345672],
    }


def test_a_metric_of_several_figures_is_refused_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **kwargs: pytest.fail("it trained"))
    data = (TRAIN[0], np.eye(3, dtype="float32")[TRAIN[1]])
    with pytest.raises(ValueError, match=r"'f1_score' gives 3 figures, .* give it average='macro'"):
        compare(data=data, loss="mse", metrics=[keras.metrics.F1Score()])


def test_numbers_of_numpy_are_numbers(tmp_path):
    given = {"epochs": np.int64(1), "batch_size": np.int32(16), "learning_rates": np.int64(2), "rounds": np.int64(0)}
    study = compare(["sgd"], seeds=np.arange(2), target=("loss", np.float32(9)), folder=tmp_path, **given)
    assert sorted(study.untrained) == [0, 1]
    assert study.runs.rates == {"sgd": [0.01, 1.0]}
    plain = {name: int(one) for name, one in given.items()}
    again = compare(["sgd"], seeds=np.int64(2), folder=tmp_path, resume=True, **plain)
    pd.testing.assert_frame_equal(again.results, study.results)


@pytest.mark.parametrize(
    "metrics", ["accuracy", ("accuracy",), {"digit": ["accuracy"]}, keras.metrics.MeanSquaredError()]
)
def test_metrics_as_compile_takes_them(metrics):
    def make():
        inputs = keras.Input((7,))
        return keras.Model(inputs, {"digit": keras.layers.Dense(3, name="digit")(inputs)})

    data = (TRAIN[0], {"digit": np.eye(3, dtype="float32")[TRAIN[1]]})
    study = compare(make=make, data=data, loss={"digit": "mse"}, metrics=metrics, seeds=1, epochs=1)
    assert study.rule.monitor.endswith("accuracy" if "MeanS" not in repr(metrics) else "mean_squared_error")


@pytest.mark.filterwarnings("ignore:.*includes a `lambda`")
def test_a_model_compiled_with_functions_can_be_copied():
    def own_loss(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred, from_logits=True)

    def own_error(y_true, y_pred):
        return own_loss(y_true, y_pred)

    given = {"loss": None, "metrics": None, "seeds": 1, "epochs": 1, "learning_rates": [1e-30]}
    model = make_model()
    model.compile("sgd", own_loss, metrics=[own_error])
    results = compare(["sgd"], make=model, **given).results
    np.testing.assert_allclose(results["own_error"], results["loss"], rtol=1e-5)
    model.compile("sgd", lambda y_true, y_pred: own_loss(y_true, y_pred))
    with pytest.raises(ValueError, match=r"'sequential.*' cannot be copied; give a function that makes it anew"):
        compare(make=model, **given)


def test_the_target_of_a_metric_is_reached_from_the_side_that_is_better():
    def score(y_true, y_pred):
        return keras.ops.mean(y_pred)

    given = {"metrics": [score], "monitor": "val_score", "seeds": 1, "epochs": 1, "validation_data": VALIDATION}
    for higher in (True, False):
        rule = compare(["sgd"], **given, higher_is_better=higher, target=("score", 0.1)).rule
        assert rule.target_is_lower_limit is higher


def test_without_validation_the_training_samples_have_to_do():
    study = compare(seeds=1)
    assert study.rule.monitor == "accuracy"
    assert (study.summary["generalization"] == "untold").all()


def test_an_optimizer_that_diverges_does_not_spoil_the_others():
    rates = {"wild": [1e30], "calm": [0.1]}
    study = compare({"wild": "sgd", "calm": "sgd"}, learning_rates=rates, **HELD_OUT)
    assert study.summary["optimizer"].tolist() == ["calm", "wild"]
    assert study.summary["stability"].tolist() == ["good", "poor"]
    calm = compare({"calm": "sgd"}, learning_rates=[0.1], **HELD_OUT).results
    np.testing.assert_allclose(study.results.query("optimizer == 'calm'")["loss"], calm["loss"], rtol=1e-5)
    assert any("wild got nowhere" in note for note in study.notes)


def test_steps_are_timed_alone():
    study = compare(seeds=1, rounds=2, target=("loss", 1e9), **HELD_OUT)
    assert set(study.step_seconds) == {"sgd", "adam"}
    assert all(0 < seconds < 1 for seconds in study.step_seconds.values())
    summary = study.summary.set_index("optimizer")
    for name, seconds in study.step_seconds.items():
        assert summary.loc[name, "seconds_to_target"] == 5 * seconds  # after an epoch of five steps


def test_what_is_saved(study, tmp_path, monkeypatch):
    drawn = []
    plot = type(study).plot
    monkeypatch.setattr(type(study), "plot", lambda self: drawn.append(self) or plot(self))
    study.save(tmp_path / "out", settings={"model": "a small one"})
    assert len(drawn) == 1
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "study.csv", "summary.csv", "study.png", "report.html",
    }  # fmt: skip
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out" / "study.csv"), study.results)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for words in ("training speed", "generalization", "adam", "a small one", "Student&#39;s", "test accuracy"):
        assert words in page
    study.to_csv(tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out" / "study.csv").read_bytes()


def test_a_comparison_that_is_killed_goes_on_where_it_was(study, tmp_path):
    class KilledError(Exception):
        pass

    def kill(line):
        if line == "seed 1 (2 of 2): epoch 1 of 2":
            raise KilledError

    with pytest.raises(KilledError):
        compare(folder=tmp_path, tell=kill, **HELD_OUT)
    assert [path.name for path in (tmp_path / "seeds").iterdir()] == ["seed-0.json"]
    told = []
    resumed = compare(folder=tmp_path, resume=True, tell=told.append, **HELD_OUT)
    assert not any("seed 0" in line for line in told)
    pd.testing.assert_frame_equal(resumed.results, study.results, check_exact=True)
    pd.testing.assert_frame_equal(resumed.summary, study.summary, check_exact=True)
    more = compare(folder=tmp_path, resume=True, **{**HELD_OUT, "seeds": 3})
    assert sorted(more.results["seed"].unique()) == [0, 1, 2]


def test_a_folder_of_another_comparison_is_refused(tmp_path):
    arguments = {"seeds": 1, "epochs": 1, "learning_rates": 1, "folder": tmp_path}
    compare(**arguments)
    with pytest.raises(ValueError, match="holds a comparison already; name another folder, or pass resume=True"):
        compare(**arguments)
    with pytest.raises(ValueError, match=r"with other settings: candidates was \['sgd@0.1', 'adam@0.001'\], epochs"):
        compare(["sgd"], **{**arguments, "epochs": 2}, resume=True)
    for key, other in (
        ("loss", {"loss": keras.losses.SparseCategoricalCrossentropy()}),
        ("metrics", {"metrics": None}),
        ("validated", {"validation_data": VALIDATION}),
        ("tested", {"test_data": TEST}),
    ):
        with pytest.raises(ValueError, match=f"with other settings: {key} was"):
            compare(**{**arguments, **other}, resume=True)
    (tmp_path / "study.json").write_text("{")
    with pytest.raises(ValueError, match=r"study.json cannot be read: .* Take it away"):
        compare(**arguments, resume=True)


def test_infinite_figures_survive_on_disk(tmp_path):
    arguments = {"optimizers": {"wild": "sgd"}, "learning_rates": [1e30], "seeds": 1, "folder": tmp_path}
    first = compare(**arguments, **HELD_OUT)
    again = compare(**arguments, **HELD_OUT, resume=True)
    assert not np.isfinite(first.results["loss"]).all()
    pd.testing.assert_frame_equal(first.results, again.results, check_exact=True)
    assert json.loads((tmp_path / "study.json").read_text())["candidates"] == ["wild@1e+30"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"optimizers": ["adan"]}, "unknown optimizer 'adan'; did you mean 'adam'"),
        ({"seeds": 0}, "seeds must be at least 1; got 0"),
        ({"seeds": [1, 1]}, r"each seed once, and at least one; got \[1, 1\]"),
        ({"seeds": [-1]}, r"from 0 to 2\*\*32 - 1; got -1"),
        ({"seeds": 2.0}, r"seeds must be how many there are, or a list .*; got 2\.0"),
        ({"seeds": [0.0]}, r"seeds must be whole numbers .*; got 0\.0"),
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0"),
        ({"optimizers": {"a/b": "sgd"}}, "names without a slash; got 'a/b'"),
        ({"folder": __file__}, r"test_optimizer_study\.py is a file; name a folder"),
        ({"resume": True}, "resume=True needs folder"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"rounds": -1}, "rounds must be a whole number of at least 0; got -1"),
        ({"confidence": 95}, "confidence must be between 0 and 1"),
        ({"target": 0.9}, "target must be a metric and a number"),
        ({"target": ("val_accuracy", float("nan"))}, "target must be a metric and a number"),
        ({"target": ("val_auc", 0.9)}, "target: 'val_auc' is none of what is measured: .*val_accuracy"),
        ({"monitor": "accurac"}, "monitor: 'accurac' is none of what is measured"),
        ({"loss": None}, "loss is missing"),
        ({"data": (TRAIN[0],)}, "y is missing: x is arrays, and the loss needs their targets"),
        ({"data": ([TRAIN[0], TRAIN[0]],)}, "y is missing"),
        ({"data": ({"x": TRAIN[0]},)}, "y is missing"),
        ({"data": (TRAIN[0],), "loss": None, "metrics": None, "make": compiled_model}, "y is missing"),
        ({"make": 3}, "make_model must be a function .* got 3"),
        ({"make": lambda: 3}, "make_model must give a keras.Model; got 3"),
    ],
)
def test_refusals_before_anything_is_trained(arguments, says, monkeypatch):
    monkeypatch.setattr(keras.Model, "fit", lambda *args, **kwargs: pytest.fail("it trained"))
    with pytest.raises(ValueError, match=says):
        compare(**{**HELD_OUT, **arguments})


def test_a_model_without_a_loss_of_targets_needs_no_targets():
    def make():
        model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(3, activity_regularizer="l2")])
        model.compile("sgd")
        return model

    study = compare(["sgd"], make, data=(TRAIN[0],), loss=None, metrics=None, seeds=1, epochs=1)
    assert study.rule.monitor == "loss"


def test_a_step_that_logs_no_loss_is_refused_after_an_epoch():
    class Silent(keras.Sequential):
        def train_step(self, *arguments):
            result = super().train_step(*arguments)
            logs, *state = result if keras.backend.backend() == "jax" else (result,)
            logs = {"error": logs["loss"]}
            return (logs, *state) if state else logs

    told = []
    with pytest.raises(ValueError, match=r"the model must log a loss to be compared; it logs error\.$"):
        compare(make=lambda: Silent(make_model().layers), tell=told.append)
    assert not any("epoch" in line for line in told)


def test_where_everything_diverges_nothing_is_reached():
    study = compare(learning_rates=[1e30, 1e31], seeds=1)
    assert (study.summary["reached"] == 0).all()
    assert (study.summary["training_speed"] == "not reached").all()
    assert study.notes[0].startswith("There is no target, and nothing is reached")


def test_an_option_that_there_is_not_is_named():
    with pytest.raises(TypeError, match="compare_optimizers has no argument 'epoch'; did you mean 'epochs'"):
        compare(epoch=3)
    with pytest.raises(TypeError, match="compare_optimizers has no argument 'identity'"):
        compare(identity={})


def test_a_function_that_gives_the_same_model_again_is_found_out():
    model = make_model()
    with pytest.raises(ValueError, match="make_model gave the same model again"):
        compare(make=lambda: model, **HELD_OUT)


def test_a_metric_whose_direction_cannot_be_told():
    def wobble(y_true, y_pred):
        return keras.ops.mean(y_pred)

    with pytest.raises(ValueError, match="'val_wobble' is better cannot be told by its name"):
        compare(metrics=[wobble], **HELD_OUT)
    assert compare(metrics=[wobble], higher_is_better=False, seeds=1, epochs=1, **HELD_OUT).rule.monitor == "val_wobble"
