"""`Client.map`: one function over many arguments.

Place in the flow: a part of `Client`. Calls go up in chunks, each sent as soon as it is encoded.

Invariants: results are in the order of the arguments; what is said of `submitting` about equal calls and chosen keys holds
here, also within one map.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from queue import Queue
from typing import Any

from minidask.delayed.naming import fresh_token
from minidask.graph.convert import check_key
from minidask.graph.task import Key
from minidask_distributed.client.future import Future, future_of
from minidask_distributed.client.naming import call_token, check_function, function_token, name_of
from minidask_distributed.client.rows import CHUNK_ROWS, Rows, chunks
from minidask_distributed.client.session import Session, State
from minidask_distributed.client.submitting import ACTORS, Submissions
from minidask_distributed.protocol.pickling import dumps
from minidask_distributed.protocol.references import collecting, with_slots


class Maps(Submissions):
    """The part of a client that maps functions."""

    def map(
        self,
        func: Callable[..., Any],
        *iterables: Any,
        key: Key | Sequence[Key] | None = None,
        workers: Any = None,
        retries: int | None = None,
        resources: dict[str, float] | None = None,
        priority: int = 0,
        allow_other_workers: bool = False,
        fifo_timeout: Any = None,
        actor: bool = False,
        actors: bool = False,
        pure: bool = True,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> list[Future]:
        """Run ``func`` on each item of ``iterables`` (on the first items of all of them, then on the second ones …).

        Parameters
        ----------
        func : callable
        *iterables : list-like
            As many as the function has positional arguments; the shortest one counts. Items that are futures stand for their
            results.
        key : str or list of keys, optional
            What the tasks' names begin with, or all their names.
        batch_size : int, optional
            How many calls are sent at a time.
        workers, retries, resources, priority, allow_other_workers, fifo_timeout, pure
            As for `submit`; they count for each call.
        **kwargs
            Keyword arguments of each call; they are sent once.

        Returns
        -------
        list of Future

        Raises
        ------
        TypeError
            If the function can't be called, an iterable is an iterator (it could be read only once, and may never end), or
            something can't be sent.
        ValueError
            If there are more or fewer keys than calls, or ``batch_size`` is less than 1; and as `submit`.

        Examples
        --------
        >>> futures = client.map(pow, [1, 2, 3], [2, 2, 2])  # doctest: +SKIP
        >>> client.gather(futures)  # doctest: +SKIP
        [1, 4, 9]
        """
        self._check_open()
        calls = _calls(func, iterables)
        if actor or actors:
            raise NotImplementedError(ACTORS)
        if batch_size is not None and (
            not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1
        ):
            raise ValueError(f"batch_size must be a whole number of at least 1, got {batch_size!r}")
        options = self._options(workers, allow_other_workers, resources, retries, priority)
        if isinstance(key, list | tuple) and not isinstance(key, str):
            keys = _own_keys(key, len(calls))
            named = True
        else:
            prefix = name_of(func) if key is None else _prefix(key)
            named = False
            if pure:
                function = function_token(func, kwargs)
                keys = [f"{prefix}-{call_token(function, args)}" for args in calls] if calls else []
            else:
                token = fresh_token()
                keys = [f"{prefix}-{token}-{at}" for at in range(len(calls))]
        if not calls:
            return []
        with self._encoding:
            session = self._begin_submission(named)
            if kwargs and not self._holds_reference(kwargs):
                func, kwargs = partial(func, **kwargs), {}
            roots = sum(Future not in map(type, args) for args in calls)
            upload = _Upload(self, session, func, kwargs, len(calls), roots)
            most = min(batch_size or CHUNK_ROWS, CHUNK_ROWS)
            futures: list[Future] = []
            try:
                for chunk in chunks(len(calls), most):
                    last = chunk.stop == len(calls)
                    futures += upload.send(keys[chunk], calls[chunk], options, named, pure and not named, last)
                    if not chunk.start and not last:
                        self._give_way()
            except BaseException:
                # The error's traceback holds this frame: what was sent is to be given back at once.
                futures.clear()
                raise
            finally:
                upload.close()
        return futures

    def _holds_reference(self, kwargs: Mapping[str, Any]) -> bool:
        """Say whether there is a future in the keyword arguments, however deep."""
        values = list(kwargs.values())
        collect = collecting(self._resolve, {})
        if not self._session.serialize:
            with_slots(values, collect)
            return collect.used
        with collect:
            try:
                dumps(values)
            except TypeError:
                # Encoding the first call says what is wrong, and of which argument.
                return True
        return collect.used


class _Upload:
    """The chunks of one map."""

    def __init__(
        self,
        client: Submissions,
        session: Session,
        func: Callable[..., Any],
        kwargs: dict[str, Any],
        count: int,
        roots: int,
    ) -> None:
        self.client = client
        self.session = session
        self.func = func
        self.kwargs = kwargs
        self.count = count
        self.roots = roots
        self.number = 0
        self.first = 0
        self.sent = 0
        self.is_open = False

    def send(
        self,
        keys: list[Key],
        calls: list[tuple[Any, ...]],
        options: dict[str, Any] | None,
        named: bool,
        shared: bool,
        last: bool,
    ) -> list[Future]:
        """Send the calls that aren't known yet; return futures of all."""
        client, session = self.client, self.session
        known: dict[Key, Future] = {}
        if shared:
            known = self._known(keys)
            new = {key: args for key, args in zip(keys, calls) if key not in known}
            keys_sent, calls = list(new), list(new.values())
        else:
            keys_sent = keys
        if not keys_sent and not (last and self.number):
            return [known[key] for key in keys]
        columns = self._encode(calls)
        made: list[State] = []
        with client._lock:
            if not self.number:
                session.end_rows()
                self.number, self.first, self.is_open = session.new_submission(), session.reserve(self.count), True
            first = self.first + self.sent
            made = session.add_many(keys_sent, first)
            rows = Rows(first)
            rows.keys = keys_sent
            rows.recipe, rows.literals, rows.deps, rows.n_deps = columns
            rows.dependents = [0] * len(keys_sent)
            if named:
                rows.named = list(range(len(keys_sent)))
            if options is not None:
                rows.options, rows.option = [options], [0] * len(keys_sent)
            self._post(rows, last)
            self.sent += len(keys_sent)
        # Made before anything is sent: Ctrl-C while that is done gives the tasks back.
        futures: list[Future] = []
        try:
            futures += [future_of(client, state) for state in made]
        except BaseException:
            client._dropped.extend(made)
            raise
        client._flush()
        if len(futures) == len(keys):
            return futures
        known.update(zip(keys_sent, futures))
        return [known[key] for key in keys]

    def _known(self, keys: list[Key]) -> dict[Key, Future]:
        """Return futures of the calls that are tasks of this client already."""
        by_key = self.session.by_key
        if by_key.keys().isdisjoint(keys):
            return {}
        with self.client._lock:
            found = {key: state for key in keys if (state := by_key.get(key)) is not None}
            for state in found.values():
                state.refs += 1
        return {key: future_of(self.client, state) for key, state in found.items()}

    def _encode(self, calls: list[tuple[Any, ...]]) -> tuple[list[int], list[Any], list[int], list[int]]:
        client, func, kwargs = self.client, self.func, self.kwargs
        encode, resolve, limit = self.session.encoder.encode, client._resolve, client._large_bytes
        numbers: list[int] = []
        packed: list[Any] = []
        all_deps: list[int] = []
        n_deps: list[int] = []
        for args in calls:
            ref, literals, deps = encode(func, args, kwargs, resolve)
            if ref.blob is not None:
                client._check_size(func, ref, None)
                with client._lock:
                    self.session.recipes.append(list(ref))
            if type(literals) is bytes and len(literals) > limit:
                client._check_size(func, ref, literals)
            numbers.append(ref.number)
            packed.append(literals)
            all_deps += deps
            n_deps.append(len(deps))
        return numbers, packed, all_deps, n_deps

    def _post(self, rows: Rows, last: bool) -> None:
        session = self.session
        session.post(rows.upload(self.number, self.count, self.roots, last, session.take_recipes()))
        if last:
            self.is_open = False

    def close(self) -> None:
        """End the submission, also in the middle: what was announced and didn't come isn't waited for."""
        if self.is_open:
            with self.client._lock:
                self._post(Rows(self.first + self.sent), True)
            self.client._flush()


def _calls(func: Any, iterables: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    check_function("map", func)
    if not iterables:
        raise TypeError("map takes at least one iterable beside the function")
    for one in iterables:
        if isinstance(one, Iterator | Queue):
            raise TypeError(
                f"map takes lists and the like, not a {type(one).__name__}, which can be read only once and may never end; "
                "make a list of it, or call submit in a loop"
            )
    return list(zip(*iterables))


def _own_keys(keys: Sequence[Key], count: int) -> list[Key]:
    if len(keys) != count:
        raise ValueError(f"key= has {len(keys)} names for {count} calls; there must be one for each")
    for key in keys:
        check_key(key)
    return list(keys)


def _prefix(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"key must be a text, or a list of keys, got {type(key).__name__}")
    return key
