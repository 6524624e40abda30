import inspect

import pytest

from minidask.array.devices import check_device, takes_device


def test_where_blocks_are():
    check_device(None)
    check_device("cpu")
    for call in (lambda: check_device("gpu"), lambda: check_device("cpu", stream=1)):
        with pytest.raises(ValueError, match="the device is 'cpu'"):
            call()


def test_the_keyword_is_in_the_signature():
    @takes_device
    def plain(n: int, **kwargs: int) -> int:
        """Say."""
        return n

    assert list(inspect.signature(plain).parameters) == ["n", "device", "kwargs"]
    assert plain.__name__ == "plain"
    assert plain.__doc__ == "Say."
    assert plain(3, device="cpu") == plain(3)
    with pytest.raises(ValueError, match="got 'gpu'"):
        plain(3, device="gpu")
