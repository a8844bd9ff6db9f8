"""Series of several columns, several steps ahead; hourly ones of the real world against pandas."""

import gzip

import numpy as np
import pandas as pd
import pytest

from gradschool.zoo.data import load_data

HOURS = 500


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "time": pd.date_range("2024-03-01", periods=HOURS, freq="h"),
            "traffic": rng.normal(1000, 100, HOURS),
            "temp": rng.normal(280, 5, HOURS),
            "snow": 0.0,
            "weather": "fine",
        }
    )


@pytest.fixture
def path(table, tmp_path):
    table.to_csv(tmp_path / "traffic.csv", index=False)
    return tmp_path / "traffic.csv"


def test_windows_of_several_columns_and_steps_equal_a_loop(table, path):
    data = load_data(path, column="traffic", inputs="temp,snow", window=6, horizon=3)
    known = table[["traffic", "temp", "snow"]].to_numpy()
    train = known[:360]  # 500 less a fifth, less a tenth of the rest
    standardised = (known - train.mean(axis=0)) / np.where(train.std(axis=0) == 0, 1, train.std(axis=0))
    for part, span in {"train": (6, 360), "validation": (360, 400), "test": (400, 500)}.items():
        x, y = data.arrays(part)
        assert (x.dtype, y.dtype) == ("float32", "float32")
        hours = range(span[0], span[1] - 2)
        np.testing.assert_allclose(x, [standardised[hour - 6 : hour] for hour in hours], atol=1e-5)
        np.testing.assert_allclose(y, [standardised[hour : hour + 3, 0] for hour in hours], atol=1e-5)
    description = data.description
    assert description.input_shape == (6, 3)
    assert description.features == ("traffic", "temp", "snow")
    assert [output.name for output in description.outputs] == [
        f"traffic {n} ahead" for n in ("1 hour", "2 hours", "3 hours")
    ]
    assert {(output.unit, output.mean, output.std) for output in description.outputs} == {
        ("traffic", description.scale.mean, description.scale.std)
    }
    assert description.step == "hour"


def test_all_columns_of_numbers_can_be_asked_for(path):
    assert load_data(path, column="temp", inputs="all").description.features == ("temp", "traffic", "snow")


def test_the_calendar_stands_behind_the_columns_as_it_is(table, path):
    data = load_data(path, column="traffic", window=5, calendar=True)
    x, _ = data.arrays("test")
    first = table["time"][400]
    hour = 2 * np.pi * first.hour / 24
    weekday = 2 * np.pi * first.day_of_week / 7
    np.testing.assert_allclose(
        x[0, -1, 1:], [np.sin(hour), np.cos(hour), np.sin(weekday), np.cos(weekday)], atol=1e-6
    )  # beside the last value shown, the calendar of the first to predict
    assert data.description.features[1:3] == ("sine of the hour", "cosine of the hour")


def test_a_single_column_is_a_row_of_numbers_unless_vectors_are_asked_for(path):
    rows, vectors = (load_data(path, column="traffic", vectors=vectors) for vectors in (False, True))
    assert rows.description.input_shape == (48,)
    assert vectors.description.input_shape == (48, 1)
    assert rows.description.features == ()
    np.testing.assert_array_equal(rows.arrays("test")[0], vectors.arrays("test")[0][..., 0])


def test_a_compressed_file_is_the_same(path):
    compressed = path.with_name("traffic.csv.gz")
    compressed.write_bytes(gzip.compress(path.read_bytes()))
    for array, same in zip(
        *(load_data(one, column="traffic").arrays("test") for one in (path, compressed)), strict=True
    ):
        np.testing.assert_array_equal(array, same)
    compressed.write_bytes(compressed.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"traffic.csv.gz is not a whole .gz file"):
        load_data(compressed, column="traffic")
    compressed.write_bytes(b"time,traffic")
    with pytest.raises(ValueError, match=r"traffic.csv.gz is not a whole .gz file"):
        load_data(compressed, column="traffic")


@pytest.mark.parametrize("name", ["channel_views"])
@pytest.mark.parametrize("horizon", [1, 10])
def test_the_daily_series_has_the_day_of_last_week_beside_it(name, horizon):
    data = load_data(name, horizon=horizon)
    x, y = data.arrays("test")
    last_week = data.baselines["same day last week"]
    assert last_week.shape == y.shape == (len(x), horizon)
    assert last_week.dtype == y.dtype
    for ahead in range(horizon):
        np.testing.assert_array_equal(last_week[:, ahead], x[:, -7 + ahead % 7])
    np.testing.assert_array_equal(data.baselines["last value"], np.repeat(x[:, -1:], horizon, axis=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": "temperature"}, "there is no column 'temperature'; there are"),
        ({"inputs": "temp,temp"}, "inputs: 'temp' is shown already"),
        ({"inputs": ["traffic"]}, "inputs: 'traffic' is shown already"),
        ({"inputs": 3}, "inputs must name columns"),
        ({"inputs": "weather"}, "row 2, column 'weather': 'fine' is not a number"),
        ({"horizon": 0}, "horizon must be a whole number of hours, at least 1; got 0"),
        ({"window": 2.5}, "window must be a whole number of hours, at least 1; got 2.5"),
        ({"horizon": 41}, "500 hours are too few for windows of 48 hours and 41 hours after them"),
        ({"calendar": "yes"}, "calendar is True or False .*; got 'yes'"),
        ({"vectors": 1}, "vectors is True or False .*; got 1"),
        ({"calendar": True, "dates": "none"}, "calendar=True: .* has no dates"),
    ],
)
def test_options_that_make_no_sense_are_refused(path, options, message):
    with pytest.raises(ValueError, match=message):
        load_data(path, column="traffic", **options)


# === The real world ===
def error_in_units(data, name):
    _, y = data.arrays("test")
    return float(np.abs(data.baselines[name] - y).mean() * data.description.outputs[0].std)


def test_transformer_temperatures_against_pandas(real_data):
    file = real_data / "etth1" / "ETTh1.csv.gz"
    data = load_data(file, column="OT", horizon=24)
    series = pd.read_csv(file, index_col="date", parse_dates=True)["OT"]
    assert len(series) == 17_420
    first = len(series) - round(0.2 * len(series))
    for name, hours in {"same hour yesterday": 24, "same hour last week": 168}.items():
        off = (series - series.shift(freq=f"{hours}h")).abs().reindex(series.index)
        # each of 24 hours ahead, of each of the forecasts that end in the test part
        expected = np.mean([off.iloc[first + ahead : len(series) - 23 + ahead].mean() for ahead in range(24)])
        assert error_in_units(data, name) == pytest.approx(expected, rel=1e-4)
    known = series.iloc[: round(first * 0.9)]
    assert data.description.scale.mean == pytest.approx(known.mean(), rel=1e-3)


@pytest.mark.slow
def test_road_traffic_against_pandas(real_data):
    """48 204 rows of which 7 629 repeat an hour; 11 976 hours are missing."""
    file = real_data / "metro_traffic" / "Metro_Interstate_Traffic_Volume.csv.gz"
    data = load_data(file, column="traffic_volume", inputs="temp,clouds_all", repeats="last", gaps="split", window=24)
    table = pd.read_csv(file, parse_dates=["date_time"])
    series = table.groupby("date_time")["traffic_volume"].last().asfreq("h")
    assert "7,629 rows repeat" in data.description.summary
    assert f"{series.isna().sum():,} of {len(series):,} hours are missing" in data.description.summary
    whole = series.notna().rolling(25).sum() == 25  # a window and the hour after it
    first = len(series) - round(0.2 * len(series))
    chosen = whole.iloc[first:]
    assert data.description.samples["test"] == chosen.sum()
    filled = series.ffill()
    for name, hours in {"same hour yesterday": 24, "same hour last week": 168, "last value": 1}.items():
        off = (series - filled.shift(hours)).abs().iloc[first:][chosen]
        assert error_in_units(data, name) == pytest.approx(off.mean(), rel=1e-4)
