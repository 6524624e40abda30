"""The part of a client that asks: where results are, what workers do, what happened. Nothing here changes anything.

Place in the flow: `Client` inherits it; each method is a call to the scheduler (`Connection.call`), which may ask workers
or nannies in turn, and puts the answer into the form that the field knows.

Invariants: keys and addresses come back as they are elsewhere (keys as users wrote them, addresses as in
``scheduler_info()``); with an asynchronous client every method returns something to be awaited.

Not for: orders (`administration`), or results.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from minidask.graph.task import Key
from minidask.units import parse_timedelta
from minidask_distributed.client.around import Around
from minidask_distributed.client.connection import Connection
from minidask_distributed.client.current import current_client
from minidask_distributed.client.errors import error_of
from minidask_distributed.client.future import Future
from minidask_distributed.client.pictures import draw, wants_picture
from minidask_distributed.client.versioning import installed, mismatches
from minidask_distributed.client.waiting import futures_of
from minidask_distributed.protocol.keys import decode_keys, encode_keys
from minidask_distributed.protocol.payload import ByReference, Payload, pack, unpack

__all__ = ["Queries", "get_task_stream"]


class Queries(Connection):
    """Questions to the cluster."""

    def who_has(self, futures: Any = None, **kwargs: Any) -> Any:
        """Return ``{key: addresses of the workers that hold its result}``.

        Parameters
        ----------
        futures : futures, keys, collections or lists of them, optional
            Default: all results that are held.

        Raises
        ------
        TypeError
            For what is none of these.
        """
        return self.sync(self._who_has, _column(futures), **kwargs)

    async def _who_has(self, column: list[Any] | None) -> dict[Key, list[str]]:
        answer = await self.call("who_has", keys=column)
        return dict(zip(decode_keys(answer["keys"]), answer["workers"], strict=True))

    def has_what(self, workers: Any = None, **kwargs: Any) -> Any:
        """Return ``{address: keys of the results that the worker holds}``.

        Parameters
        ----------
        workers : str or list of str, optional
            Addresses or names. Default: all.
        """
        return self.sync(self._keys_by_worker, "has_what", workers_list(workers), **kwargs)

    def processing(self, workers: Any = None, **kwargs: Any) -> Any:
        """Return ``{address: keys of the tasks that were sent to the worker and aren't done}``.

        Parameters
        ----------
        workers : str or list of str, optional
            Addresses or names. Default: all.
        """
        return self.sync(self._keys_by_worker, "processing", workers_list(workers), **kwargs)

    async def _keys_by_worker(self, name: str, workers: list[str] | None) -> dict[str, list[Key]]:
        answer = await self.call(name, workers=workers)
        return {address: decode_keys(column) for address, column in answer.items()}

    def nthreads(self, workers: Any = None, **kwargs: Any) -> Any:
        """Return ``{address: number of threads that run tasks}``.

        Parameters
        ----------
        workers : str or list of str, optional
            Addresses or names. Default: all.
        """
        return self.sync(self.call, "nthreads", workers=workers_list(workers), **kwargs)

    def ncores(self, workers: Any = None, **kwargs: Any) -> Any:
        """Return ``nthreads(workers)``, by its older name."""
        return self.nthreads(workers, **kwargs)

    def nbytes(self, keys: Any = None, summary: bool = True, **kwargs: Any) -> Any:
        """Return the bytes of results that are held.

        Parameters
        ----------
        keys : futures, keys or lists of them, optional
            Default: all.
        summary : bool
            Add up what belongs together by the keys' prefixes: ``{prefix: bytes}``. If False, ``{key: bytes}``.
        """
        return self.sync(self._nbytes, _column(keys), summary, **kwargs)

    async def _nbytes(self, column: list[Any] | None, summary: bool) -> dict[Key, int]:
        answer = await self.call("nbytes", keys=column, summary=summary)
        if summary:
            return answer
        return dict(zip(decode_keys(answer["keys"]), answer["nbytes"], strict=True))

    def get_versions(self, check: bool = False, packages: Sequence[str] | None = None) -> Any:
        """Return the versions of Python and of packages in all processes.

        Parameters
        ----------
        check : bool
            Raise if they differ where they matter.
        packages : list of str, optional
            Other packages to look for, by the names they are installed under.

        Returns
        -------
        dict
            ``{"scheduler": process, "workers": {address: process}, "client": process}``, where a process is
            ``{"host": {...}, "packages": {name: version}}``; None for what isn't installed.

        Raises
        ------
        ValueError
            If they differ, with ``check``; the message names each difference.
        """
        return self.sync(self._get_versions, check, list(packages or ()))

    async def _get_versions(self, check: bool, packages: list[str]) -> dict[str, Any]:
        look = pack((installed, (packages,), {}))
        try:
            scheduler = payload_value(await self.call("run_on_scheduler", payload=look))
        except PermissionError:
            # It runs nobody's functions; what it says of itself will do.
            scheduler = {"host": {}, "packages": await self.call("versions")}
        workers = await self._broadcast("run", {"payload": look})
        found = {
            "scheduler": scheduler,
            "workers": {address: payload_value(told) for address, told in workers.items()},
            "client": installed(packages),
        }
        if check and (notes := mismatches(found)):
            raise ValueError("install the same versions everywhere; these differ:\n" + "\n".join(notes))
        return found

    def get_task_stream(
        self,
        start: float | str | None = None,
        stop: float | str | None = None,
        count: int | None = None,
        plot: bool | str = False,
        filename: str = "task-stream.html",
        bokeh_resources: Any = None,
    ) -> Any:
        """Return which tasks ran when and where.

        Parameters
        ----------
        start, stop : float or str, optional
            Seconds since the epoch, or how long ago, as ``"500ms"``.
        count : int, optional
            At most so many tasks, the latest.
        plot : bool or str
            Return a figure, too; ``"save"``: and write it to ``filename``.
        filename : str
            The HTML page that ``plot="save"`` writes.
        bokeh_resources : bokeh.resources.Resources, optional
            Where the page has the code of Bokeh from. Default: in itself.

        Returns
        -------
        list of dict
            One a task: ``"key"`` (None if it was forgotten before anybody asked), ``"worker"`` (address), ``"thread"``
            (number), ``"status"`` (``"OK"``), ``"nbytes"``, and ``"startstops"``, a list of a dict with ``"action"``,
            ``"start"`` and ``"stop"`` (seconds since the epoch). With ``plot`` a pair of it and the figure.

        Raises
        ------
        ValueError
            For another ``plot``.
        ImportError
            With ``plot``, if Bokeh isn't installed.
        """
        wanted, file = wants_picture(plot, filename)
        now = time.time()
        bounds = moment(start, now), moment(stop, now), count
        if not wanted:
            return self.sync(self._get_task_stream, *bounds)
        return self.sync(self._drawn_task_stream, bounds, file, bokeh_resources)

    async def _drawn_task_stream(self, bounds: tuple[Any, ...], file: str | None, resources: Any) -> tuple[Any, Any]:
        records = await self._get_task_stream(*bounds)
        return records, draw("task_stream", records, file, resources=resources)

    async def _get_task_stream(
        self, start: float | None, stop: float | None, count: int | None
    ) -> list[dict[str, Any]]:
        return executions_of(await self.call("task_stream", start=start, stop=stop, count=count))

    def get_scheduler_logs(self, n: int | None = None) -> Any:
        """Return the scheduler's last log lines, newest first, as pairs of level and line.

        Parameters
        ----------
        n : int, optional
            At most so many.
        """
        return self.sync(self._get_scheduler_logs, n)

    async def _get_scheduler_logs(self, n: int | None) -> list[tuple[str, str]]:
        return [(level, line) for level, line in await self.call("scheduler_logs", n=n)]

    def get_worker_logs(self, n: int | None = None, workers: Any = None, nanny: bool = False) -> Any:
        """Return ``{address: log lines of the worker}``, newest first, as pairs of level and line.

        Parameters
        ----------
        n : int, optional
            At most so many of each.
        workers : str or list of str, optional
            Addresses or names. Default: all.
        nanny : bool
            Ask their nannies instead, which also have what the processes printed.
        """
        return self.sync(self._get_worker_logs, n, workers_list(workers), nanny)

    async def _get_worker_logs(self, n: int | None, workers: list[str] | None, nanny: bool) -> dict[str, Any]:
        answers = await self._broadcast("logs", {"n": n}, workers, nanny=nanny)
        return {address: [(level, line) for level, line in lines] for address, lines in answers.items()}

    def get_events(self, topic: str | None = None) -> Any:
        """Return logged events, oldest first, as pairs of seconds since the epoch and what was logged.

        Parameters
        ----------
        topic : str, optional
            Default: ``{topic: events}`` of all topics.
        """
        return self.sync(self._get_events, topic)

    async def _get_events(self, topic: str | None) -> Any:
        answer = await self.call("events", topic=topic)
        if topic is not None:
            return _events(answer)
        return {name: _events(events) for name, events in answer.items()}

    def story(self, *keys_or_stimuli: Any, on_error: str = "raise") -> Any:
        """Return how tasks went from state to state in the scheduler, oldest first.

        Parameters
        ----------
        *keys_or_stimuli : futures or keys
        on_error
            Taken so that programs that pass it go on working; the scheduler alone is asked.

        Returns
        -------
        list of tuple
            ``(key, start, finish, stimulus, time)``; the times are of the scheduler's own clock.
        """
        return self.sync(self._story, _column(list(keys_or_stimuli)))

    async def _story(self, column: list[Any]) -> list[tuple[Any, ...]]:
        return [(as_key(move[0]), *move[1:]) for move in await self.call("story", keys=column)]

    def call_stack(self, futures: Any = None, keys: Any = None) -> Any:
        """Return what running tasks are doing at this moment: ``{address: {key: lines of the stack}}``.

        Parameters
        ----------
        futures, keys : futures, keys or lists of them, optional
            Default: all tasks that run.
        """
        wanted = None if futures is None and keys is None else {*(keys_of(futures) or ()), *(keys_of(keys) or ())}
        return self.sync(self._call_stack, wanted)

    async def _call_stack(self, wanted: set[Key] | None) -> dict[str, dict[Key, list[str]]]:
        found = {}
        for address, answer in (await self._broadcast("call_stack", on_error="ignore")).items():
            stacks = dict(zip(decode_keys(answer["keys"]), answer["stacks"], strict=True))
            stacks = {key: lines for key, lines in stacks.items() if wanted is None or key in wanted}
            if stacks:
                found[address] = stacks
        return found

    def _executing(self, futures: Iterable[Future]) -> set[Future]:
        """Return those of the futures whose tasks run on a thread at this moment."""
        running = self.call_stack()
        keys = {key for stacks in running.values() for key in stacks}
        return {future for future in futures if future.key in keys}

    async def _broadcast(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        workers: list[str] | None = None,
        *,
        nanny: bool = False,
        on_error: str = "raise",
    ) -> dict[str, Any]:
        """Make a call to workers or nannies; return {address: value, or with on_error="return" maybe an exception}."""
        answers = await self.call(
            "broadcast", name=name, arguments=arguments or {}, workers=workers, nanny=nanny, on_error=on_error
        )
        return {
            address: error_of(answer["failure"]) if "failure" in answer else answer["value"]
            for address, answer in answers.items()
        }


def executions_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the call ``task_stream`` answered as `Queries.get_task_stream` does."""
    keys: list[Any] = decode_keys(answer["keys"])
    if answer["keyed"] is not None:
        by_place = dict(zip(answer["keyed"], keys, strict=True))
        keys = [by_place.get(at) for at in range(len(answer["worker"]))]
    columns = zip(
        keys, answer["worker"], answer["thread"], answer["start"], answer["duration"], answer["nbytes"], strict=True
    )
    return [
        {
            "key": key,
            "worker": answer["addresses"][worker],
            "thread": thread,
            "status": "OK",
            "nbytes": nbytes,
            "startstops": [{"action": "compute", "start": begin / 1e6, "stop": (begin + duration) / 1e6}],
        }
        for key, worker, thread, begin, duration, nbytes in columns
    ]


class get_task_stream(Around):
    """Collect the tasks that ran during a block, in ``data`` afterwards; see `Queries.get_task_stream`.

    Parameters
    ----------
    client : Client, optional
        Default: the current one.
    plot : bool or str
        Have a figure in ``figure`` afterwards; ``"save"``: and write it to ``filename``.
    filename : str
        The HTML page that ``plot="save"`` writes.

    Raises
    ------
    ValueError
        If there is no client, or for another ``plot``.
    ImportError
        With ``plot``, at the end of the block, if Bokeh isn't installed.

    Examples
    --------
    >>> with get_task_stream(client) as stream:  # doctest: +SKIP
    ...     client.gather(client.map(inc, range(10)))
    >>> len(stream.data)  # doctest: +SKIP
    10
    """

    def __init__(self, client: Any = None, plot: bool | str = False, filename: str = "task-stream.html") -> None:
        self._wanted, self._file = wants_picture(plot, filename)
        self.client = current_client() if client is None else client
        self.data: list[dict[str, Any]] = []
        self.figure: Any = None
        self._start = 0.0

    async def _begin(self) -> None:
        # The first question has the scheduler keep the keys from now on.
        await self.client.call("task_stream", count=0)
        self._start = time.time()

    async def _end(self) -> None:
        self.data.extend(await self.client._get_task_stream(self._start, None, None))
        if self._wanted:
            self.figure = draw("task_stream", self.data, self._file)


def keys_of(what: Any) -> list[Key] | None:
    """Return the keys that are meant: of futures, of collections of futures, or given as they are; None for None.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> keys_of("x"), keys_of(["x", ("y", 0)])
    (['x'], ['x', ('y', 0)])
    """
    if what is None:
        return None
    items = list(what) if isinstance(what, list | set | frozenset) else [what]
    keys: dict[Key, None] = {}
    for item in items:
        if isinstance(item, str | int | float) or (isinstance(item, tuple) and item and isinstance(item[0], str)):
            keys[item] = None
            continue
        found = futures_of(item)
        if not found and not isinstance(item, list | tuple | set | dict):
            raise TypeError(f"futures or keys were expected, got {type(item).__name__}: {item!r:.80}")
        keys.update((future.key, None) for future in found)
    return list(keys)


def as_key(sent: Any) -> Any:
    """Return a single key that was sent outside of a column, where tuples become lists.

    Examples
    --------
    >>> as_key(["x", [0, 1]]), as_key("x")
    (('x', (0, 1)), 'x')
    """
    return tuple([as_key(part) for part in sent]) if isinstance(sent, list | tuple) else sent


def workers_list(workers: Any) -> list[str] | None:
    """Return workers' addresses or names as a list; None for None.

    Raises
    ------
    TypeError
        If it is neither a text nor a collection of texts or numbers.

    Examples
    --------
    >>> workers_list("tcp://127.0.0.1:4000"), workers_list(("alice", 1))
    (['tcp://127.0.0.1:4000'], ['alice', '1'])
    """
    if workers is None:
        return None
    if isinstance(workers, str | int):
        return [str(workers)]
    if not isinstance(workers, Iterable) or not all(isinstance(worker, str | int) for worker in workers):
        raise TypeError(f"workers must be addresses or names, got {workers!r:.100}")
    return [str(worker) for worker in workers]


def _column(what: Any) -> Any:
    keys = keys_of(what)
    return None if keys is None else encode_keys(keys)


def payload_value(content: Any) -> Any:
    """Return what a payload holds, and anything else as it is."""
    return unpack(content) if isinstance(content, Payload | ByReference) else content


def _events(events: Iterable[Sequence[Any]]) -> tuple[tuple[float, Any], ...]:
    return tuple([(stamp, payload_value(content)) for stamp, content in events])


def moment(when: float | str | None, now: float) -> float | None:
    """Return a time in seconds since the epoch; a text says how long ago.

    >>> moment("2s", 10.0), moment(3, 10.0)
    (8.0, 3)
    """
    if not isinstance(when, str):
        return when
    seconds = parse_timedelta(when)
    assert seconds is not None
    return now - seconds
