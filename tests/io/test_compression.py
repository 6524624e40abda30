from __future__ import annotations

import io

import pytest

from minidask.io.compression import CONCATENABLE, infer_compression, open_compressed


@pytest.mark.parametrize(
    ("path", "compression", "name"),
    [
        ("x.csv", "infer", None),
        ("x.csv.gz", "infer", "gzip"),
        ("x.CSV.BZ2", "infer", "bz2"),
        ("x.csv.xz", "infer", "xz"),
        ("x.zip", "infer", "zip"),
        ("x", "gz", "gzip"),
        ("x.gz", None, None),
        ("noext", "infer", None),
    ],
)
def test_names(path, compression, name):
    found = infer_compression(path, compression)
    assert found == name or {found, name} == {"xz", "lzma"}


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown compression 'zap': it is 'infer', None, or one of .*'gzip'"):
        infer_compression("x", "zap")


def test_a_wrong_type():
    with pytest.raises(TypeError, match="compression must be a name or None, got int: 3"):
        infer_compression("x", 3)


@pytest.mark.parametrize("name", ["gzip", "bz2", "xz"])
def test_parts_of_concatenable_formats_may_be_joined(name):
    assert name in CONCATENABLE
    parts = []
    for text in (b"one,", b"two"):
        buffer = io.BytesIO()
        buffer.close, close = lambda: None, buffer.close
        with open_compressed(buffer, name, "wb") as file:
            file.write(text)
        parts.append(buffer.getvalue())
        close()
    with open_compressed(io.BytesIO(b"".join(parts)), name) as file:
        assert file.read() == b"one,two"
