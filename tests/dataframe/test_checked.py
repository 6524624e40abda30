from __future__ import annotations

import pandas as pd
import pytest

from minidask.dataframe.checked import CheckedCall, check_meta_choice

META = pd.DataFrame({"x": [1]}).iloc[:0]


def test_a_fitting_value_is_passed_on():
    call = CheckedCall(pd.DataFrame, META, "map_partitions")
    assert call({"x": [1]}).shape == (1, 1)
    assert call.short_name == "DataFrame"


def test_a_value_that_does_not_fit_is_described():
    call = CheckedCall(pd.DataFrame, META, "map_partitions")
    with pytest.raises(
        ValueError, match=r"map_partitions: what 'DataFrame' returned does not fit its meta: columns: 'x'.*missing"
    ):
        call({"y": [1]})


def test_equal_calls():
    assert CheckedCall(len, META, "a") == CheckedCall(len, META, "a")
    assert CheckedCall(len, META, "a") != CheckedCall(abs, META, "a")
    assert len({CheckedCall(len, META, "a"), CheckedCall(len, META, "a")}) == 1


def test_meta_must_be_pandas():
    with pytest.raises(TypeError, match="got int: 1"):
        check_meta_choice(1, "from_map")
