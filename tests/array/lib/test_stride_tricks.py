from __future__ import annotations

import numpy as np

import minidask.array as da
from minidask.array.testing import assert_eq


def test_windows_have_numpys_name():
    view = da.lib.stride_tricks.sliding_window_view(da.arange(6, chunks=2), 3)
    assert_eq(view, np.lib.stride_tricks.sliding_window_view(np.arange(6), 3))
