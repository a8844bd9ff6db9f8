"""Which precision is meant by a name, and in which one a model answers."""

import keras
import numpy as np
import pytest

from gradschool.zoo.layers.policies import get_policy, output_dtype


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("mixed_float16", "mixed_float16"),
        (np.float16, "float16"),
        (keras.DTypePolicy("bfloat16"), "bfloat16"),
        (keras.dtype_policies.serialize(keras.DTypePolicy("bfloat16")), "bfloat16"),
    ],
    ids=["name", "numpy", "policy", "dict"],
)
def test_names_types_and_dicts_are_understood(dtype, name):
    assert get_policy(dtype).name == name


def test_none_is_the_global_policy():
    assert get_policy(None) == keras.config.dtype_policy()


def test_an_empty_map_of_policies_is_not_taken_for_none():
    policy_map = keras.dtype_policies.DTypePolicyMap(default_policy="mixed_bfloat16")
    assert get_policy(policy_map) is policy_map
    assert output_dtype(policy_map) == "float32"


@pytest.mark.parametrize(
    ("dtype", "answers"),
    [("float16", "float32"), ("mixed_bfloat16", "float32"), ("float32", "float32"), ("float64", "float64")],
)
def test_answers_are_float32_or_better(dtype, answers):
    assert output_dtype(get_policy(dtype)) == answers


@pytest.mark.parametrize("dtype", ["int32", "bool", "float8_e4m3fn", "int"])
def test_what_is_no_real_number_is_refused(dtype):
    with pytest.raises(ValueError, match="dtype"):
        get_policy(dtype)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="mixed_float17"):
        get_policy("mixed_float17")
