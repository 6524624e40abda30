"""Rows of tasks in columns."""

from __future__ import annotations

from minidask_distributed.client.rows import CHUNK_ROWS, FIRST_ROWS, Rows, chunks
from minidask_distributed.protocol.keys import decode_keys


def test_columns() -> None:
    rows = Rows(5)
    rows.append("x", 0, b"1", [])
    rows.append("y", 1, None, [2, 5], named=True)
    rows.append("z", 0, None, [5, 6])
    message = rows.upload(3, 10, 4, False, [[0, b"d", b"blob"]], [0, 2])
    assert decode_keys(message.keys) == ["x", "y", "z"]
    assert (message.submission, message.first, message.announced, message.roots, message.last) == (3, 5, 10, 4, False)
    assert (message.recipe, message.literals) == ([0, 1, 0], [b"1", None, None])
    assert (message.deps, message.n_deps, message.dependents) == ([2, 5, 5, 6], [0, 2, 2], [2, 1, 0])
    assert (message.wanted, message.named, message.options, message.option) == ([0, 2], [1], [], None)


def test_options_begin_in_the_middle() -> None:
    rows = Rows(1)
    rows.append("a", 0, None, [])
    rows.append("b", 0, None, [], {"priority": 1})
    rows.append("c", 0, None, [])
    rows.append("d", 0, None, [], {"priority": 2})
    rows.append("e", 0, None, [], {"priority": 1})
    message = rows.upload(1, 5, 5, True, [])
    assert message.options == [{"priority": 1}, {"priority": 2}]
    assert message.option == [-1, 0, -1, 1, 0]


def test_no_rows() -> None:
    message = Rows(1).upload(1, 3, 3, True, [])
    assert decode_keys(message.keys) == []


def test_pieces_cover_everything_once_and_large_submissions_begin_small() -> None:
    for length in (0, 1, FIRST_ROWS, 4 * FIRST_ROWS - 1, 4 * FIRST_ROWS, CHUNK_ROWS, CHUNK_ROWS + FIRST_ROWS, 10_000):
        for most in (1, 3, FIRST_ROWS, CHUNK_ROWS):
            pieces = list(chunks(length, most))
            assert [at for piece in pieces for at in range(length)[piece]] == list(range(length))
            assert all(0 < piece.stop - piece.start <= most for piece in pieces)
    assert next(chunks(4 * FIRST_ROWS)) == slice(0, FIRST_ROWS)
    assert next(chunks(4 * FIRST_ROWS - 1)) == slice(0, 4 * FIRST_ROWS - 1)
