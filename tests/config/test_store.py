"""Tests of `minidask.config.store`."""

from __future__ import annotations

import pytest

from minidask import config


def test_get_reads_groups_and_both_spellings():
    assert config.get("array.chunk-size") == config.get("array.chunk_size") == "16 MiB"
    assert config.get("delayed-pure") is False
    assert config.get("array") == {
        "chunk-size": "16 MiB",
        "keep-freed-memory": True,
        "memory-limit": None,
        "rechunk": {"method": None, "threshold": 1000},
    }


def test_a_group_is_a_copy():
    config.get("array")["rechunk"]["method"] = "tasks"
    assert config.get("array.rechunk.method") is None


def test_get_what_is_not_set():
    assert config.get("no.such", 5) == 5
    assert config.get("no.such", None) is None
    assert config.get("scheduler.x", 5) == 5
    with pytest.raises(KeyError, match=r"setting 'no.such' isn't set\""):
        config.get("no.such")
    with pytest.raises(KeyError, match=r"did you mean 'array.chunk-size'"):
        config.get("array.chunks_size")
    with pytest.raises(KeyError, match="'array_optimize' isn't set and has no default of its own"):
        config.get("array_optimize")


@pytest.mark.parametrize(("key", "error"), [("", ValueError), ("a..b", ValueError), (None, TypeError), (3, TypeError)])
def test_get_refuses_what_is_no_key(key, error):
    with pytest.raises(error):
        config.get(key, 5)


def test_get_override_with():
    assert config.get("num_workers", override_with=0) == 0
    assert config.get("no.such", override_with="x") == "x"
    with config.set(num_workers=3):
        assert config.get("num_workers", override_with=None) == 3


def test_get_from_another_tree():
    with config.set(num_workers=3):
        assert config.get("num_workers", 9, config={}) == 9
        assert config.get("a.b_c", config={"a": {"b-c": 1}}) == 1


def test_get_by_a_former_name_warns_and_finds():
    with pytest.warns(FutureWarning, match="'shuffle' is now called 'dataframe.shuffle.method'") as record:
        assert config.get("shuffle") is None
    assert record[0].filename == __file__


def test_config_is_the_live_dictionary():
    assert config.config is config.global_config
    config.set({"foreign.x": 1})
    assert config.config["foreign"] == {"x": 1}
    config.config["foreign"]["x"] = 2
    assert config.get("foreign.x") == 2


def test_effective_shows_the_block_and_shares_nothing():
    with config.set({"array.chunk_size": 5, "foreign": {"x": 1}}):
        shown = config.effective()
        assert shown["array"]["chunk-size"] == 5
        assert shown["array"]["rechunk"] == {"method": None, "threshold": 1000}
        assert shown["foreign"] == {"x": 1}
        shown["array"]["chunk-size"] = 6
        assert config.get("array.chunk-size") == 5
        assert config.config["array"]["chunk-size"] == "16 MiB"
    assert config.effective() == config.config


def test_a_block_over_a_value_that_became_one_meanwhile():
    with config.set({"foreign.x": 1}):
        config.config["foreign"] = 3
        assert config.get("foreign") == config.effective()["foreign"] == {"x": 1}


def test_pop():
    config.set({"foreign.x": 1})
    assert config.pop("foreign.x") == 1
    assert config.pop("foreign.x", 7) == 7
    assert config.get("foreign") == {}
    with pytest.raises(KeyError, match=r"'foreign.x' isn't set"):
        config.pop("foreign.x")
