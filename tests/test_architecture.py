"""The rules of the house that a machine can check; each failure says what to do.

The directions of imports are checked by import-linter (`make check`, contracts in setup.cfg); here stands the rest:
tests mirror modules, modules say their place, facades only re-export, imports are where a reader looks for them, errors
are not swallowed, and nothing in the repository depends on the machine it was written on.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"minidask": ROOT / "tests", "minidask_distributed": ROOT / "tests" / "distributed"}

# Names under which users of the field import documented functions; they re-export and do nothing else.
FACADES = {
    "minidask/base.py",
    "minidask/callbacks.py",
    "minidask/core.py",
    "minidask/highlevelgraph.py",
    "minidask/local.py",
    "minidask/multiprocessing.py",
    "minidask/threaded.py",
    "minidask/utils.py",
}

# The one place that opens the door to the package above, by name.
DOORS = {"minidask/distributed.py"}

# The functions, besides a package's `__getattr__`, that may import from the project when they are called.
LAZY_FUNCTIONS = {("minidask/collection/upward.py", "*")}

# Tests that are about the project as a whole, or about one of its programs, and mirror no module.
CROSS_CUTTING = {
    "tests/distributed/test_messages_per_task.py",
    "tests/test_architecture.py",
    "tests/test_conftest.py",
    "tests/test_facades.py",
    "tests/test_public_names.py",
}
CROSS_CUTTING_FOLDERS = (
    "tests/array/workflows/",
    "tests/benchmarks/",
    "tests/dataframe/workflows/",
    "tests/distributed/collections/",
    "tests/distributed/dashboard/browser/",
    "tests/distributed/faults/",
    "tests/examples/",
)

VAGUE_NAMES = {"common", "core", "helper", "helpers", "misc", "util", "utils"}
LONGEST_MODULE = 600  # lines
SHORTEST_DOCSTRING = 80  # characters, for a package that only re-exports and for a facade, too

# A machine's own paths and the hosts of registries; written in pieces, so that this file passes its own test.
FOREIGN = re.compile(
    "/wo"
    + r"rk/|/tmp/bash"
    + "_jobs|/ro"
    + r"ot/|pypi\.o"
    + r"rg|pythonhosted\.o"
    + "rg|--index"
    + "-url|find-li"
    + "nks"
    "|registry[.]npm" + "js|deb[.]deb" + "ian"
)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def modules() -> list[str]:
    return [relative(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def expected_test(module: str) -> str:
    """Return the test that mirrors a module.

    >>> expected_test("minidask/graph/task.py")
    'tests/graph/test_task.py'
    """
    package, *folders, name = module.split("/")
    return relative(PACKAGES[package].joinpath(*folders, f"test_{name}"))


def is_reexport(node: ast.stmt) -> bool:
    """Say whether a statement is a docstring, an import or `__all__`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets] == ["__all__"]
    if isinstance(node, ast.If):  # names for type checkers
        return ast.unparse(node.test) == "TYPE_CHECKING" and all(map(is_reexport, node.body)) and not node.orelse
    return isinstance(node, ast.Import | ast.ImportFrom)


def only_reexports(module: str) -> bool:
    return all(map(is_reexport, tree(module).body))


def needs_a_test(module: str) -> bool:
    """Say whether a module has code of its own (a facade and a package's list of names have none)."""
    return module not in FACADES and not Path(module).name.startswith("__init__")


@pytest.mark.parametrize("module", [m for m in modules() if needs_a_test(m)])
def test_every_module_has_its_test(module):
    test = ROOT / expected_test(module)
    assert test.exists(), f"{module} has no test of its own: write {relative(test)}"
    names = [n.name for n in ast.walk(ast.parse(test.read_text(encoding="utf-8"))) if isinstance(n, ast.FunctionDef)]
    assert any(name.startswith("test_") for name in names), f"{relative(test)} holds no test"


def test_every_test_mirrors_a_module():
    known = {expected_test(module) for module in modules()} | CROSS_CUTTING
    strays = [
        path
        for path in map(relative, sorted((ROOT / "tests").rglob("test_*.py")))
        if path not in known and not path.startswith(CROSS_CUTTING_FOLDERS)
    ]
    assert not strays, (
        f"these tests mirror no module: {strays}. Name a test after the module that it tests "
        "(minidask/graph/task.py -> tests/graph/test_task.py), or split the module as its tests are split"
    )


@pytest.mark.parametrize("module", modules())
def test_every_module_says_its_place(module):
    docstring = ast.get_docstring(tree(module)) or ""
    assert len(docstring) >= SHORTEST_DOCSTRING, (
        f"the docstring of {module} has {len(docstring)} characters: say what it is for, its place in the flow, "
        f"its invariants, and what it is not for (at least {SHORTEST_DOCSTRING} characters)"
    )


@pytest.mark.parametrize("module", modules())
def test_module_names_mean_something(module):
    parts = [Path(part).stem for part in module.split("/")[1:]]
    vague = VAGUE_NAMES.intersection(parts)
    assert module in FACADES or not vague, f"{module}: rename {vague.pop()!r} after what it holds"


@pytest.mark.parametrize("module", modules())
def test_modules_are_short(module):
    lines = len((ROOT / module).read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST_MODULE, (
        f"{module} has {lines} lines, {LONGEST_MODULE} at most: would two rooms read better?"
    )


@pytest.mark.parametrize("module", sorted(FACADES.intersection(modules())))
def test_facades_only_reexport(module):
    others = [f"line {node.lineno}: {ast.unparse(node)[:60]}" for node in tree(module).body if not is_reexport(node)]
    assert not others, f"{module} is a facade: docstring, imports and __all__ alone. Move {others} to a module below"
    assert any(isinstance(node, ast.Assign) for node in tree(module).body), f"{module} lists no names in __all__"


@pytest.mark.parametrize("module", [m for m in modules() if m.endswith("/__init__.py")])
def test_packages_only_reexport(module):
    # Beside the list of names: what makes names lazy (PEP 562), a version, and the type of the package.
    others = [
        f"line {node.lineno}"
        for node in tree(module).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.name not in ("__getattr__", "__dir__", "_Package")
    ]
    assert not others, f"{module} defines something ({', '.join(others)}): packages only name what their modules hold"


def lazy_own_imports(module: str) -> list[str]:
    """Return the imports of the project's own modules that stand inside functions, as "line N in f: statement"."""
    found: list[str] = []

    def visit(node: ast.AST, function: str | None) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            function = getattr(node, "name", "lambda")
        if function is not None and not allowed_lazy(module, function) and is_own_import(node):
            found.append(f"line {node.lineno} in {function}: {ast.unparse(node)}")
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(tree(module), None)
    return found


def allowed_lazy(module: str, function: str) -> bool:
    if module in DOORS or (module, "*") in LAZY_FUNCTIONS or (module, function) in LAZY_FUNCTIONS:
        return True
    return function == "__getattr__" and module.endswith("/__init__.py")


def is_own_import(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in PACKAGES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.level > 0 or (node.module or "").split(".")[0] in PACKAGES
    if isinstance(node, ast.Call) and ast.unparse(node.func) in (
        "import_module",
        "importlib.import_module",
        "__import__",
    ):
        first = node.args[0] if node.args else None
        name = first.value if isinstance(first, ast.Constant) else None
        return isinstance(name, str) and name.split(".")[0] in PACKAGES
    return False


@pytest.mark.parametrize("module", modules())
def test_own_imports_stand_at_the_top(module):
    lazy = lazy_own_imports(module)
    assert not lazy, (
        f"{module} imports from the project inside a function: {lazy}. Import at the top; if that makes a circle, the "
        "cut between the modules is wrong. Upward conversions go through the registry in minidask.collection"
    )


def commented_lines(module: str) -> set[int]:
    with tokenize.open(ROOT / module) as file:
        return {t.start[0] for t in tokenize.generate_tokens(file.readline) if t.type == tokenize.COMMENT}


def is_silent(handler: ast.ExceptHandler) -> bool:
    return len(handler.body) == 1 and (
        isinstance(handler.body[0], ast.Pass | ast.Continue)
        or (isinstance(handler.body[0], ast.Expr) and isinstance(handler.body[0].value, ast.Constant))
    )


@pytest.mark.parametrize("module", modules())
def test_no_error_is_swallowed_without_a_reason(module):
    handlers = [n for n in ast.walk(tree(module)) if isinstance(n, ast.ExceptHandler) and is_silent(n)]
    comments = commented_lines(module) if handlers else set()
    silent = [n.lineno for n in handlers if comments.isdisjoint(range(n.lineno - 1, (n.end_lineno or n.lineno) + 1))]
    assert not silent, f"{module}, lines {silent}: say in a comment why this error may be ignored, or don't ignore it"


@pytest.mark.parametrize("module", modules())
def test_nothing_is_left_unfinished(module):
    text = (ROOT / module).read_text(encoding="utf-8")
    marks = [f"line {n}" for n, line in enumerate(text.splitlines(), 1) if re.search(r"\b(TODO|FIXME|XXX)\b", line)]
    assert not marks, (
        f"{module} has unfinished work at {', '.join(marks)}: finish it, or raise an error that says the remedy"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import minidask", ["numpy", "pandas", "pyarrow", "yaml", "fsspec", "bokeh", "asyncio"]),
        (
            "import minidask; minidask.delayed; minidask.compute; minidask.config",
            ["numpy", "pandas", "pyarrow", "bokeh"],
        ),
    ],
)
def test_importing_is_light(statement, heavy):
    code = f"{statement}; import sys; print(*sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not done.stdout.split(), f"`{statement}` also imports {done.stdout.split()}: import them where they are used"


def tracked_files() -> list[Path]:
    """Return the files that git tracks or would track; without git, those in the folders of the project."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        folders = [*PACKAGES, "tests", "docs", "benchmarks", "continuous_integration"]
        listed = [relative(path) for folder in folders for path in (ROOT / folder).rglob("*")]
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def test_nothing_depends_on_the_machine_it_was_written_on():
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or other binary file has no text to check
        found += [
            f"{relative(path)}:{n}: {m[0]}"
            for n, line in enumerate(text.splitlines(), 1)
            if (m := FOREIGN.search(line))
        ]
    assert not found, (
        f"paths of one machine, or hosts of a registry: {found}. Use relative paths, and packages by name alone"
    )


def test_the_environments_and_lock_files_are_not_tracked():
    names = {relative(path) for path in tracked_files()}
    wrong = [name for name in names if name.startswith(".envs/") or Path(name).name in ("uv.lock", "poetry.lock")]
    assert not wrong, f"remove from git: {wrong}"
