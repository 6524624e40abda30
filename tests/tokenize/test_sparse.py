"""Tokens of SciPy's sparse arrays and matrices."""

import numpy as np
import pytest

from minidask.tokenize import tokenize

sparse = pytest.importorskip("scipy.sparse")

FORMATS = ["csr", "csc", "coo", "bsr", "dia", "lil", "dok"]


def make(format, value=1.0, kind=sparse.csr_array):
    dense = np.zeros((4, 4))
    dense[0, 1] = dense[2, 3] = value
    return kind(dense).asformat(format)


@pytest.mark.parametrize("format", FORMATS)
def test_content_counts(format):
    assert tokenize(make(format), ensure_deterministic=True) == tokenize(make(format)) != tokenize(make(format, 2.0))
    assert tokenize(make(format)) == tokenize(make(format).copy())
    assert tokenize(make(format)) != tokenize(make(format, kind=sparse.csr_matrix))
    assert tokenize(make(format)) != tokenize(make(format).astype("f4"))


def test_formats_and_shapes_differ():
    assert len({tokenize(make(format)) for format in FORMATS}) == len(FORMATS)
    empty = [sparse.csr_array(shape) for shape in ((2, 3), (3, 2), (2, 4))]
    assert len({tokenize(x) for x in empty}) == 3


def test_what_the_array_knows_of_itself_does_not_count():
    x = make("csr")
    before = tokenize(x)
    assert x.has_canonical_format
    assert tokenize(x) == before


def test_other_objects_of_scipy():
    from scipy.special import gamma, gammaln

    assert tokenize(gamma, ensure_deterministic=True) != tokenize(gammaln)
