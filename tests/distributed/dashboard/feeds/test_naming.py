from hypothesis import given
from hypothesis import strategies as st

from minidask_distributed.dashboard.feeds.naming import MOST_KEY, key_text, short


@given(st.text(), st.integers(3, 40))
def test_short_names_are_as_short_as_asked(name, length):
    made = short(name, length)
    assert len(made) <= length
    assert made == name or "…" in made


def test_very_long_keys_are_cut():
    assert len(key_text("x" * 10_000)) == MOST_KEY + 1
