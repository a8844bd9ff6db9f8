"""KEY=VALUE as users type it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradschool.zoo.settings import key_values, slug


@given(st.recursive(st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_every_json_value_comes_back(value):
    assert key_values("--set", [f"hidden={json.dumps(value)}"]) == {"hidden": value}


def test_what_is_not_json_is_text_and_dashes_in_names_are_underscores():
    assert key_values("--set", ["activation=relu", "kernel-initializer=he=x"]) == {
        "activation": "relu",
        "kernel_initializer": "he=x",
    }


@pytest.mark.parametrize("pair", ["shift", "=2", ""])
def test_a_pair_without_its_half_is_refused(pair):
    with pytest.raises(ValueError, match=r"--augment takes KEY=VALUE"):
        key_values("--augment", [pair])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("mnist", "mnist"), ("my/images/", "images"), ("views of 2024.csv", "views-of-2024"), ("///", "data")],
)
def test_slug(text, expected):
    assert slug(text) == expected
