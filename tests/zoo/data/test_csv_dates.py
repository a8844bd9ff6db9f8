"""Hours that repeat or lack: refused unless something is said of them, and then exactly that is done."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from gradschool.zoo.data import load_data

HOURS = 400
FIRST = datetime(2024, 3, 1)


def rows_of(hours=range(HOURS)):
    """(time, traffic, temperature) of some hours; the traffic is the hour's number."""
    return [[str(FIRST + timedelta(hours=hour)), str(hour), str(hour % 24)] for hour in hours]


def write(folder, rows, header=("time", "traffic", "temperature")):
    path = folder / "traffic.csv"
    path.write_text("\n".join(",".join(row) for row in [header, *rows]) + "\n", encoding="utf-8")
    return path


def restored(data, part):
    """What windows show and what is to be predicted, in the unit of the file."""
    x, y = data.arrays(part)
    restore = data.description.scale.restore
    return np.round(restore(x)).astype(int), np.round(restore(y)).astype(int)


def all_parts(data):
    parts = [restored(data, part) for part in ("train", "validation", "test")]
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))


class TestRepeats:
    @pytest.fixture
    def path(self, tmp_path):
        rows = rows_of()
        rows[201:201] = [[rows[200][0], "500", "0"], [rows[200][0], "800", "0"]]  # hour 200: 200, 500, 800
        return write(tmp_path, rows)

    def test_are_refused_with_their_number_and_what_can_be_said(self, path):
        with pytest.raises(ValueError, match=r"rows 202 and 203 have the same date, .* of the 2 rows .*repeats=last"):
            load_data(path, column="traffic", window=24)

    @pytest.mark.parametrize(("repeats", "kept"), [("first", 200), ("last", 800), ("mean", 500)])
    def test_keep_one_row(self, path, repeats, kept):
        data = load_data(path, column="traffic", window=24, repeats=repeats)
        _, y = restored(data, "train")
        expected = np.arange(24, HOURS)
        expected[200 - 24] = kept
        np.testing.assert_array_equal(y[:, 0], expected[: len(y)])
        assert "2 rows repeat" in data.description.summary


class TestTimeZones:
    """The hours of `rows_of`, in which summer time begins in Berlin: the offset goes from +01:00 to +02:00."""

    @pytest.fixture
    def rows(self):
        start, change = FIRST.replace(day=20, tzinfo=UTC), datetime(2024, 3, 31, 1, tzinfo=UTC)
        moments = [start + timedelta(hours=hour) for hour in range(HOURS)]
        local = [one.astimezone(timezone(timedelta(hours=1 + (one >= change)))).isoformat() for one in moments]
        return [[date, *row[1:]] for date, row in zip(local, rows_of(), strict=True)]

    def test_an_hour_stays_an_hour(self, tmp_path, rows):
        assert {row[0][-6:] for row in rows} == {"+01:00", "+02:00"}
        _, y = all_parts(load_data(write(tmp_path, rows), column="traffic", window=24))
        np.testing.assert_array_equal(np.unique(y), np.arange(24, HOURS))

    def test_a_day_stays_a_day(self, tmp_path, rows):
        days = [[row[0][:11] + "00:00:00" + row[0][-6:], *row[1:]] for row in rows[::24]]
        _, y = all_parts(load_data(write(tmp_path, days), column="traffic", window=2))
        np.testing.assert_array_equal(np.unique(y), np.arange(48, HOURS, 24))

    def test_dates_without_one_among_others_are_refused(self, tmp_path, rows):
        rows[7][0] = rows[7][0][:-6]
        with pytest.raises(ValueError, match="row 2 has a time zone and row 9 has none; give all of them one"):
            load_data(write(tmp_path, rows), column="traffic")


class TestGaps:
    MISSING = (100, 101, 102, 250)

    @pytest.fixture
    def path(self, tmp_path):
        return write(tmp_path, rows_of(hour for hour in range(HOURS) if hour not in self.MISSING))

    def test_are_refused_with_their_number_and_what_can_be_said(self, path):
        with pytest.raises(
            ValueError,
            match=r"rows 101 and 102 are 4 hours apart, most rows 1 hour \(there are 2 .*gaps=fill.*gaps=split",
        ):
            load_data(path, column="traffic", window=8)

    @pytest.mark.parametrize("horizon", [1, 5])
    def test_split_windows(self, path, horizon):
        x, y = all_parts(load_data(path, column="traffic", window=8, horizon=horizon, gaps="split"))
        whole = np.concatenate([x, y], axis=1)
        np.testing.assert_array_equal(np.diff(whole, axis=1), np.ones_like(whole[:, 1:]))
        firsts = [
            hour
            for span in (range(0, 288), range(288, 320), range(320, 400))
            for hour in range(max(8, span.start), span.stop - horizon + 1)
            if not set(range(hour - 8, hour + horizon)) & set(self.MISSING)
        ]
        np.testing.assert_array_equal(y[:, 0], firsts)

    def test_are_filled_with_the_value_before_them_and_never_predicted(self, path):
        data = load_data(path, column="traffic", window=8, gaps="fill")
        x, y = all_parts(data)
        np.testing.assert_array_equal(y[:, 0], [hour for hour in range(8, HOURS) if hour not in self.MISSING])
        for window, hour in zip(x, y[:, 0], strict=True):
            past = np.arange(hour - 8, hour)
            past[(past >= 100) & (past <= 102)] = 99
            past[past == 250] = 249
            np.testing.assert_array_equal(window, past)
        assert "4 of 400 hours are missing; 4 of them are filled in" in data.description.summary

    def test_as_long_as_a_window_are_not_filled(self, path):
        data = load_data(path, column="traffic", window=3, gaps="fill")
        x, _ = all_parts(data)
        assert not (np.diff(x, axis=1) == 0)[(x == 99).any(axis=1)].any()
        assert "4 of 400 hours are missing; 1 of them are filled in" in data.description.summary

    def test_what_is_filled_in_does_not_count_for_the_scale(self, path):
        data = load_data(path, column="traffic", window=8, gaps="fill")
        known = [hour for hour in range(288) if hour not in self.MISSING]
        assert data.description.scale.mean == pytest.approx(np.mean(known))
        assert data.description.scale.std == pytest.approx(np.std(known))

    def test_naive_forecasts_keep_to_the_calendar(self, tmp_path):
        path = write(tmp_path, rows_of(hour for hour in range(HOURS) if hour != 330))
        data = load_data(path, column="traffic", window=8, gaps="split")
        _, y = restored(data, "test")
        yesterday = np.round(data.description.scale.restore(data.baselines["same hour yesterday"])).astype(int)
        np.testing.assert_array_equal(yesterday, np.where(y == 354, 329, y - 24))

    def test_of_no_whole_hours_are_refused(self, tmp_path):
        rows = rows_of()
        rows[50][0] = "2024-03-03T02:20:00"
        with pytest.raises(ValueError, match=r"rows 51 and 52 are 80 minutes apart, .*: gaps='fill' needs"):
            load_data(write(tmp_path, rows), column="traffic", gaps="fill")

    def test_of_parts_of_a_second_are_none(self, tmp_path):
        rows = [[str(FIRST + timedelta(milliseconds=100 * tick)), *rest] for tick, (_, *rest) in enumerate(rows_of())]
        data = load_data(write(tmp_path, rows), column="traffic", window=8)
        assert data.description.step == "step of 0:00:00.100000"

    def test_that_are_nearly_everything_are_a_wrong_date(self, tmp_path):
        rows = rows_of()
        rows[0][0] = "1924-03-01 00:00:00"
        with pytest.raises(ValueError, match=r"rows 2 to 401 have 400 of the 877,0.. steps of 1 hour from 1924-03-01"):
            load_data(write(tmp_path, rows), column="traffic", gaps="split")

    def test_taken_as_none_leave_nothing_to_be_said_of_yesterday(self, path):
        data = load_data(path, column="traffic", window=8, allow_gaps=True)
        assert list(data.baselines) == ["last value"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"repeats": "lst"}, "unknown way with repeats 'lst'; did you mean 'last'"),
        ({"gaps": "drop"}, "unknown way with gaps 'drop'; there are: fill, split"),
        ({"gaps": "fill", "allow_gaps": True}, "leave out one of them"),
        ({"gaps": "fill", "dates": "none"}, "gaps='fill' needs dates"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        load_data(write(tmp_path, rows_of()), column="traffic", **options)


def test_options_of_dates_need_dates(tmp_path):
    path = write(tmp_path, [row[1:] for row in rows_of()], ("traffic", "temperature"))
    with pytest.raises(ValueError, match=r"repeats='last' needs a column of dates, and .* has none"):
        load_data(path, column="traffic", repeats="last")
