from __future__ import annotations

from pathlib import Path

import pytest

from minidask.dataframe.io.part_names import part_paths


def test_numbers_are_padded():
    assert part_paths("x-*.json", None, 11, None)[::10] == ["x-00.json", "x-10.json"]
    assert part_paths(Path("out"), None, 2, "gzip") == ["out/0.part.gz", "out/1.part.gz"]


def test_names_of_ones_own():
    assert part_paths("*.json", lambda at: "ab"[at], 2, None) == ["a.json", "b.json"]
    assert part_paths([Path("q"), "p"], None, 2, None) == ["q", "p"]


@pytest.mark.parametrize(
    ("filename", "function", "error", "message"),
    [
        ("*-*", None, ValueError, r"may have one '\*'"),
        (["a"], None, ValueError, "1 paths were given for 2 partitions"),
        (["a", "a"], None, ValueError, "a path of its own"),
        (["a", "b"], str, ValueError, "no use with a list"),
        ("*", lambda at: "ba"[at], ValueError, "sort as the partitions' numbers"),
        ("*", int, TypeError, "must give texts, got int: 0"),
        ("*", "x", TypeError, "must be callable, got str: 'x'"),
    ],
)
def test_bad_names(filename, function, error, message):
    with pytest.raises(error, match=message):
        part_paths(filename, function, 2, None)
