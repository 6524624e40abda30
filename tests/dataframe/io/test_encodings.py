from __future__ import annotations

import pytest

from minidask.dataframe.io.encodings import holds_ascii


@pytest.mark.parametrize(
    "encoding", ["utf-8", "UTF8", "utf-8-sig", "latin-1", "cp1252", "gb18030", "shift_jis", "euc_jp"]
)
def test_encodings_that_can_be_searched(encoding):
    assert holds_ascii(encoding)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32-le", "utf-7", "iso2022_jp", "hz", "unicode_escape", "cp037"])
def test_encodings_that_cannot(encoding):
    assert not holds_ascii(encoding)


def test_an_unknown_encoding():
    with pytest.raises(LookupError, match="unknown encoding: nope"):
        holds_ascii("nope")
