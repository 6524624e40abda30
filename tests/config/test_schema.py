"""Tests of `minidask.config.schema`."""

from __future__ import annotations

import pytest

from minidask.config import kinds
from minidask.config.schema import SCHEMA, Schema, check_deprecations
from minidask.config.settings import RESERVED, SETTINGS, Setting


@pytest.fixture
def schema():
    return Schema(SETTINGS, RESERVED)


def test_defaults_have_every_setting_that_has_one(schema):
    defaults = schema.defaults()
    assert defaults["array"]["chunk-size"] == "16 MiB"
    assert defaults["scheduler"] is None
    assert "array_optimize" not in defaults
    assert "distributed" not in defaults


def test_a_refusal_names_key_expectation_value_and_origin(schema):
    with pytest.raises(TypeError) as error:
        schema.check(("delayed_pure",), "yes", "settings file /etc/minidask/a.yaml")
    assert str(error.value) == (
        "setting 'delayed_pure' must be True or False; settings file /etc/minidask/a.yaml gives 'yes' (str)"
    )


def test_a_refusal_shortens_long_values(schema):
    with pytest.raises(TypeError) as error:
        schema.check(("delayed_pure",), list(range(1000)), "x")
    assert len(str(error.value)) < 250


def test_a_group_is_no_setting(schema):
    with pytest.raises(TypeError, match=r"'array' is a group of settings, not one; here gives 3 \(int\)"):
        schema.check(("array",), 3, "here")
    with pytest.raises(TypeError, match=r"'scheduler' is a setting, not a group: here sets 'scheduler.x'"):
        schema.check(("scheduler", "x"), 3, "here")


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        (("array", "chunksize"), "array.chunk-size"),
        (("array", "chunk_sizes"), "array.chunk-size"),
        (("schedular",), "scheduler"),
        (("num-worker",), "num_workers"),
        (("optimisation", "fuse", "active"), "optimization.fuse.active"),
        (("optimization", "fuse", "width"), "optimization.fuse.max-width"),
        (("dataframe", "method"), "dataframe.shuffle.method"),
    ],
)
def test_unknown_names_bring_the_nearest(schema, path, nearest):
    notice = schema.check(path, 1, "here")
    assert notice.category is UserWarning
    assert notice.message == f"unknown setting {'.'.join(path)!r} (here); did you mean {nearest!r}?"


def test_an_unknown_name_like_nothing_brings_the_names_of_the_group(schema):
    notice = schema.check(("tokenize", "zzzzzz"), 1, "here")
    assert notice.message.endswith("'tokenize' has: tokenize.ensure-deterministic")


@pytest.mark.parametrize("path", [("foo",), ("coiled", "token"), ("distributed", "comm", "x"), ("yarn", "name")])
def test_names_of_other_packages_bring_nothing(schema, path):
    assert schema.check(path, 1, "here") is None


def test_registered_defaults_are_known(schema):
    assert schema.check(("dataframe", "backend"), 1, "here") is not None
    schema.register({"dataframe": {"backend": "pandas"}, "tokenize": {"extra": {}, "more": None}})
    assert schema.check(("dataframe", "backend"), 1, "here") is None
    assert schema.check(("tokenize", "extra", "anything"), 1, "here") is None
    assert schema.check(("tokenize", "more", "anything"), 1, "here") is None
    assert schema.check(("dataframe", "backends"), 1, "here").message.endswith("did you mean 'dataframe.backend'?")


def test_declaring_makes_a_reserved_group_strict(schema):
    schema.declare(Setting("distributed.comm.retry", 3, kinds.POSITIVE_INTEGER, "Tries."))
    assert schema.check(("distributed", "comm", "retrys"), 1, "here") is not None
    with pytest.raises(TypeError):
        schema.check(("distributed", "comm", "retry"), "x", "here")


def test_declaring_twice_or_across_is_refused(schema):
    same = Setting("array.chunk_size", 5, kinds.BYTES, "Other.")
    with pytest.raises(ValueError, match=r"'array.chunk_size' is declared already"):
        schema.declare(same)
    for name in ("array", "scheduler.x"):
        with pytest.raises(ValueError, match="would be both a value and a group"):
            schema.declare(Setting(name, 5, kinds.BYTES, "Other."))
    with pytest.raises(ValueError, match=r"'new.one' must be a whole number of at least 1; its declaration gives 0"):
        schema.declare(Setting("new.one", 0, kinds.POSITIVE_INTEGER, "Bad default."))


def test_flatten_takes_groups_apart_and_nothing_else(schema):
    given = {"chunk-size": 5, "rechunk": {"method": "tasks"}}
    assert list(schema.flatten(("array",), given)) == [
        (("array", "chunk-size"), 5),
        (("array", "rechunk", "method"), "tasks"),
    ]
    assert list(schema.flatten(("foo",), {"x": 1})) == [(("foo",), {"x": 1})]


def test_accepts(schema):
    assert schema.accepts(("array", "chunk_size"), "5 MB")
    assert not schema.accepts(("array", "chunk_size"), "lots")
    assert schema.accepts(("foo", "bar"), object())


def test_check_deprecations():
    table = {"old_name": "new.name", "gone": None}
    assert check_deprecations("other", table) == ("other", None)
    name, notice = check_deprecations("old-name", table)
    assert name == "new.name"
    assert notice == (FutureWarning, "setting 'old-name' is now called 'new.name'; please use that name")
    with pytest.raises(ValueError, match="setting 'gone' has been removed"):
        check_deprecations("gone", table)


def test_aliases_are_deprecations():
    assert SCHEMA.deprecations["shuffle"] == "dataframe.shuffle.method"
