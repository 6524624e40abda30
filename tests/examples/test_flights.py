"""The example on real flights: every answer against plain pandas."""

from __future__ import annotations

import io
import zipfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("pandas")
SOURCE = Path(__file__).parents[2] / "docs" / "examples" / "flights.py"


@pytest.fixture(scope="module")
def example():
    spec = spec_from_file_location("flights_example", SOURCE)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def expected(example):
    data = example.data_directory()
    with zipfile.ZipFile(data / "flights.csv.zip") as archive:
        flights = pd.read_csv(io.BytesIO(archive.read("flights.csv")), parse_dates=["time_hour"], low_memory=False)
    good = flights.dropna(subset=["dep_delay", "arr_delay"])
    weekday = good["time_hour"].dt.tz_convert("America/New_York").dt.day_of_week
    good = good.assign(weekday=weekday)
    carrier = good.groupby("carrier")["dep_delay"].agg(["count", "mean"]).reset_index()
    carrier = carrier.merge(pd.read_csv(data / "airlines.csv"), on="carrier")
    joined = good.merge(pd.read_csv(data / "weather.csv"), on=["origin", "year", "month", "day", "hour"])
    return {
        "months": flights.groupby("month", sort=True),
        "head": flights.head(),
        "flights": len(flights),
        "flown": len(good),
        "gained": (good["dep_delay"] - good["arr_delay"]).mean(),
        "by_carrier": carrier.sort_values("mean", ascending=False).reset_index(drop=True),
        "by_hour": good.groupby("hour")["dep_delay"].mean(),
        "by_weekday": good.groupby("weekday")["dep_delay"].mean(),
        "correlation": joined[["dep_delay", "visib", "precip"]].corr(),
        "miles": good["distance"].sum(),
    }


@pytest.mark.slow
@pytest.mark.parametrize("scheduler", ["threads", "sync"])
def test_every_answer_is_that_of_pandas(example, expected, scheduler, tmp_path, capsys):
    answers = example.main(["--dir", str(tmp_path), "--scheduler", scheduler])

    assert set(answers) == set(expected) - {"months"}
    assert answers["flights"] == expected["flights"] == 336_776
    assert answers["flown"] == expected["flown"]
    assert answers["miles"] == expected["miles"]
    assert answers["gained"] == pytest.approx(expected["gained"], rel=1e-12)
    first_file = expected["months"].get_group(1).head()
    pd.testing.assert_frame_equal(answers["head"], first_file)
    for name in ("by_carrier", "correlation"):
        pd.testing.assert_frame_equal(answers[name], expected[name], rtol=1e-9)
    for name in ("by_hour", "by_weekday"):
        pd.testing.assert_series_equal(answers[name], expected[name], rtol=1e-9)

    printed = capsys.readouterr().out
    assert "336,776 flights" in printed
    assert "Frontier Airlines Inc." in printed
    assert list(tmp_path.iterdir()) == []


def test_the_months_hold_all_flights(example, tmp_path):
    paths = example.write_months(example.data_directory(), tmp_path)
    assert [path.name for path in paths] == [f"flights-{month:02d}.csv" for month in range(1, 13)]
    assert sum(path.read_bytes().count(b"\n") - 1 for path in paths) == 336_776


def test_a_directory_without_the_files_is_an_error(example, tmp_path, capsys):
    with pytest.raises(FileNotFoundError, match=r"no CSV file matches '.*flights-\*\.csv'"):
        example.main(["--dir", str(tmp_path), "--reuse"])


def test_options_that_need_a_directory_say_so(example, capsys):
    with pytest.raises(SystemExit):
        example.main(["--keep"])
    assert "--reuse and --keep need --dir" in capsys.readouterr().err


def test_tables_align_texts_left_and_numbers_right(example, capsys):
    example.table(pd.DataFrame({"name": ["a", "bcd"], "value": [1.5, 1000.0]}))
    assert capsys.readouterr().out == "   name     value\n   a         1.50\n   bcd   1,000.00\n"


def test_long_tables_are_cut(example, capsys):
    example.table(pd.DataFrame({"x": range(9)}), count=1)
    assert capsys.readouterr().out.split() == ["x", "0", "...", "8"]
