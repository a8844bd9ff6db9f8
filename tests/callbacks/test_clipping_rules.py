"""The rules against NumPy and PyTorch, and what clipping must always do."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from fitting_ways import on_tensorflow
from gradschool.callbacks.clipping import rules

SHAPES = ((3, 5), (5,), (2, 3, 5, 7), (7,), ())
RULES = {
    "global_norm": rules.by_global_norm,
    "norm": rules.by_norm,
    "value": rules.by_value,
    "normalize": rules.to_constant_norm,
    "adaptive": lambda limit: rules.adaptive(limit, 1e-3, lambda _: False, lambda _: None),
}


def arrays(seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return [np.asarray(scale * rng.normal(size=shape), "float32") for shape in SHAPES]


WEIGHTS = arrays(1)


def clip(rule, gradients):
    tensors = [ops.convert_to_tensor(one) for one in gradients]
    variables = [ops.convert_to_tensor(one) for one in WEIGHTS]
    results, clipped = rule(tensors, variables, rules.global_norm(tensors))
    return [ops.convert_to_numpy(one) for one in results], bool(ops.convert_to_numpy(clipped))


def norm(gradients):
    return float(np.sqrt(sum(np.sum(np.square(one, dtype="float64")) for one in gradients)))


def by_numpy(name, gradients, limit):
    """The papers' formulas, in float64."""
    gradients = [one.astype("float64") for one in gradients]
    if name == "global_norm":
        return [one * min(1, limit / norm(gradients)) for one in gradients]
    if name == "norm":
        return [one * min(1, limit / np.linalg.norm(one)) for one in gradients]
    if name == "value":
        return [np.clip(one, -limit, limit) for one in gradients]
    if name == "normalize":
        return [limit * one / norm(gradients) for one in gradients]
    results = []
    for gradient, weight in zip(gradients, WEIGHTS, strict=True):
        result = gradient.copy()
        flat, weights = (one.reshape(-1, one.shape[-1] if one.ndim > 1 else 1) for one in (result, weight))
        for unit in range(flat.shape[1]):
            most = limit * max(np.linalg.norm(weights[:, unit].astype("float64")), 1e-3)
            size = np.linalg.norm(flat[:, unit])
            if size > most:
                flat[:, unit] *= most / size
        results.append(flat.reshape(gradient.shape))
    return results


@pytest.mark.parametrize("limit", [0.01, 0.5, 100.0])
@pytest.mark.parametrize("name", RULES)
def test_a_rule_gives_what_its_formula_gives(name, limit):
    gradients = arrays()
    clipped, has_clipped = clip(RULES[name](limit), gradients)
    expected = by_numpy(name, gradients, limit)
    for one, other in zip(clipped, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)
    assert has_clipped == any(
        not np.allclose(one, other, rtol=1e-6) for one, other in zip(gradients, expected, strict=True)
    )


@pytest.mark.parametrize("limit", [0.1, 1.0, 50.0])
def test_pytorch_clips_the_same(limit):
    torch = pytest.importorskip("torch")
    gradients = arrays()
    parameters = [torch.nn.Parameter(torch.zeros(one.shape)) for one in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = torch.tensor(gradient)
    total = torch.nn.utils.clip_grad_norm_(parameters, limit)
    assert norm(gradients) == pytest.approx(float(total), rel=1e-6)
    for one, parameter in zip(clip(rules.by_global_norm(limit), gradients)[0], parameters, strict=True):
        np.testing.assert_allclose(one, parameter.grad.numpy(), rtol=1e-5, atol=1e-7)


# === Properties ===
scales = st.floats(1e-3, 1e3)


@given(st.integers(0, 20), scales, st.floats(1e-2, 1e2))
def test_the_norm_after_clipping_is_the_limit_or_what_it_was(seed, scale, limit):
    gradients = arrays(seed, scale)
    clipped, _ = clip(rules.by_global_norm(limit), gradients)
    assert norm(clipped) == pytest.approx(min(limit, norm(gradients)), rel=1e-5)
    normalised, _ = clip(rules.to_constant_norm(limit), gradients)
    assert norm(normalised) == pytest.approx(limit, rel=1e-5)


@pytest.mark.slow
@given(st.sampled_from(sorted(RULES)), st.integers(0, 20), scales, st.floats(1e-2, 1e2))
def test_clipping_twice_changes_no_more(name, seed, scale, limit):
    once, _ = clip(RULES[name](limit), arrays(seed, scale))
    twice, _ = clip(RULES[name](limit), once)
    for one, other in zip(once, twice, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-12)


@given(st.sampled_from(sorted(set(RULES) - {"normalize"})), st.integers(0, 20))
def test_small_gradients_are_not_touched_by_a_bit(name, seed):
    gradients = arrays(seed, 1e-6)
    clipped, has_clipped = clip(RULES[name](1.0), gradients)
    assert not has_clipped
    for one, other in zip(clipped, gradients, strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.sampled_from(["global_norm", "norm", "value", "normalize"]), st.integers(0, 20), st.integers(-6, 6))
def test_gradients_and_limit_scaled_together_give_scaled_results(name, seed, power):
    factor = 2.0**power
    gradients = arrays(seed)
    clipped, _ = clip(RULES[name](0.5), gradients)
    scaled, _ = clip(RULES[name](0.5 * factor), [one * np.float32(factor) for one in gradients])
    for one, other in zip(clipped, scaled, strict=True):
        np.testing.assert_allclose(one * factor, other, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", RULES)
def test_gradients_that_are_not_finite_become_zeros(name, bad):
    gradients = arrays()
    gradients[2][1, 2, 3, 4] = bad
    assert all(np.all(one == 0) for one in clip(RULES[name](1.0), gradients)[0])


def test_zero_gradients_stay_zero_where_a_length_is_given():
    clipped, has_clipped = clip(rules.to_constant_norm(2.0), [np.zeros_like(one) for one in arrays()])
    assert not has_clipped
    assert all(np.all(one == 0) for one in clipped)


def test_variables_may_be_exempt_and_units_lie_along_other_axes():
    gradients = arrays(2, 10.0)
    first = rules.adaptive(0.1, 1e-3, lambda variable: variable.shape == SHAPES[0], lambda _: None)
    np.testing.assert_array_equal(clip(first, gradients)[0][0], gradients[0])
    rows = rules.adaptive(0.1, 1e-3, lambda variable: len(variable.shape) != 2, lambda _: (1,))
    clipped = clip(rows, gradients)[0][0]
    most = 0.1 * np.linalg.norm(WEIGHTS[0], axis=1)
    np.testing.assert_allclose(np.linalg.norm(clipped, axis=1), most, rtol=1e-5)


def test_half_precision_is_summed_in_single():
    gradient = ops.convert_to_tensor(np.full(1000, 100.0), dtype="float16")  # whose squares' sum float16 cannot hold
    assert float(ops.convert_to_numpy(rules.global_norm([gradient]))) == pytest.approx(100 * 1000**0.5, rel=1e-3)


def test_gradients_of_several_precisions_have_a_common_norm():
    if keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 unless it is switched on")
    gradients = [ops.convert_to_tensor([3.0], dtype="float32"), ops.convert_to_tensor([4.0], dtype="float64")]
    assert float(ops.convert_to_numpy(rules.global_norm(gradients))) == 5.0


@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (3, 3, 2, 5), (1025, 1024)])  # the last in several threads
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_norm_is_that_of_numpy(shape, dtype):
    values = np.random.default_rng(1).normal(size=shape).astype(dtype)
    found = ops.convert_to_numpy(rules.global_norm([ops.convert_to_tensor(values)]))
    assert found.shape == ()
    np.testing.assert_allclose(found, np.sqrt(np.sum(values.astype("float64") ** 2)), rtol=1e-6)


@pytest.mark.parametrize("spoilt", [np.inf, np.nan])
def test_the_norm_of_what_is_not_finite_is_not_finite(spoilt):
    assert not np.isfinite(float(rules.global_norm([ops.convert_to_tensor([1.0, spoilt, 2.0])])))


@on_tensorflow
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("count", [1000, 100_352, 200_048, 200_001, 2**20])
def test_the_norm_of_equal_values_is_exact_too(count, compiled):
    """Where every rounding goes the same way; 100 352 is a layer of 784 by 128."""
    import tensorflow as tf

    values = np.full(count, 0.1, "float32")
    found = tf.function(rules.global_norm, jit_compile=compiled)([tf.constant(values)])
    np.testing.assert_allclose(found, np.sqrt(np.sum(values.astype("float64") ** 2)), rtol=1e-5)
