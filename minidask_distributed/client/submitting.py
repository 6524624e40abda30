"""`Client.submit`: one call at a time.

Place in the flow: a part of `Client`. The call is encoded on the caller's thread, so that what can't be sent raises there, and
its row waits in the session for the loop, or for whoever waits for a result, to send it with others.

Invariants: an equal pure call whose future is alive here is the same task and isn't sent again; a key that a user chose is
always sent, for the scheduler to say whether it means the same.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import minidask
import minidask_distributed
from minidask.delayed.naming import fresh_token
from minidask.graph.annotations import current_annotations
from minidask.graph.convert import check_key
from minidask.graph.task import Key, func_name
from minidask.units import format_bytes
from minidask_distributed.client.awaiting import Waits
from minidask_distributed.client.errors import FutureLostError, error_of_state
from minidask_distributed.client.future import Future, future_of
from minidask_distributed.client.naming import call_token, check_function, function_token, name_of
from minidask_distributed.client.options import options_of
from minidask_distributed.client.session import CANCELLED, LOST, Session
from minidask_distributed.messages import ForgetRecipes
from minidask_distributed.protocol.calls import RecipeRef

ACTORS = "actors aren't built yet; keep the state in a task's result, or on the worker (`get_worker()`)"


class Submissions(Waits):
    """The part of a client that sends single calls, and what others that send calls share."""

    # Literals and recipes beyond that are warned about.
    _large_bytes: int = 10_000_000

    def submit(
        self,
        func: Callable[..., Any],
        *args: Any,
        key: Key | None = None,
        workers: Any = None,
        resources: dict[str, float] | None = None,
        retries: int | None = None,
        priority: int = 0,
        fifo_timeout: Any = None,
        allow_other_workers: bool = False,
        actor: bool = False,
        actors: bool = False,
        pure: bool = True,
        **kwargs: Any,
    ) -> Future:
        """Run ``func(*args, **kwargs)`` on the cluster.

        Parameters
        ----------
        func : callable
            Also a coroutine function.
        *args, **kwargs
            Its arguments. Futures among them, also in containers, stand for their results.
        key : key, optional
            A name for the task. Default: made from the function and its arguments.
        workers : str or list of str, optional
            Addresses, names or hosts of the workers that may run it.
        resources : dict, optional
            What it takes of workers' resources, as ``{"GPU": 1}``.
        retries : int, optional
            How often to run it again if it fails.
        priority : int
            Larger ones go first.
        fifo_timeout
            Taken and ignored: what is submitted first goes first.
        allow_other_workers : bool
            Whether other workers may run it if none of ``workers`` can.
        pure : bool
            Whether equal calls have equal results: then they are one task.

        Returns
        -------
        Future

        Raises
        ------
        TypeError
            If the function can't be called, or it or an argument can't be sent; or an option has the wrong type.
        ValueError
            If an argument is a future of another client.
        concurrent.futures.CancelledError
            If an argument is a future that was cancelled, or lost with a connection.
        CommClosedError
            If the client was closed, or has lost its scheduler.

        Examples
        --------
        >>> future = client.submit(pow, 2, 10)  # doctest: +SKIP
        >>> future.result()  # doctest: +SKIP
        1024
        """
        self._check_open()
        check_function("submit", func)
        if actor or actors:
            raise NotImplementedError(ACTORS)
        options = self._options(workers, allow_other_workers, resources, retries, priority)
        named = key is not None
        shared = pure and not named
        if key is None:
            token = call_token(function_token(func, kwargs), args) if pure else fresh_token()
            key = f"{name_of(func)}-{token}"
        else:
            check_key(key)
        if shared:
            with self._lock:
                state = self._session.find(key)
                if state is not None:
                    state.refs += 1
                    return future_of(self, state)
        with self._encoding:
            session = self._begin_submission(named)
            ref, literals, deps = session.encoder.encode(func, args, kwargs, self._resolve)
            if ref.blob is not None:
                with self._lock:
                    session.recipes.append(list(ref))
            self._check_size(func, ref, literals)
            with self._lock:
                local = session.reserve(1)
                session.rows(local).append(key, ref.number, literals, deps, options, named)
                # Made before anything is sent: Ctrl-C while that is done gives the task back.
                future = future_of(self, session.add(key, local))
        self._flush_soon()
        return future

    def _begin_submission(self, named: bool) -> Session:
        """Have what isn't sent by name pickled anew, and let the scheduler forget what wasn't used for long.

        Returns the session that the whole submission belongs to, whatever becomes of the connection meanwhile.
        """
        if named and self._dropped:
            # A user's key whose futures are gone may mean something else from now on.
            with self._lock:
                self._release_dropped()
        session = self._session
        session.encoder.new_submission()
        outdated = session.encoder.outdated()
        if outdated:
            with self._lock:
                session.post(ForgetRecipes(outdated))
        return session

    def _options(
        self,
        workers: Any,
        allow_other_workers: Any,
        resources: Any,
        retries: Any,
        priority: Any,
    ) -> dict[str, Any] | None:
        """Return the options of a call in wire form, with the annotations in force here."""
        annotations = current_annotations()
        if annotations is None and workers is None and not (allow_other_workers or resources or retries or priority):
            return None
        return options_of(
            workers=workers,
            allow_other_workers=allow_other_workers or None,
            resources=resources,
            retries=retries,
            priority=priority,
            annotations=annotations,
        )

    def _resolve(self, future: Any) -> int:
        """Return the local id of a future that is an argument.

        Raises
        ------
        ValueError
            If it belongs to another client, or was released.
        concurrent.futures.CancelledError
            If it was cancelled or lost.
        """
        state = future._state
        if future._client is not self:
            if future._client is None:
                raise ValueError(f"the future {state.key!r} was released: it can't be an argument any more")
            raise ValueError(f"the future {state.key!r} belongs to another client; use one client, or gather it first")
        if state.status in (CANCELLED, LOST):
            error = error_of_state(state)
            assert error is not None
            raise error
        if self._session.states.get(state.id) is not state:
            raise FutureLostError(
                state.key, "it was held for a connection that was lost; pass the value itself (`future.result()`)"
            )
        local: int = state.id
        return local

    def _check_size(self, func: Any, ref: RecipeRef, literals: Any, key: Any = None) -> None:
        """Warn, with the culprit's name, if what is sent with one task is large."""
        if type(literals) is bytes and len(literals) > self._large_bytes:
            self._warn_of(
                f"the arguments of {func_name(func)}" + (f" (task {key!r})" if key is not None else ""), literals
            )
        if type(ref.blob) is bytes and len(ref.blob) > self._large_bytes:
            self._warn_of(f"the function {func_name(func)}, with what it refers to,", ref.blob)

    def _warn_of(self, what: str, data: bytes) -> None:
        warnings.warn(
            f"{what} take {format_bytes(len(data))} in the message to the scheduler. Better scatter large data once and pass "
            "the future: `client.submit(func, client.scatter(data))`, or load them in the task.",
            UserWarning,
            stacklevel=_stacklevel(),
        )


# Of both packages: a warning is to point at the user's line.
_OWN = tuple(
    f"{Path(package.__file__).parent}{os.sep}" for package in (minidask, minidask_distributed) if package.__file__
)


def _stacklevel() -> int:
    """Return the level with which ``warnings.warn``, called by the caller of this, points outside of the packages."""
    frame = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame = frame.f_back
        level += 1
    return level
