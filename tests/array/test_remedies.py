import pytest

import minidask.array as da
from minidask.array.remedies import remedy


def test_what_is_known_of_names():
    assert remedy("", "row_stack") == "use vstack"
    assert remedy("", "nothing") is None
    assert remedy("nowhere", "sum") is None
    assert "doesn't look at masks" in remedy("ma", "median")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: da.real_if_close, "minidask.array.real_if_close isn't built: whether imaginary parts are small"),
        (lambda: da.float16, "no type 'float16': take it from numpy"),
        (lambda: da.nothing_of_the_kind, "has no attribute 'nothing_of_the_kind'"),
        (lambda: da.linalg.test, "minidask.array.linalg.test isn't built: not about arrays"),
        (lambda: da.linalg.nothing, "has no attribute 'nothing'"),
        (lambda: da.fft.test, "not about arrays"),
        (lambda: da.random.get_state, "keep seeds"),
        (lambda: da.ma.compressed, r"getdata\(x\)\[~getmaskarray\(x\)\]"),
        (lambda: da.ma.sum, "use minidask.array.sum, which takes masked arrays"),
        (lambda: da.ones(3).flags, "flags of arrays isn't built for chunked ones: blocks have no memory"),
        (lambda: da.ones(3).nothing, "'Array' object has no attribute 'nothing'"),
    ],
)
def test_names_that_are_not_there_say_what_to_do(call, message):
    with pytest.raises(AttributeError, match=message):
        call()
