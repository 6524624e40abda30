import numpy as np
import pytest

import minidask.array as da
from minidask.array.dispatch import FUNCTIONS, call_registered


def test_what_is_registered_is_called():
    assert call_registered(np.ravel, (da.ones((2, 2)),), {}).shape == (4,)


def test_what_is_not_raises_with_a_hint():
    with pytest.raises(TypeError, match=r"numpy\.lexsort isn't built for chunked arrays.*x\.compute\(\)"):
        np.lexsort(da.ones((2, 2)))


def test_all_that_is_public_under_a_name_of_numpys_is_registered():
    functions = {
        name: getattr(np, name)
        for name in da.__all__
        if hasattr(np, name) and hasattr(getattr(np, name), "_implementation")
    }
    # linspace takes numbers, and makes arrays: no argument of it is one.
    missing = sorted(name for name, func in functions.items() if func not in FUNCTIONS and name != "linspace")
    assert not missing
