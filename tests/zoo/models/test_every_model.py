"""What every model of the zoo must do, on whichever back end the tests run. `model_case.py` says how each is tried."""

import inspect
import json

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from gradients import gradients
from gradschool.zoo.data.samples import rows_of
from gradschool.zoo.inspection.layer_table import layer_table, total
from gradschool.zoo.layers.policies import get_policy, output_dtype
from gradschool.zoo.registry import create_model, list_models, model_class, model_entry
from model_case import (
    CLAIMS,
    LEARN_EVERYWHERE,
    accepted,
    cases,
    left_out,
    many_times,
    model_case,
    ready_model,
    tried_models,
)

BATCH = 5


def everywhere(case):
    return [pytest.mark.every_backend] if case.name in LEARN_EVERYWHERE else []


def every_model(part=None, marks=lambda case: []):
    """Parametrises a test over the models that the part applies to."""
    return pytest.mark.parametrize(
        "case", [pytest.param(case, id=case.name, marks=marks(case)) for case in cases(part)]
    )


def every_model_and_policy():
    """The same, each model with each of its dtype policies."""
    pairs = [(case, dtype) for case in cases() for dtype in case.policies]
    return pytest.mark.parametrize(
        ("case", "dtype"),
        [
            pytest.param(
                case, dtype, id=f"{case.name}-{dtype}", marks=[pytest.mark.slow] if case.is_slow_in(dtype) else []
            )
            for case, dtype in pairs
        ],
    )


@pytest.fixture
def double_precision(dtype):
    """Lets JAX have float64, where it is asked for: by default JAX has none."""
    if keras.backend.backend() != "jax" or dtype != "float64":
        yield
        return
    import jax

    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def has_shape(array, shape) -> bool:
    """Whether an array has a shape, in which None is any size."""
    return array.ndim == len(shape) and all(one in (None, size) for size, one in zip(array.shape, shape, strict=True))


def answer(model, inputs):
    return convert_to_numpy(model(inputs, training=False)).astype("float64")


def assert_same(model, other, inputs, atol=0.0):
    np.testing.assert_allclose(answer(model, inputs), answer(other, inputs), rtol=0, atol=atol)


# === Size and shape ===
ONCE_IS_ENOUGH = keras.backend.backend() == "tensorflow"  # for what does not depend on the back end, and takes long


@pytest.mark.slow
@pytest.mark.parametrize("name", list_models() if ONCE_IS_ENOUGH else tried_models())
def test_counts_are_those_of_the_registry(name):
    entry, cls = model_entry(name), model_class(name)
    has_kernels = "kernel_initializer" in inspect.signature(cls.__init__).parameters
    zeros = {"kernel_initializer": "zeros"} if has_kernels else {}  # made faster than many millions of random numbers
    model = create_model(name, **zeros)
    assert model.count_params() == entry.parameters
    assert total(layer_table(model)) == (entry.parameters, entry.multiply_adds)


@every_model()
def test_builds_with_prime_sizes(case):
    model = ready_model(case.name)
    inputs, _ = case.samples(model, BATCH)
    assert model.output_shape == (None, *case.answers)
    assert has_shape(answer(model, inputs), (BATCH, *case.answers))
    assert np.isfinite(answer(model, inputs)).all()


@every_model()
def test_answers_each_sample_by_itself(case):
    model = ready_model(case.name)
    inputs, _ = case.samples(model, BATCH)
    alone = np.concatenate([answer(model, rows_of(inputs, slice(i, i + 1))) for i in range(BATCH)])
    np.testing.assert_allclose(answer(model, inputs), alone, rtol=0, atol=2e-5)


@every_model()
def test_inputs_of_another_shape_are_refused(case):
    model = ready_model(case.name)
    inputs, _ = case.samples(model, BATCH)
    changes = [lambda x: x[..., None, None], lambda x: x[0, 0]]
    if all(x.shape[-1] is not None for x in model.inputs):
        changes.append(lambda x: np.concatenate([x, x], axis=-1))
    for change in changes:
        with pytest.raises(ValueError, match=r"shape|rank|dim"):
            model(keras.tree.map_structure(change, inputs))


@every_model()
@pytest.mark.parametrize("shape", [(), (0,), (-3, 5, 1), ("a",), "28x28", 28, (None, 5, 1), (2.5,)])
def test_impossible_input_shapes_are_refused(case, shape):
    if not accepted({"input_shape": shape}, case):
        pytest.skip("its inputs are of any size")
    with pytest.raises(ValueError, match="input_shape"):
        create_model(case.name, input_shape=shape)


@every_model()
def test_keras_s_own_order_of_axes_changes_nothing(case):
    model = ready_model(case.name)
    inputs, _ = case.samples(model, BATCH)
    before = keras.config.image_data_format()
    keras.config.set_image_data_format("channels_first")
    try:
        other = case.build()
    finally:
        keras.config.set_image_data_format(before)
    other.set_weights(model.get_weights())
    assert_same(model, other, inputs)


@every_model()
def test_arguments_that_the_model_does_not_take_are_refused(case):
    with pytest.raises(TypeError, match=f"{case.model_class.__name__} takes no argument 'colour'"):
        case.model_class(**case.small, colour="blue")


# === Precision ===
def test_kin_are_tried_in_every_precision():
    kin = {case.kin for case in cases() if case.kin}
    assert kin <= set(tried_models())
    assert [name for name in kin if model_case(name).kin] == []


@every_model_and_policy()
@pytest.mark.usefixtures("double_precision")
def test_policy_computes_and_is_kept_by_a_save(case, dtype, tmp_path):
    model = case.build(dtype=dtype)
    policy, answers_in = get_policy(dtype), output_dtype(get_policy(dtype))
    inputs, _ = case.samples(model, BATCH)
    assert keras.backend.standardize_dtype(model(inputs).dtype) == answers_in
    assert np.isfinite(answer(model, inputs)).all()
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    assert {layer.compute_dtype for layer in layers} <= {policy.compute_dtype, answers_in}
    assert {str(weight.dtype) for weight in model.weights} <= {policy.variable_dtype, answers_in}
    assert model.layers[-1].compute_dtype == answers_in

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    assert loaded.dtype_policy == policy
    assert [layer.dtype_policy for layer in loaded.layers] == [layer.dtype_policy for layer in model.layers]
    assert_same(model, loaded, inputs)


@every_model()
def test_the_global_policy_is_the_default(case):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert case.build().dtype_policy.name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy(before)


# === Configuration and saves ===
@every_model()
def test_config_inverts_the_constructor_and_fits_into_json(case):
    model = case.build(**accepted(case.options, case), name="lakehouse", dtype="mixed_bfloat16", trainable=False)
    config = model.get_config()
    assert {"name": "lakehouse", "trainable": False}.items() <= config.items()
    copy = case.model_class.from_config(json.loads(json.dumps(config)))
    assert json.dumps(copy.get_config()) == json.dumps(config)
    copy.set_weights(model.get_weights())
    if ONCE_IS_ENOUGH:  # elsewhere the next test compares answers
        inputs, _ = case.samples(model, BATCH)
        assert_same(model, copy, inputs)


@every_model()
def test_options_survive_a_save(case, tmp_path):
    model = case.build(**accepted(case.options, case))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    inputs, _ = case.samples(model, BATCH)
    assert json.dumps(loaded.get_config()) == json.dumps(model.get_config())
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert_same(model, loaded, inputs)


@every_model()
def test_weights_alone_make_another_model_the_same(case, tmp_path):
    model, other = ready_model(case.name), create_model(case.name, **case.small)
    model.save_weights(tmp_path / "model.weights.h5")
    other.load_weights(tmp_path / "model.weights.h5")
    inputs, _ = case.samples(model, BATCH)
    assert_same(model, other, inputs)


@every_model()
def test_a_frozen_model_stays_frozen(case, tmp_path):
    model = case.build(trainable=False)
    model.save(tmp_path / "model.keras")
    for frozen in (model, case.model_class.from_config(model.get_config()), load(tmp_path / "model.keras")):
        assert not frozen.trainable
        assert not frozen.trainable_variables


@every_model()
def test_the_name_is_the_registry_s_or_the_user_s(case):
    assert create_model(case.name, **case.small).name == case.name
    assert create_model(case.name, **case.small, name="lakehouse").name == "lakehouse"


@every_model()
def test_presets_of_the_registry_are_those_with_cards(case):
    assert set(case.entry.presets) == {
        name for name, card in case.model_class.presets.items() if card["model"] == case.name
    }


if keras.backend.backend() == "tensorflow":  # a SavedModel holds its operations

    @pytest.mark.slow
    @every_model()
    def test_an_exported_model_answers_the_same(case, tmp_path):
        import tensorflow as tf

        model = case.build()
        inputs, _ = case.samples(model, BATCH)
        model.export(tmp_path / "exported", verbose=False)
        loaded = tf.saved_model.load(tmp_path / "exported")  # kept: its variables live as long as it does
        np.testing.assert_allclose(loaded.serve(inputs), answer(model, inputs), rtol=0, atol=2e-5)


# === Learning ===
@every_model("gradients")
def test_every_weight_has_a_gradient(case):
    model = case.build()
    inputs, targets = case.samples(model, 23)
    for path, gradient in gradients(model, inputs, targets, case.loss_function(), case.training).items():
        assert gradient is not None, path
        assert np.isfinite(gradient).all(), path
        assert np.abs(gradient).max() > 0, path


@pytest.mark.slow
@every_model("training", marks=everywhere)
def test_learns_one_batch_by_heart(case):
    model = create_model(case.name, **case.small)
    inputs, targets = case.samples(model, 11)
    model.compile(case.optimizer(), case.loss_function())
    before = model.evaluate(inputs, targets, batch_size=11, verbose=0)
    model.fit(*many_times((inputs, targets), case.steps), batch_size=11, shuffle=False, verbose=0)
    if case.solved is not None:
        assert np.all(case.solved(targets, model.predict(inputs, verbose=0)))
    after = model.evaluate(inputs, targets, batch_size=11, verbose=0)
    assert case.learned(model, inputs, before, after)


@pytest.mark.slow
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in cases("training") if not case.kin])
def test_a_step_in_mixed_precision_moves_every_weight_and_stays_finite(case):
    model = case.build(dtype="mixed_float16")  # whose range is the smaller one
    inputs, targets = case.samples(model, 23)
    before = [convert_to_numpy(weight) for weight in model.trainable_variables]
    model.compile(case.optimizer(), case.loss_function())
    twelve_times = many_times((inputs, targets), 12)  # float16's loss scale must first settle
    model.fit(*twelve_times, batch_size=23, verbose=0)
    for weight, old in zip(model.trainable_variables, before, strict=True):
        assert np.isfinite(convert_to_numpy(weight)).all(), weight.path
        assert np.any(convert_to_numpy(weight) != old), weight.path


@every_model()
def test_evaluate_predict_and_summary_work_as_in_keras(case):
    model = case.build()
    inputs, targets = case.samples(model, BATCH)
    model.compile(loss=case.loss_function())
    assert np.isfinite(model.evaluate(inputs, targets, batch_size=3, verbose=0))
    np.testing.assert_allclose(model.predict(inputs, batch_size=3, verbose=0), answer(model, inputs), rtol=0, atol=2e-5)
    lines = []
    model.summary(print_fn=lambda line, **_: lines.append(line))
    assert all(layer.name in "\n".join(lines) for layer in model.layers)


# === Parts that do not apply ===
@pytest.mark.parametrize(
    ("case", "part", "reason"), [pytest.param(*row, id=f"{row[0].name}, {row[1]}: {row[2]}") for row in left_out()]
)
def test_what_is_left_out_does_not_apply(case, part, reason):
    assert part in CLAIMS, f"{part!r} is not a part that can be left out; there are {', '.join(CLAIMS)}"
    assert len(reason.split()) > 2
    assert CLAIMS[part](create_model(case.name))


def load(path):
    return keras.models.load_model(path)
