"""Callbacks are compared with Keras's own fits, all of them small."""

import pytest


@pytest.fixture(autouse=True)
def quick_fits(built_before_they_are_traced):
    """Short fits take half their time."""
