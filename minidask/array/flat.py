"""Run a fused function: a flat list of calls, whose ufuncs write into memory that earlier steps have done with.

A chain of ``n`` ufuncs over a block takes one or two blocks of memory instead of ``n`` new ones, each of which the system would
have to find and to clear. Where the last step is to ``deliver`` the block into a larger array, the ufunc before it writes right
there.

Memory is reused only where nothing can notice: a temporary that a ufunc made as a plain array, that only ufuncs read, and that
dies with the step; of the result's shape and dtype. Everything else is called as it stands, so that values, dtypes, warnings
and errors are NumPy's. Faster ways to run such a list belong here, behind the same call.

Place in the flow: ``minidask.array.optimize.flatten_programs`` puts this in the place of programs. Not for: choosing what is
fused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidask.array.deliver import Deliver
from minidask.array.dtypes import literal_kind, ufunc_dtypes
from minidask.graph.program import Program, Step

# For each step: the register that it may write into, -1 for none; MIXED where several arrays may lie in different orders.
Plan = tuple[int, ...]
MIXED = -2


class FlatProgram(Program):
    """A ``Program`` that reuses the memory of temporaries.

    Examples
    --------
    >>> from minidask.graph import ProgramBuilder
    >>> build = ProgramBuilder(1)
    >>> total = build.call(np.add, (0, build.constant(1)))
    >>> flat = flat_program(build.finish(build.call(np.multiply, (total, build.constant(2)))))
    >>> flat(np.array([1.0, 2.0])), flat.plan
    (array([4., 6.]), (-2, 3))
    """

    __slots__ = ("delivers", "plan")

    plan: Plan
    # Whether the last step puts the block that the one before it makes into a larger array.
    delivers: bool

    def __call__(self, *inputs: Any) -> Any:
        if len(inputs) != self.n_inputs:
            raise TypeError(f"{self!r} was called with {len(inputs)} arguments")
        registers = [*inputs, *self.constants]
        registers += (None,) * self.n_temporaries
        read = registers.__getitem__
        steps, plan = self.steps, self.plan
        last = len(steps) - 2 if self.delivers else -1
        step = None
        try:
            for at, step in enumerate(steps):
                func, sources, target, names, clear = step
                if names:
                    cut = len(sources) - len(names)
                    kwargs = dict(zip(names, map(read, sources[cut:]), strict=True))
                    registers[target] = func(*map(read, sources[:cut]), **kwargs)
                    del kwargs
                elif at == last:
                    registers[target] = _delivered(func, [*map(read, sources)], steps[-1], registers)
                elif plan[at] >= 0:
                    registers[target] = _reusing(func, [*map(read, sources)], registers[plan[at]])
                elif plan[at] == MIXED:
                    registers[target] = _in_one_order(func, [*map(read, sources)])
                else:
                    registers[target] = func(*map(read, sources))
                for register in clear:
                    registers[register] = None
        except Exception as error:
            if step is not None and len(steps) > 1:
                error.add_note(self._where(step))
            raise
        return registers[self.result]

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (super().__reduce__(),)


def _rebuilt(parts: tuple[Any, ...]) -> FlatProgram:
    make, args = parts
    return flat_program(make(*args))


def _reusing(func: Any, args: list[Any], spare: Any) -> Any:
    if fits(func, args, spare):
        return func(*args, out=spare)
    return func(*args)


def _in_one_order(func: Any, args: list[Any]) -> Any:
    """Call a ufunc; an operand whose rows lie across memory, beside one whose rows don't, is copied first.

    Reading both at once takes half as long again as a copy and the calculation (1000 x 1000 float64: 2.5 against 1.5 ms).
    """
    arrays = [arg for arg in args if type(arg) is np.ndarray and arg.ndim > 1]
    if len(arrays) < 2 or any(array.shape != arrays[0].shape or array.dtype == object for array in arrays):
        return func(*args)
    across = [lies_across(array) for array in arrays]
    if all(across) or not any(across):
        return func(*args)
    copied = None
    for at, arg in enumerate(args):
        if type(arg) is np.ndarray and arg.ndim > 1 and lies_across(arg):
            # A copy in any case, which the result may be written into: others have the operand.
            args[at] = copied = np.array(arg, order="C", copy=True)
    return func(*args, out=copied) if fits(func, args, copied) else func(*args)


def lies_across(array: Any) -> bool:
    """Whether the last axis of an array goes through memory in longer steps than the first.

    Examples
    --------
    >>> lies_across(np.ones((3, 4))), lies_across(np.ones((3, 4)).T), lies_across(np.ones((1, 4)).T)
    (False, True, False)
    """
    if array.flags.c_contiguous:
        return False
    return bool(array.strides[-1] > array.itemsize and array.strides[-1] >= array.strides[0])


def fits(func: Any, args: list[Any], spare: Any) -> bool:
    """Whether a ufunc of arguments gives an array of the shape and dtype of ``spare``, a plain array."""
    if type(spare) is not np.ndarray:
        return False
    shape = spare.shape
    kinds = []
    found = False
    for arg in args:
        if type(arg) is np.ndarray:
            if arg.shape == shape:
                found = True
            elif arg.ndim:
                return False
            kinds.append(arg.dtype)
        else:
            kind = literal_kind(arg)
            if kind is None:
                return False
            kinds.append(kind)
    if not found or spare.dtype == object:
        return False
    try:
        return ufunc_dtypes(func, tuple(kinds)) == (spare.dtype,)
    except TypeError:
        # The call itself says what is wrong.
        return False


def _delivered(func: Any, args: list[Any], deliver: Step, registers: list[Any]) -> Any:
    """Call the last function but one; a ufunc writes into the place that the last step would copy to.

    So does another function with a method ``into``: it gets the place before the arguments, and returns None if it doesn't fit.
    """
    if isinstance(deliver.func, Deliver):
        into = getattr(func, "into", None)
        if into is not None or (isinstance(func, np.ufunc) and func.nout == 1):
            place = deliver.func.place(registers[deliver.sources[1]])
            if not runs_on(place):
                return func(*args)
            if into is not None:
                made = into(place, *args)
                return func(*args) if made is None else made
            if fits(func, args, place):
                return func(*args, out=place)
    return func(*args)


def runs_on(place: Any) -> bool:
    """Whether elements lie one behind the other along the last axis that has several.

    Into a column NumPy 2.4's ``isfinite`` and ``negative`` write wrong values: a block that is one is copied.

    Examples
    --------
    >>> runs_on(np.ones((3, 4))[:, 1:3]), runs_on(np.ones((3, 4))[:, 1:2])
    (True, False)
    """
    for n, stride in zip(reversed(place.shape), reversed(place.strides), strict=True):
        if n > 1:
            return bool(stride == place.itemsize)
    return True


def flat_program(program: Program) -> FlatProgram:
    """Return a program that does the same and reuses memory."""
    flat = FlatProgram(
        program.n_inputs, program.constants, program.n_temporaries, program.steps, program.result, program.labels
    )
    flat.plan = plan_reuse(program)
    steps = program.steps
    flat.delivers = (
        len(steps) > 1
        and isinstance(steps[-1].func, Deliver)
        and steps[-1].sources[0] == steps[-2].target
        and not steps[-2].names
    )
    return flat


def plan_reuse(program: Program) -> Plan:
    """Return for each step the register of a temporary that it may write its result into, -1 if there is none.

    A register may be written into if a ufunc made its value, or a function that says that it is ``fresh``, only ufuncs (and this
    step) have read it, and it dies with this step.
    """
    first = program.n_inputs + len(program.constants)
    steps = program.steps
    # owned: registers whose value is memory of the program's own that nothing else refers to.
    owned: set[int] = set()
    out: list[int] = []
    for step in steps:
        plain = is_plain_ufunc(step.func) and not step.names
        found = -1
        if plain:
            for source in dict.fromkeys(step.sources):
                # It dies if its register is cleared or overwritten by this very step.
                if source >= first and source in owned and (source == step.target or source in step.clear):
                    found = source
                    break
        else:
            # What other functions give may be a view of what they read.
            owned.difference_update(step.sources)
        owned.difference_update(step.clear)
        owned.discard(step.target)
        if plain or getattr(step.func, "fresh", False):
            owned.add(step.target)
        out.append(MIXED if plain and found < 0 and len(step.sources) > 1 else found)
    return tuple(out)


def is_plain_ufunc(func: Callable[..., Any]) -> bool:
    """Whether a function is a ufunc that works element by element with one result."""
    return isinstance(func, np.ufunc) and func.nout == 1 and func.signature is None
