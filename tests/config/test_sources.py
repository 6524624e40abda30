"""Tests of `minidask.config.sources`."""

from __future__ import annotations

import base64
import json
import math
import os
import shutil
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minidask.config.sources import (
    INHERIT,
    checked,
    collect,
    collect_env,
    collect_yaml,
    deserialize,
    ensure_file,
    find_paths,
    interpret_value,
    paths_containing_key,
    portable,
    serialize,
)


@pytest.fixture
def write(tmp_path):
    """Write a file below the test's folder; return its path."""

    def write(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return str(path)

    return write


# ---- places


def test_find_paths_in_order(tmp_path):
    places = find_paths({"MINIDASK_ROOT_CONFIG": "/opt/etc", "MINIDASK_CONFIG": "~/mine.yaml"})
    home = os.path.expanduser("~")
    assert places == [
        "/opt/etc",
        os.path.join(sys.prefix, "etc", "minidask"),
        os.path.join(home, ".config", "minidask"),
        os.path.join(home, "mine.yaml"),
    ]
    assert find_paths({})[0] == "/etc/minidask"


def test_a_place_that_is_named_twice_counts_as_the_later_one():
    places = find_paths({"MINIDASK_CONFIG": "/etc/minidask"})
    assert places[-1] == "/etc/minidask"
    assert places.count("/etc/minidask") == 1


# ---- YAML


def test_files_of_a_directory_are_read_by_name_and_later_ones_win(tmp_path, write):
    write("b.yml", "num_workers: 2")
    write("a.yaml", "num_workers: 1\narray: {chunk-size: 1 MB}")
    write("c.json", '{"num_workers": 3}')
    write("notes.txt", "num_workers: 99")
    write(".hidden.yaml", "num_workers: 98")
    write("empty.yaml", "")
    assert collect([str(tmp_path)], env={}) == {"num_workers": 3, "array": {"chunk-size": "1 MB"}}


def test_later_paths_win_and_missing_ones_are_skipped(tmp_path, write):
    first, second = write("1.yaml", "num_workers: 1\nscheduler: sync"), write("2.yaml", "num_workers: 2")
    missing = str(tmp_path / "missing")
    assert collect([first, missing, second], env={}) == {"num_workers": 2, "scheduler": "sync"}


def test_environment_wins_over_files(write):
    path = write("a.yaml", "num_workers: 1\narray:\n  chunk_size: 1 MB")
    found = collect([path], env={"MINIDASK_ARRAY__CHUNK_SIZE": "2 MB"})
    assert found == {"num_workers": 1, "array": {"chunk-size": "2 MB"}}


def test_return_paths_and_paths_containing_key(tmp_path, write):
    one, two = write("1.yaml", "scheduler: sync"), write("2.yaml", "array: {chunk-size: 1 MB}")
    assert list(collect_yaml([str(tmp_path)], return_paths=True)) == [
        (Path(one), {"scheduler": "sync"}),
        (Path(two), {"array": {"chunk-size": "1 MB"}}),
    ]
    assert list(paths_containing_key("array.chunk_size", [str(tmp_path)])) == [Path(two)]


def test_spellings_and_dotted_names_in_files(write):
    path = write(
        "a.yaml",
        """
        delayed-pure: true
        array.chunk_size: 1 MB
        distributed:
          logging:
            distributed.client: info
        """,
    )
    assert collect([path], env={}) == {
        "delayed_pure": True,
        "array": {"chunk-size": "1 MB"},
        "distributed": {"logging": {"distributed.client": "info"}},
    }


def test_an_empty_section_says_nothing(write):
    assert collect([write("a.yaml", "array:\n  rechunk:\nscheduler:\n")], env={}) == {"scheduler": None}


def test_keys_of_other_packages_are_kept_as_they_are(write):
    assert collect([write("a.yaml", "other: {1: a, x_y: {}}\n2: b")], env={}) == {
        "other": {1: "a", "x_y": {}},
        2: "b",
    }


def test_broken_yaml_names_file_and_line(write):
    path = write("broken.yaml", "scheduler: sync\narray:\n  chunk-size: ]\nx: 2\n")
    with pytest.raises(ValueError) as error:
        collect([path], env={})
    assert f"settings file {path}, line 3, column 15 isn't valid YAML: " in str(error.value)


def test_what_is_never_closed_is_named_where_it_begins(write):
    with pytest.raises(ValueError, match="that begins in line 2"):
        collect([write("broken.yaml", "array:\n  chunk-size: [1,\nx: 2\n")], env={})


@pytest.mark.parametrize("data", [b"a: \xff\xfe", b"a: \x00"])
def test_a_file_that_is_no_text_is_named(tmp_path, data):
    path = tmp_path / "binary.yaml"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"settings file .*binary\.yaml.* isn't valid YAML"):
        collect([str(path)], env={})


@pytest.mark.parametrize(("text", "kind"), [("- a\n- b", "list"), ("threads", "str"), ("5", "int")])
def test_a_file_must_hold_a_mapping(write, text, kind):
    with pytest.raises(ValueError, match=rf"settings file .*a\.yaml must hold a mapping .*, not a {kind}"):
        collect([write("a.yaml", text)], env={})


def test_yaml_runs_no_code(write, tmp_path):
    path = write("evil.yaml", f"scheduler: !!python/object/apply:os.mkdir ['{tmp_path}/made']")
    with pytest.raises(ValueError, match="line 1, column 12"):
        collect([path], env={})
    assert not (tmp_path / "made").exists()


def test_a_wrong_value_names_the_file(write):
    path = write("a.yaml", "num_workers: many")
    with pytest.raises(TypeError) as error:
        collect([path], env={})
    assert str(error.value) == (
        f"setting 'num_workers' must be a whole number of at least 1, or None; settings file {path} gives 'many' (str)"
    )


def test_an_unknown_name_warns_with_file_and_nearest(write):
    path = write("a.yaml", "array:\n  chunksize: 1 MB")
    with pytest.warns(UserWarning, match="did you mean 'array.chunk-size'") as record:
        found = collect([path], env={})
    assert found == {"array": {"chunksize": "1 MB"}}
    assert path in str(record[0].message)


def test_a_former_name_is_renamed_with_a_warning(write):
    path = write("a.yaml", "shuffle: tasks")
    with pytest.warns(FutureWarning, match=r"a\.yaml: setting 'shuffle' is now called 'dataframe.shuffle.method'"):
        assert collect([path], env={}) == {"dataframe": {"shuffle": {"method": "tasks"}}}
    nested = write("b.yaml", "dataframe: {shuffle: {algorithm: disk}}")
    with pytest.warns(FutureWarning, match="'dataframe.shuffle.algorithm' is now called"):
        assert collect([nested], env={}) == {"dataframe": {"shuffle": {"method": "disk"}}}


def test_an_unreadable_file_is_left_out_with_a_warning(tmp_path, write):
    good = write("good.yaml", "num_workers: 1")
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.warns(UserWarning, match=r"settings file .*loop\.yaml is left out"):
        assert collect([str(loop), good], env={}) == {"num_workers": 1}


def test_files_and_directories_without_permission_are_left_out_with_a_warning(run_python):
    # Not in the test's own folder, which other users can't enter: the superuser has to become one to be refused.
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        (folder / "secret.yaml").write_text("num_workers: 7")
        (folder / "secret.yaml").chmod(0)
        (folder / "open.yaml").write_text("scheduler: sync")
        (folder / "closed").mkdir(mode=0)
        printed = run_python(f"""
import os, warnings, yaml
from minidask import config
if os.geteuid() == 0:
    os.seteuid(65534)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(config.collect([{str(folder)!r}, {str(folder / "closed")!r}], env={{}}))
for warning in caught:
    print(warning.category.__name__, warning.message)
""")
    finally:
        (folder / "closed").chmod(0o700)
        shutil.rmtree(folder)
    lines = printed.splitlines()
    assert lines[0] == "{'scheduler': 'sync'}"
    assert f"UserWarning settings file {folder}/secret.yaml is left out: [Errno 13] Permission denied" in lines[1]
    assert f"UserWarning settings in {folder}/closed are left out: [Errno 13] Permission denied" in lines[2]


def test_a_place_named_by_the_environment_that_does_not_exist_warns(tmp_path):
    with pytest.warns(UserWarning, match="MINIDASK_CONFIG names .*nowhere, which doesn't exist"):
        collect([], env={"MINIDASK_CONFIG": str(tmp_path / "nowhere")})


# ---- environment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("1.5", 1.5),
        ("[1, 'a']", [1, "a"]),
        ("{'a': 1}", {"a": 1}),
        ("True", True),
        ("true", True),
        ("FALSE", False),
        ("None", None),
        ("none", None),
        ("null", None),
        ("'5'", "5"),
        ("threads", "threads"),
        ("a b", "a b"),
        ("", ""),
        ("{[]: 1}", "{[]: 1}"),
        ("(" * 1000, "(" * 1000),
        ("os.system('x')", "os.system('x')"),
    ],
)
def test_interpret_value(text, expected):
    assert interpret_value(text) == expected
    assert type(interpret_value(text)) is type(expected)


@given(st.text())
def test_interpret_value_takes_any_text(text):
    interpret_value(text)


def test_collect_env_nests_lowers_and_ignores_the_rest():
    env = {
        "MINIDASK_NUM_WORKERS": "3",
        "MINIDASK_FOREIGN__A_B__C": "x",
        "MINIDASK_CONFIG": "/x",
        "MINIDASK_ROOT_CONFIG": "/y",
        "MINIDASKER": "1",
        "DASK_SCHEDULER": "sync",
    }
    assert collect_env(env) == {"num_workers": 3, "foreign": {"a_b": {"c": "x"}}}


def test_collect_env_reads_this_process_by_default(monkeypatch):
    monkeypatch.setenv("MINIDASK_NUM_WORKERS", "7")
    assert collect_env()["num_workers"] == 7


def test_the_declaration_decides_between_text_and_literal():
    assert collect_env({"MINIDASK_TEMPORARY_DIRECTORY": "2024"}) == {"temporary-directory": "2024"}
    assert collect_env({"MINIDASK_ARRAY__CHUNK_SIZE": "1024"}) == {"array": {"chunk-size": 1024}}
    fuse = collect_env({"MINIDASK_OPTIMIZATION__FUSE__MAX_HEIGHT": "inf"})["optimization"]["fuse"]
    assert fuse == {"max-height": math.inf}


def test_a_wrong_value_names_the_variable():
    with pytest.raises(ValueError, match="environment variable MINIDASK_ARRAY__CHUNK_SIZE gives 'lots'"):
        collect_env({"MINIDASK_ARRAY__CHUNK_SIZE": "lots"})
    with pytest.raises(TypeError, match="environment variable MINIDASK_NUM_WORKERS gives ''"):
        collect_env({"MINIDASK_NUM_WORKERS": ""})


def test_a_group_in_a_variable():
    assert collect_env({"MINIDASK_ARRAY": "{'chunk-size': 5}"}) == {"array": {"chunk-size": 5}}
    with pytest.raises(TypeError, match="'array' is a group of settings, not one; environment variable MINIDASK_ARRAY"):
        collect_env({"MINIDASK_ARRAY": "5"})


def test_a_misspelled_variable_warns():
    with pytest.warns(UserWarning, match=r"variable MINIDASK_ARRAY__CHUNKSIZE\); did you mean 'array.chunk-size'"):
        collect_env({"MINIDASK_ARRAY__CHUNKSIZE": "5"})
    with pytest.warns(UserWarning, match="did you mean 'scheduler'"):
        collect_env({"MINIDASK_SHEDULER": "sync"})


@pytest.mark.parametrize("name", ["MINIDASK_", "MINIDASK_A____B", "MINIDASK___A"])
def test_a_variable_with_an_empty_part(name):
    with pytest.raises(ValueError, match=f"environment variable {name}: the key .* has an empty part"):
        collect_env({name: "1"})


def test_variables_that_contradict_each_other():
    with pytest.raises(
        TypeError, match=r"variable MINIDASK_FOREIGN__A: can't set 'foreign.a': 'foreign' is the value 1"
    ):
        collect_env({"MINIDASK_FOREIGN": "1", "MINIDASK_FOREIGN__A": "2"})


# ---- inheritance


def test_what_a_parent_hands_on_loses_to_the_childs_own_variables():
    env = {INHERIT: serialize({"num_workers": 2, "scheduler": "sync"}), "MINIDASK_NUM_WORKERS": "3"}
    assert collect_env(env) == {"num_workers": 3, "scheduler": "sync"}


@pytest.mark.parametrize("text", ["!", "abc", base64.b64encode(b"{").decode(), "äö"])
def test_damaged_inheritance_is_named(text):
    with pytest.raises(ValueError, match=f"environment variable {INHERIT}: not serialized settings"):
        collect_env({INHERIT: text})


def test_an_inheritance_that_is_no_mapping():
    with pytest.raises(ValueError, match="must be a mapping, not a list"):
        collect_env({INHERIT: serialize([1])})


def test_serialize_is_json_in_base64():
    text = serialize({"a": [1, None, "ä"]})
    assert json.loads(base64.urlsafe_b64decode(text)) == {"a": [1, None, "ä"]}
    with pytest.raises(TypeError, match="not JSON serializable"):
        serialize({"a": len})


words = st.text(max_size=5)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words
nested = st.recursive(leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(words, x, max_size=3), max_leaves=6)


@settings(max_examples=40)
@given(st.dictionaries(words, nested, max_size=3))
def test_serialize_round_trip(tree):
    assert deserialize(serialize(tree)) == tree
    assert portable(tree) == tree


def test_portable_leaves_live_objects_behind(tmp_path):
    tree = {"a": {"f": len, "x": (1, 2)}, "pool": object(), "path": tmp_path, "mixed": [1, len], 3: 4}
    assert portable(tree) == {"a": {"x": [1, 2]}, "path": str(tmp_path)}


# ---- checked


def test_checked_shares_nothing_with_its_argument():
    given = {"foreign": {"a": {"b": 1}}}
    checked(given, "here")["foreign"]["a"]["b"] = 2
    assert given == {"foreign": {"a": {"b": 1}}}


# ---- ensure_file


def test_ensure_file_copies_with_comments_once(tmp_path, write):
    source = write("package.yaml", "# Title\n\nforeign:\n  a: 1\n")
    target = tmp_path / "user" / "deep"
    ensure_file(source, str(target))
    copy = target / "package.yaml"
    assert copy.read_text() == "# Title\n\n# foreign:\n#   a: 1\n"
    assert list(collect_yaml([str(target)])) == [{}]
    copy.write_text("foreign: 2")
    ensure_file(source, str(target))
    assert copy.read_text() == "foreign: 2"
    assert [file.name for file in target.iterdir()] == ["package.yaml"]


def test_ensure_file_without_comments(tmp_path, write):
    source = write("package.yaml", "foreign: 1\n")
    ensure_file(source, str(tmp_path / "user"), comment=False)
    assert (tmp_path / "user" / "package.yaml").read_text() == "foreign: 1\n"


def test_ensure_file_does_nothing_where_the_user_has_one_file(tmp_path, write):
    source, only = write("package.yaml", "foreign: 1\n"), write("mine.yaml", "")
    ensure_file(source, only)
    ensure_file(source, str(tmp_path / "not-yet.yaml"))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.yaml", "package.yaml"]


def test_ensure_file_without_a_source(tmp_path):
    with pytest.raises(FileNotFoundError):
        ensure_file(str(tmp_path / "missing.yaml"), str(tmp_path / "user"))


# ---- what importing does


def test_importing_reads_files_and_environment_and_imports_yaml_only_for_files(run_python, tmp_path, write):
    code = "import sys; from minidask import config; print(config.get('num_workers'), 'yaml' in sys.modules)"
    nowhere = {"MINIDASK_ROOT_CONFIG": str(tmp_path / "nothing"), "HOME": str(tmp_path)}
    assert run_python(code, **nowhere, MINIDASK_NUM_WORKERS="4") == "4 False\n"
    assert run_python(code, **nowhere, MINIDASK_CONFIG=write("a.yaml", "num_workers: 5")) == "5 True\n"
    write("etc/b.yaml", "num_workers: 6")
    assert run_python(code, HOME=str(tmp_path), MINIDASK_ROOT_CONFIG=str(tmp_path / "etc")) == "6 True\n"
    write(".config/minidask/c.yaml", "num_workers: 7")
    assert run_python(code, HOME=str(tmp_path), MINIDASK_ROOT_CONFIG=str(tmp_path / "etc")) == "7 True\n"


def test_importing_imports_no_numpy_and_no_pandas(run_python):
    code = "import sys, minidask.config; print({'numpy', 'pandas', 'pyarrow', 'dataclasses'} & {*sys.modules})"
    assert "numpy" not in run_python(code)
    assert "pandas" not in run_python(code)
