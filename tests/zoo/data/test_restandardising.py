"""Data in the scale of other data: the values behind it stay what they are."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from gradschool.zoo.data import load_data


def load(folder, name, mean, spread, **options):
    """A series of 300 hours, and a column beside it that is ten times as large."""
    draws = np.random.default_rng(0).normal(mean, spread, 300).round(3)
    first = datetime(2024, 3, 1)
    rows = [f"{first + timedelta(hours=hour)},{value},{10 * value}" for hour, value in enumerate(draws)]
    (folder / f"{name}.csv").write_text("\n".join(["time,cars,more", *rows]) + "\n")
    return load_data(folder / f"{name}.csv", column="cars", window=5, horizon=2, **options)


def values_of(data, part):
    """Windows, features of the calendar, targets and baselines, in their units."""
    known, (x, y) = data.description, data.arrays(part)
    x = x if x.ndim == 3 else x[..., np.newaxis]
    columns = [scale.restore(x[..., place]) for place, scale in enumerate(known.input_scales)]
    targets = [[one.restore(z[:, k]) for k, one in enumerate(known.outputs)] for z in (y, *data.baselines.values())]
    return [*columns, x[..., len(columns) :], *(targets if part == "test" else targets[:1])]


@pytest.mark.parametrize("options", [{}, {"vectors": True}, {"inputs": "more", "calendar": True}])
def test_another_scale_changes_no_value(tmp_path, options):
    data, other = load(tmp_path, "a", 5.0, 2.0, **options), load(tmp_path, "b", 90.0, 11.0, **options)
    before = {part: values_of(data, part) for part in ("train", "test")}
    shape = data.arrays("test")[0].shape
    data.standardise_as(other.description.outputs, other.description.input_scales)
    assert (data.description.outputs, data.description.scale) == (other.description.outputs, other.description.scale)
    assert data.arrays("test")[0].shape == shape
    assert data.labels("train").mean() < -5
    for part, values in before.items():
        for one, same in zip(values_of(data, part), values, strict=True):
            np.testing.assert_allclose(one, same, atol=1e-3)


def test_another_number_of_columns_is_refused(tmp_path):
    data = load(tmp_path, "a", 5.0, 2.0)
    with pytest.raises(ValueError, match=r"how 0 .* were standardised when it was trained; .*a.csv has 1. Fit it"):
        data.standardise_as(data.description.outputs, ())
