from __future__ import annotations

import pandas as pd
import pytest

import minidask.dataframe as dd
from minidask.dataframe.io.json_conflicts import broken_line, place
from minidask.dataframe.io.json_reader import JsonFormat, JsonPart
from minidask.io.blocks import Block
from minidask.io.paths import find_files

FORM = JsonFormat(True, "utf-8", "strict", pd.read_json, {"orient": "records", "lines": True})


@pytest.mark.parametrize("bad", range(5))
def test_the_broken_line_is_found_by_halving(bad):
    lines = ['{"x": 1}'] * 5
    lines[bad] = '{"x": '
    assert broken_line(FORM, "\n".join(lines)) == bad


def test_nothing_is_broken():
    assert broken_line(FORM, '{"x": 1}\n\n') is None
    assert broken_line(JsonFormat(False, "utf-8", "strict", pd.read_json, {"orient": "records"}), "[") is None


def test_lines_are_counted_in_the_file(tmp_path):
    (tmp_path / "x.json").write_text("".join(f'{{"x": {n}}}\n' for n in range(9)))
    [file] = find_files(tmp_path / "x.json")
    for start in range(1, 72):
        # Nine bytes a line: the first line that begins at the block's start or later.
        assert place(JsonPart(Block(file, start, None), 0, None), 0) == f"line {-(-start // 9) + 1}"
    assert place(JsonPart(Block(file, 0, 10), 0, None), 3) == "line 4"


def test_the_whole_message(tmp_path):
    (tmp_path / "a.json").write_text('{"n": 1, "s": "a", "b": true}\n')
    (tmp_path / "b.json").write_text('{"n": 1, "s": "a", "b": true}\n\n{"n": 2.5, "s": 5, "b": null}\n')
    frame = dd.read_json([tmp_path / "a.json", tmp_path / "b.json"])
    with pytest.raises(ValueError, match="values do not fit") as error:
        frame.compute(scheduler="sync")
    message = str(error.value).split("\nRaised")[0].replace(str(tmp_path), "")
    assert message.splitlines() == [
        "/b.json: values do not fit the dtypes of their columns (inferred from the first 30 B of /a.json).",
        "",
        "  column  expected          found    first that does not fit",
        "  'n'     int64 (inferred)  float64  2.5 in line 3",
        "  's'     str (inferred)    object   5 in line 3",
        "  'b'     bool (inferred)   float64  a missing value in line 3",
        "",
        "Read them with dtype={'n': 'float64', 's': 'object', 'b': 'boolean'}, or look further with sample=.",
    ]
    dtype = {"n": "float64", "s": "object", "b": "boolean"}
    result = dd.read_json([tmp_path / "a.json", tmp_path / "b.json"], dtype=dtype).compute()
    assert result["s"].tolist() == ["a", "a", 5]
    assert result["b"].tolist() == [True, True, pd.NA]
