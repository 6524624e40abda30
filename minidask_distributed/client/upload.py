"""A graph to the scheduler: ordered, encoded and streamed in chunks, the first of which runs while others are encoded.

Place in the flow: `computing` brings lowered tasks; here they are cut where this client holds a result already, put in
order, and sent as rows; futures come back for the outputs.

Functions of one shape are one recipe: a ``Program`` that one task uses (fused chains, calls with nested arguments) gives its
constants to its task's arguments, so that tasks that differ in them alone share it.

Invariants: a row names earlier rows, or results that this client holds; what it names is kept until it is sent. Keys that a
user chose are always sent, for the scheduler to say whether a living task of that name means the same. If a task can't be
encoded, what was sent before is given back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from minidask.graph.convert import convert
from minidask.graph.layer import Derived, SingleLayer, chosen_by_user
from minidask.graph.layered import LayeredGraph
from minidask.graph.order import order
from minidask.graph.program import Program
from minidask.graph.task import Key, Task, TaskRef, fetched, identity
from minidask_distributed.client.future import Future, future_of
from minidask_distributed.client.rows import Rows, chunks
from minidask_distributed.client.session import Session
from minidask_distributed.client.submitting import Submissions

# In place of a task whose result is held: order() is to see no further.
_LEAF = Task(identity, (None,))

Options = Callable[[Mapping[str, Any] | None], "dict[str, Any] | None"]
"""Gives the options of tasks with these annotations, in wire form."""


def upload(
    client: Submissions, tasks: Mapping[Key, Task], outputs: Iterable[Key], named: Iterable[Key], options: Options
) -> dict[Key, Future]:
    """Send what ``outputs`` need, and return futures of these.

    Parameters
    ----------
    client : Submissions
    tasks : mapping of key to Task
        All that the outputs need. Tasks that only hold a future (``held(future)``, ``literal(future)``) stand for its result.
    outputs : iterable of keys
    named : iterable of keys
        Those that a user chose.
    options : callable
        See `Options`.

    Raises
    ------
    KeyError, CycleError
        For graphs that can't be run.
    TypeError
        If something in a task can't be sent.
    ValueError
        If a task refers to another client's future.
    """
    outputs = list(dict.fromkeys(outputs))
    named = set(named)
    with client._encoding:
        session = client._begin_submission(bool(named))
        held = _held(client, tasks, named)
        cut = {**tasks, **dict.fromkeys(held, _LEAF)} if held else tasks
        keys = [key for key in order(cut, outputs) if key not in held]
        made = _Upload(client, session, tasks, keys, held, named, options).send(outputs) if keys else {}
    return {key: held[key] if key in held else made[key] for key in outputs}


def user_tasks(graph: Mapping[Any, Any]) -> dict[Key, Task]:
    """Return the tasks in a graph whose keys a user chose: all of a plain dict, those of users' own layers.

    A graph that stands for another one (`Derived`) has none: fused tasks aren't what anybody wrote.

    Examples
    --------
    >>> user_tasks({"x": 1})
    {'x': <Task identity(1)>}
    """
    if isinstance(graph, Derived):
        return {}
    if not isinstance(graph, LayeredGraph):
        return dict(convert(graph))
    chosen: dict[Key, Task] = {}
    for layer in graph.layers.values():
        if type(layer) is not SingleLayer:
            chosen.update(chosen_by_user(layer) or {})
    return chosen


def user_keys(graph: Mapping[Any, Any]) -> set[Key]:
    """Return the keys of `user_tasks`, without making the tasks of a plain dict.

    Examples
    --------
    >>> user_keys({"x": 1})
    {'x'}
    """
    return set(user_tasks(graph) if isinstance(graph, LayeredGraph | Derived) else graph)


def _held(client: Submissions, tasks: Mapping[Key, Task], named: set[Key]) -> dict[Key, Future]:
    """Return futures of the tasks whose results this client holds, or will."""
    by_key = client._session.by_key
    with client._lock:
        found = [state for key in tasks if (state := by_key.get(key)) is not None and key not in named]
        for state in found:
            state.refs += 1
    held = {state.key: future_of(client, state) for state in found}
    for key, task in tasks.items():
        if (task.func is fetched or task.func is identity) and len(task.args) == 1 and type(task.args[0]) is Future:
            client._resolve(task.args[0])
            held[key] = task.args[0]
    return held


class _Upload:
    """One submission of a graph."""

    def __init__(
        self,
        client: Submissions,
        session: Session,
        tasks: Mapping[Key, Task],
        keys: list[Key],
        held: Mapping[Key, Future],
        named: set[Key],
        options: Options,
    ) -> None:
        self.client = client
        self.session = session
        self.tasks = tasks
        self.keys = keys
        self.named = named
        self.options = options
        self.programs = _Programs(tasks, keys)
        # The futures in `held` keep what rows name alive until the last chunk is posted.
        self.ids: dict[Key, int] = {key: future._state.id for key, future in held.items()}
        place = dict(zip(keys, count()))
        self.dependents = [0] * len(keys)
        self.roots = 0
        for key in keys:
            needed = tasks[key].dependencies
            if not needed:
                self.roots += 1
            for one in needed:
                at = place.get(one)
                if at is not None:
                    self.dependents[at] += 1
        # {id of annotations: their options}; the tasks keep the annotations alive.
        self.known_options: dict[int, dict[str, Any] | None] = {}

    def send(self, outputs: Sequence[Key]) -> dict[Key, Future]:
        client, session, keys = self.client, self.session, self.keys
        with client._lock:
            session.end_rows()
            number, first = session.new_submission(), session.reserve(len(keys))
        self.ids.update(zip(keys, count(first)))
        wanted = set(outputs)
        futures: dict[Key, Future] = {}
        sent = 0
        try:
            for piece in chunks(len(keys)):
                chunk = keys[piece]
                rows = self._rows(chunk, first + sent, sent)
                last = sent + len(chunk) == len(keys)
                places = [at for at, key in enumerate(chunk) if key in wanted]
                with client._lock:
                    states = [session.add(chunk[at], rows.first + at) for at in places]
                    recipes = session.take_recipes()
                    session.post(rows.upload(number, len(keys), self.roots, last, recipes, places))
                futures.update((state.key, future_of(client, state)) for state in states)
                sent += len(chunk)
                client._flush()
                if not piece.start and not last:
                    client._give_way()
        finally:
            if 0 < sent < len(keys):
                with client._lock:
                    end = Rows(first + sent).upload(number, len(keys), self.roots, True, session.take_recipes(), [])
                    session.post(end)
                client._flush()
        return futures

    def _rows(self, keys: list[Key], first: int, start: int) -> Rows:
        client, tasks, named, programs = self.client, self.tasks, self.named, self.programs
        encode, limit = self.session.encoder.encode, client._large_bytes
        rows = Rows(first)
        rows.keys = keys
        rows.dependents = self.dependents[start : start + len(keys)]
        add_recipe, add_literals = rows.recipe.append, rows.literals.append
        all_deps, add_count = rows.deps, rows.n_deps.append
        resolve, known_options = self._resolve, self.known_options
        for at, key in enumerate(keys):
            task = tasks[key]
            func, args = task.func, task.args
            if type(func) is Program and task.kwargs is None:
                func, args = programs.shared(func, args)
            ref, literals, deps = encode(func, args, task.kwargs, resolve)
            if ref.blob is not None:
                with client._lock:
                    self.session.recipes.append(list(ref))
                client._check_size(func, ref, None)
            if type(literals) is bytes and len(literals) > limit:
                client._check_size(func, ref, literals, key)
            add_recipe(ref.number)
            add_literals(literals)
            all_deps += deps
            add_count(len(deps))
            if key in named:
                rows.named.append(at)
            annotations = task.annotations
            if id(annotations) not in known_options:
                known_options[id(annotations)] = self.options(annotations)
            options = known_options[id(annotations)]
            if options is not None or rows.option is not None:
                self._choose(rows, options, at)
        return rows

    def _choose(self, rows: Rows, options: dict[str, Any] | None, at: int) -> None:
        if rows.option is None:
            rows.option = [-1] * at
        rows.choose(options)

    def _resolve(self, reference: Any) -> int:
        if type(reference) is TaskRef:
            return self.ids[reference.key]
        return self.client._resolve(reference)


class _Programs:
    """Share programs between tasks of one shape.

    A program that many tasks use as it is stays as it is: its constants travel once, with it.
    """

    def __init__(self, tasks: Mapping[Key, Task], keys: Iterable[Key]) -> None:
        self.uses: dict[int, int] = {}
        for key in keys:
            func = tasks[key].func
            if type(func) is Program:
                self.uses[id(func)] = self.uses.get(id(func), 0) + 1
        # {what a program does: the program that stands for all that do so}
        self.by_structure: dict[Any, Program] = {}

    def shared(self, program: Program, args: tuple[Any, ...]) -> tuple[Program, tuple[Any, ...]]:
        """Return a program and arguments that give the same result."""
        constants = program.constants
        if self.uses.get(id(program), 0) != 1 and Future not in map(type, constants):
            return program, args
        # Registers are inputs, then constants: turning constants into inputs changes no number.
        made = program
        if constants or program.labels:
            n_inputs = program.n_inputs + len(constants)
            made = Program(n_inputs, (), program.n_temporaries, program.steps, program.result)
        try:
            known = self.by_structure.setdefault(made.structure, made)
        except TypeError:  # a function that can't be hashed
            known = made
        return known, (*args, *constants)
