"""The scheduler as a pure machine: messages, comms that close and ticks go in, messages come out.

Place in the flow: `scheduler.server` (or a simulation) feeds it and sends what `flush` gives; everything that decides
lives below this package, and nothing here knows sockets, clocks or threads. The same events at the same times give the
same messages.

Invariants: a message of a peer that didn't introduce itself, or that its role may not send, raises ValueError and
changes nothing; the shell then closes that peer, as after any other error here. `check.sanity_check` holds after every
event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from minidask_distributed.messages import (
    Bye,
    Call,
    Cancel,
    ClientBeat,
    Erred,
    Finished,
    ForgetRecipes,
    Held,
    KeepUntilDone,
    LongRunning,
    Lost,
    Message,
    Missing,
    NeedRecipes,
    Notice,
    OpenSession,
    Recalled,
    RegisterNanny,
    RegisterWorker,
    Release,
    Retry,
    Scatter,
    Upload,
    UploadTaken,
    Want,
    WorkerBeat,
    WorkerDied,
    WorkerStatus,
)
from minidask_distributed.scheduler.machine import cancelling, clients, holding, outcomes, queues, upload, workers
from minidask_distributed.scheduler.machine.assign import assign
from minidask_distributed.scheduler.machine.clearing import clear
from minidask_distributed.scheduler.machine.records import Client, Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState, Limits

_CLIENT: dict[type[Message], Callable[[ClusterState, Client, Any], None]] = {
    Upload: upload.upload,
    Want: upload.want_keys,
    Scatter: holding.scatter,
    Release: clients.release,
    Cancel: cancelling.cancel,
    Retry: clients.retry,
    KeepUntilDone: clients.keep_until_done,
    ForgetRecipes: clients.forget_recipes,
}

_WORKER: dict[type[Message], Callable[[ClusterState, Worker, Any], None]] = {
    Finished: outcomes.finished,
    Erred: outcomes.erred,
    Held: outcomes.held,
    Missing: outcomes.missing,
    Recalled: outcomes.recalled,
    LongRunning: outcomes.long_running,
    Lost: outcomes.lost,
    NeedRecipes: outcomes.need_recipes,
    WorkerStatus: workers.status,
}


class SchedulerMachine:
    """The scheduler's decisions.

    Parameters
    ----------
    epoch : int
        Number of this scheduler's life, below 2**15; upper bits of its task ids.
    limits : Limits, optional
    serialize : bool
        Whether clients are to pickle what they upload (not if every worker lives in this process).

    Examples
    --------
    >>> from minidask_distributed.messages import OpenSession
    >>> machine = SchedulerMachine(epoch=1)
    >>> machine.handle(7, OpenSession("me", {}), now=0.0)
    >>> machine.flush(0.0)
    {7: [SessionOpened(session=1, epoch=1, credit=8, serialize=True)]}
    """

    def __init__(self, epoch: int, limits: Limits | None = None, serialize: bool = True) -> None:
        if not 0 < epoch < 1 << 15:
            raise ValueError(f"epoch must lie between 1 and 32767, got {epoch}")
        self.state = ClusterState(epoch, limits or Limits(), serialize)

    # ------------------------------------------------------------ events

    def handle(self, peer: int, message: Message, now: float) -> None:
        """Take in one message of a peer (numbers of peers are the shell's, never reused).

        Raises
        ------
        ValueError
            If the peer may not send this, or it contradicts itself.
        """
        state = self.state
        state.now = now
        kind = type(message)
        state.log.stimulus(kind.__name__, now)
        worker = state.worker_peers.get(peer)
        if worker is not None:
            worker.last_seen = now
            act = _WORKER.get(kind)
            if act is not None:
                act(state, worker, message)
            elif isinstance(message, WorkerBeat):
                self._beat(worker, message)
            elif kind is Notice:
                state.notice("worker-notice", worker=worker.address, message=message)
            else:
                raise ValueError(f"a worker may not send {kind.__name__}")
            return
        client = state.clients.get(peer)
        if client is not None:
            client.last_seen = now
            take = _CLIENT.get(kind)
            if take is None and kind is not ClientBeat:
                raise ValueError(f"a client may not send {kind.__name__}")
            if client.behind is not None:
                client.behind.append(message)
            elif take is not None:
                take(state, client, message)
            return
        self._introduction(peer, message)

    def _introduction(self, peer: int, message: Message) -> None:
        state = self.state
        if isinstance(message, OpenSession):
            clients.open_session(state, peer, message)
        elif isinstance(message, RegisterWorker):
            workers.register(state, peer, message)
        elif isinstance(message, RegisterNanny):
            workers.nanny_joins(state, peer, message)
        elif isinstance(message, WorkerDied) and peer in state.nannies:
            workers.nanny_speaks(state, message)
        elif not any(worker.peer == peer for worker in state.workers.values()) and not self._left(peer):
            raise ValueError(f"{type(message).__name__} from a peer that didn't introduce itself")

    def _left(self, peer: int) -> bool:
        """Whether a peer belonged to the cluster and was told to go: its last words are void."""
        return peer in self.state.other_out or peer in self.state.departed

    def gone(self, peer: int, now: float, reason: str = "", on_purpose: bool = False) -> None:
        """A peer's comm is closed; ``on_purpose`` if it said goodbye: then nothing that it ran is to blame."""
        state = self.state
        state.now = now
        state.log.stimulus("gone", now)
        state.other_out.pop(peer, None)
        state.departed.discard(peer)
        if (worker := state.worker_peers.get(peer)) is not None:
            workers.peer_gone(state, worker, reason, on_purpose)
        elif (client := state.clients.get(peer)) is not None:
            if client.behind is not None:
                # What it said before its end counts, and isn't taken yet.
                client.behind.append(Bye(reason))
            else:
                clients.client_gone(state, client, reason)
        elif peer in state.nannies:
            workers.nanny_gone(state, peer)

    def tick(self, now: float, deaf_s: float = 0.0) -> None:
        """Time has passed: a few times a second.

        Parameters
        ----------
        deaf_s
            For how long nobody listened until now, since this process was stopped or busy: that was nobody's silence.
        """
        state = self.state
        state.now = now
        state.log.stimulus("tick", now)
        if deaf_s > 0:
            workers.was_deaf(state, deaf_s)
            for client in state.clients.values():
                client.last_seen = min(client.last_seen + deaf_s, now)
        workers.watch(state)
        limit = state.limits.client_ttl_s
        if limit:
            for client in list(state.clients.values()):
                if now - client.last_seen > limit:
                    state.to_close.append((client.peer, f"nothing was heard of it for {limit:g} s"))
                    clients.client_gone(state, client, "it fell silent")

    def _beat(self, worker: Worker, message: WorkerBeat) -> None:
        worker.metrics = message.metrics
        if message.bandwidth > 0:
            state = self.state
            state.bandwidth = (state.bandwidth * 7 + message.bandwidth) // 8

    # ------------------------------------------------------------ what servers ask for

    def retire(self, numbers: Iterable[int], now: float, reason: str = "it was retired") -> None:
        """Let workers leave in order; unknown numbers are ignored."""
        self.state.now = now
        self.state.log.stimulus("retire", now)
        for number in numbers:
            worker = self.state.workers.get(number)
            if worker is not None:
                workers.retire(self.state, worker, reason)

    def kill(self, number: int, now: float, restart: bool, reason: str) -> bool:
        """Have a worker's process ended; False if it has no nanny, or there is no such worker."""
        self.state.now = now
        worker = self.state.workers.get(number)
        return worker is not None and workers.kill(self.state, worker, restart, reason)

    def slow(self, peer: int, is_slow: bool) -> None:
        """Say whether a client takes what it is sent too slowly: no small results are sent to it then, it asks for them."""
        client = self.state.clients.get(peer)
        if client is not None:
            client.takes_values = not is_slow

    def restart(self, now: float, reason: str = "the cluster was restarted") -> None:
        """Give up all tasks of all clients; the workers' processes are the shell's business (`kill`).

        It is done when `gives_up` is false, after as many flushes as that takes.
        """
        self.state.now = now
        self.state.log.stimulus("restart", now)
        cancelling.give_all_up(self.state, reason)

    def hold_back(self, peer: int, call: Message) -> bool:
        """Keep a client's call while what it gave up itself, or said before, isn't through; `take_calls` has it then."""
        client = self.state.clients.get(peer)
        if client is None or client.behind is None or not (client.behind or self.state.behind[client]):
            return False
        client.behind.append(call)
        return True

    @property
    def workers(self) -> dict[int, Worker]:
        """{number: worker}."""
        return self.state.workers

    @property
    def clients(self) -> dict[int, Client]:
        """{peer: client}."""
        return self.state.clients

    @property
    def tasks_by_key(self) -> dict[Any, Task]:
        """{key: task}."""
        return self.state.keys

    def story(self, keys: Iterable[Any]) -> Iterator[tuple[Any, str, str, str, float]]:
        """Yield (key, start, finish, stimulus, time) of the logged moves of the tasks that have these keys now."""
        names = {task.id: key for key in keys if (task := self.state.keys.get(key)) is not None}
        for task_id, start, finish, stimulus, when in self.state.log.story(set(names)):
            yield names[task_id], start, finish, stimulus, when

    # ------------------------------------------------------------ effects

    def flush(self, now: float) -> dict[int, list[Message]]:
        """Decide who gets which task, and return what is to be sent to each peer since the last flush."""
        state = self.state
        state.now = now
        if self.unfinished:
            clear(state)
            cancelling.go_on(state)
            queues.rehouse(state)
            if state.behind and not self.gives_up:
                self._catch_up()
        state.drops_left = state.limits.drops
        assign(state)
        if state.leaving_changed or any(worker.status == "closing" for worker in state.touched):
            workers.let_leave(state)
            assign(state)
        out: dict[int, list[Message]] = {}
        if state.freeing:
            self._free(now)
        if state.touched:
            for worker in state.touched:
                if worker.out:
                    out[worker.peer] = worker.out
                    worker.out = []
            state.touched = {}
        if state.dirty_clients:
            for client in state.dirty_clients:
                if client.credit_due:
                    client.out.append(UploadTaken(client.credit_due))
                    client.credit_due = 0
                if client is not state.keeper and not client.gone:
                    out[client.peer] = client.out
                client.out = []
            state.dirty_clients = {}
        if state.other_out:
            for peer, messages in state.other_out.items():
                out.setdefault(peer, []).extend(messages)
                if peer not in state.nannies:
                    state.departed.add(peer)
            state.other_out = {}
        return out

    def _free(self, now: float) -> None:
        """Have workers told what to free that are sent something else, or have had time enough."""
        state = self.state
        latest = now - state.limits.free_after_s
        for worker, since in list(state.freeing.items()):
            if worker in state.touched:
                del state.freeing[worker]
            elif since <= latest:
                del state.freeing[worker]
                state.touched[worker] = None

    @property
    def flush_after_s(self) -> float | None:
        """Seconds after which there is something to send even if nothing happens; None: there isn't."""
        return self.state.limits.free_after_s if self.state.freeing else None

    def _catch_up(self) -> None:
        """Take the next message of each client that waited until what it gave up was gone."""
        state = self.state
        for client in list(state.behind):
            if client.behind:
                message = client.behind.popleft()
                kind = type(message)
                try:
                    if kind is Call:
                        state.calls.append((client.peer, message))
                    elif kind is Bye:
                        clients.client_gone(state, client, message.reason)  # type: ignore[attr-defined]
                    elif (take := _CLIENT.get(kind)) is not None:
                        take(state, client, message)
                except Exception as error:
                    # As if it had just come: whoever sends such a thing is sent away.
                    state.to_close.append((client.peer, f"{type(error).__name__}: {error}"))
                    client.behind = None
            if not client.behind and not self.gives_up:
                client.behind = None
                state.behind.pop(client, None)

    @property
    def gives_up(self) -> bool:
        """Whether something that was given up is still to end."""
        return bool(self.state.giving_up or self.state.unneeded)

    @property
    def unfinished(self) -> bool:
        """Whether more is to be done than one turn allows: then flush again, when others have had theirs."""
        state = self.state
        return bool(state.unneeded or state.departing or state.giving_up or state.homeless or state.behind)

    def take_notices(self) -> list[tuple[str, Any]]:
        """Return and forget the notes for the shell: (topic, content)."""
        notices, self.state.notices = self.state.notices, []
        return notices

    def take_calls(self) -> list[tuple[int, Message]]:
        """Return and forget the calls that `hold_back` kept and whose turn it is: (peer, call)."""
        calls, self.state.calls = self.state.calls, []
        return calls

    def take_closings(self) -> list[tuple[int, str]]:
        """Return and forget which peers the shell is to close, and why."""
        closings, self.state.to_close = self.state.to_close, []
        return closings
