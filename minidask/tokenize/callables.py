"""Normalizers for functions, methods, code and classes.

Place in the flow: registers with `registry.normalize_token` when imported.

A function or class that can be imported is its name. Any other one (a lambda, a closure, whatever the main module or
a notebook defines) is what it does: bytecode, constants, defaults, the values in its closure, and the values of the
global names that it refers to, functions and classes among them in the same way. Pickles of such functions would not
do: they hold file names, line numbers, and a random number for each class.

Invariants: two functions of one token compute the same, as far as they compute by their code, its closure and its
globals. Attributes that a function looks up on modules at run time, files that it reads, and the sources of
importable functions are not looked at.

Not for: calling or importing anything.
"""

from __future__ import annotations

import dis
import types
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from minidask.tokenize.objects import importable_name
from minidask.tokenize.registry import normalize_token, qualified_name

__all__ = ["global_names"]

_GLOBAL_OPCODES = frozenset(dis.opmap[name] for name in ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME"))
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class made by a class statement, not by C
# What the interpreter adds, caches or documents; none of it changes what a class does.
_UNIMPORTANT = frozenset(
    [
        "__dict__",
        "__weakref__",
        "__module__",
        "__doc__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotations_cache__",
        "__annotate__",
        "__annotate_func__",
        "__slotnames__",
        "_abc_impl",
        "__abstractmethods__",
    ]
)


@lru_cache(1024)
def global_names(code: types.CodeType) -> frozenset[str]:
    """Return the global names that a code object refers to, functions inside it included.

    >>> sorted(global_names((lambda x: [abs(y) for y in math.pi + x.real]).__code__))
    ['abs', 'math']
    """
    names: set[str] = set()
    todo = [code]
    while todo:
        code = todo.pop()
        names.update(_own_global_names(code))
        todo.extend(const for const in code.co_consts if isinstance(const, types.CodeType))
    return frozenset(names)


def _own_global_names(code: types.CodeType) -> Iterator[str]:
    if not code.co_names:
        return
    for instruction in dis.get_instructions(code):
        if instruction.opcode in _GLOBAL_OPCODES:
            yield instruction.argval


@normalize_token.register(types.CodeType)
def _code(x: types.CodeType) -> tuple[Any, ...]:
    return (
        x.co_name,
        x.co_argcount,
        x.co_posonlyargcount,
        x.co_kwonlyargcount,
        x.co_flags,
        x.co_code,
        x.co_consts,
        x.co_names,
        x.co_varnames,
        x.co_freevars,
        x.co_cellvars,
        getattr(x, "co_exceptiontable", b""),
    )


@normalize_token.register(types.FunctionType)
def _function(x: types.FunctionType) -> Any:
    name = importable_name(x)
    if name is not None:
        return name
    names = sorted(global_names(x.__code__))
    missing = [name for name in names if name not in x.__globals__]
    found = {name: x.__globals__[name] for name in names if name in x.__globals__}
    return x.__qualname__, x.__code__, x.__defaults__, x.__kwdefaults__, x.__closure__, missing, found, x.__dict__


@normalize_token.register(types.CellType)
def _cell(x: types.CellType) -> tuple[Any, ...]:
    try:
        return (x.cell_contents,)
    except ValueError:
        return ()


@normalize_token.register(types.MethodType)
def _method(x: types.MethodType) -> tuple[Any, Any]:
    return x.__func__, x.__self__


@normalize_token.register(type)
def _class(x: type) -> Any:
    name = importable_name(x)
    if name is not None:
        return name
    if not x.__flags__ & _HEAP_TYPE:
        return qualified_name(x)
    namespace = {key: value for key, value in vars(x).items() if key not in _UNIMPORTANT}
    return x.__qualname__, type(x), x.__bases__, namespace
