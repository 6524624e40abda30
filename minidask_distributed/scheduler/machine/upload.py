"""Take in what clients upload: tasks in chunks, and wants of existing results.

Place in the flow: called by `machine` for `Upload` and `Want`; makes tasks, and calls `transitions.schedule`.

Rows of a chunk are in order of execution and name earlier rows only, so one pass suffices. Equal keys are equal tasks:
a row whose key is alive adds nothing but its wants, and gives back what it announced for its dependencies; if the user
chose that key and the living task has another recipe, the row is refused.

Invariant: the announced counts of an open submission are always what its tasks' ``announced`` contain of it, so that a
client that leaves in the middle of an upload leaves nothing behind.
"""

from __future__ import annotations

from typing import Any

from minidask_distributed.messages import MAX_PRIORITY, Upload, Want
from minidask_distributed.protocol.keys import decode_keys
from minidask_distributed.scheduler.machine.clearing import clear_all
from minidask_distributed.scheduler.machine.queues import enqueue_root, spread
from minidask_distributed.scheduler.machine.records import Client, Failure, Options, Recipe, Submission, Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.machine.states import FORGOTTEN, RELEASED
from minidask_distributed.scheduler.machine.transitions import drop, schedule, want


def upload(state: ClusterState, client: Client, message: Upload) -> None:
    """Take in one chunk of a submission.

    Raises
    ------
    ValueError
        If the chunk contradicts itself or what came before; the client can't be trusted with the rest, either.
    """
    _check(message)
    submission = client.submissions.get(message.submission)
    if submission is None:
        count = max(message.announced, len(message.recipe))
        submission = Submission(message.submission, message.first, state.reserve(count), count)
        client.submissions[message.submission] = submission
        spread(state, submission, message.roots)
    if message.first != submission.first + submission.rows:
        raise ValueError(f"upload chunk begins at {message.first}, expected {submission.first + submission.rows}")
    if submission.rows + len(message.recipe) > submission.reserved:
        raise ValueError("more rows than the submission announced")
    for number, digest, payload in message.recipes:
        if number in client.recipes:
            raise ValueError(f"the recipe number {number} means another recipe already")
        client.recipes[number] = state.recipe(digest, payload)
        client.recipes[number].n_tasks += 1  # the session itself, until it ends or forgets it
    _rows(state, client, submission, message)
    if message.last:
        close_submission(state, client, submission)
    client.credit_due += 1
    if 2 * client.credit_due >= state.limits.credit:
        # Rarely, and otherwise along with something else: a message for each submit would cost both sides a wake-up.
        state.dirty_clients[client] = None


def _check(message: Upload) -> None:
    rows = len(message.recipe)
    columns = (message.literals, message.n_deps, message.dependents)
    if any(len(column) != rows for column in columns) or sum(message.n_deps) != len(message.deps):
        raise ValueError("the columns of an upload chunk have different lengths")
    if message.option is not None and len(message.option) != rows:
        raise ValueError("the columns of an upload chunk have different lengths")


def _rows(state: ClusterState, client: Client, submission: Submission, message: Upload) -> None:
    keys = decode_keys(message.keys)
    if len(keys) != len(message.recipe):
        raise ValueError("the columns of an upload chunk have different lengths")
    options = [_options(state, fields) for fields in message.options]
    option = message.option
    first = message.first
    serial = submission.serial + submission.rows
    known, tasks, local_tasks = state.keys, state.tasks, client.tasks
    if (state.unneeded or state.departing) and any(key in known for key in keys):
        # It may be about to go, with what it failed of or another call that it stands for.
        clear_all(state)
    recipes = client.recipes
    wanted = None if message.wanted is None else set(message.wanted)
    named = set(message.named)
    deps_column, at = message.deps, 0
    first_row, left, refused = submission.first, submission.left, submission.refused
    epoch_bits = state.task_id(0)
    row = 0
    for key, recipe_number, literals, n_deps, dependents in zip(
        keys, message.recipe, message.literals, message.n_deps, message.dependents, strict=True
    ):
        local = first + row
        deps: tuple[Task, ...] = ()
        if n_deps:
            found = []
            why: Failure | None = None
            for dep_local in deps_column[at : at + n_deps]:
                why = why or refused.get(dep_local)
                if not 0 <= dep_local < local:
                    raise ValueError(f"task {key!r} names the later row {dep_local} as its dependency")
                dep = local_tasks.get(dep_local)
                if dep is None or dep.state == FORGOTTEN:
                    # Cancelled while this row was on its way.
                    continue
                if dep_local >= first_row:
                    if not left[dep_local - first_row]:
                        raise ValueError(f"task {dep.key!r} has more dependents than were announced")
                    left[dep_local - first_row] -= 1
                    submission.n_left -= 1
                    dep.announced -= 1
                found.append(dep)
            deps = tuple(found)
            at += n_deps
            if len(found) != n_deps or why is not None:
                left.append(0)
                if why is not None:
                    refused[local] = why
                _without_dependency(state, client, local, deps, wanted is None or row in wanted, why)
                row += 1
                continue
        left.append(dependents)
        submission.n_left += dependents
        recipe = recipes.get(recipe_number)
        if recipe is None:
            raise ValueError(f"task {key!r} has the unknown recipe {recipe_number}")
        task = known.get(key)
        if task is None:
            chosen = options[option[row]] if option is not None and option[row] >= 0 else None
            task = Task(epoch_bits | (serial + row), key, recipe, literals, deps, chosen)
            known[key] = task
            tasks.set(serial + row, task)
            state.counts[RELEASED] += 1
            recipe.n_tasks += 1
            if chosen is not None:
                chosen.n_tasks += 1
            for dep in deps:
                add_dependent(dep, task)
            if row in named:
                state.chosen.add(task)
            refusal = None
        else:
            compared = row in named and task in state.chosen
            refusal = _refusal(task, recipe, literals, deps) if compared else None
            if refusal is not None:
                refused[local] = refusal
            if task.failure is not None and task.failure.kind == "cancelled":
                # Somebody gave it up, and is still to name it: that isn't the answer to who asks for it now.
                task.failure = None
                state.move(task, RELEASED)
            give_back(state, deps)
        task.announced += dependents
        local_tasks.set(local, task)
        if wanted is None or row in wanted:
            if refusal is not None:
                state.tell_failed(client, local, refusal)
                submission.unwanted.append(local)
            else:
                want(state, task, client, local)
        else:
            submission.unwanted.append(local)
        if task.state == RELEASED:
            if task.client is None and not task.announced:
                # Nobody asks for it, and nothing will.
                drop(state, task)
            elif not deps and task.recipe is recipe and (task.options is None or not task.options.restricted):
                enqueue_root(state, submission, task)
            else:
                schedule(state, task)
        if not n_deps:
            submission.n_roots += 1
        row += 1
    submission.rows += row
    for chosen in options:
        if not chosen.n_tasks:
            chosen.n_tasks = 1
            state.drop_options(chosen)


def _without_dependency(
    state: ClusterState, client: Client, local: int, deps: tuple[Task, ...], wanted: bool, why: Failure | None
) -> None:
    """A row names something that was cancelled, or refused: so is the row itself."""
    if wanted and why is not None:
        state.tell_failed(client, local, why)
    elif wanted:
        state.tell_cancelled(client, local, "something that it depends on was cancelled")
    give_back(state, deps)


def give_back(state: ClusterState, deps: tuple[Task, ...]) -> None:
    """A row adds no dependent after all: drop what only it would have needed."""
    for dep in deps:
        if not dep.needed:
            drop(state, dep)


def add_dependent(dep: Task, task: Task) -> None:
    """Enter a new task among the dependents of one of its dependencies."""
    dep.n_live += 1
    dependents = dep.dependents
    if dependents is None:
        dep.dependents = task
    elif type(dependents) is Task:
        dep.dependents = [dependents, task]
    else:
        dependents.append(task)  # type: ignore[union-attr]
        if len(dependents) > 64 and len(dependents) > 2 * dep.n_live:  # type: ignore[arg-type]
            # Forgotten ones are swept out once they are the majority.
            dep.dependents = [one for one in dependents if one.state != FORGOTTEN]  # type: ignore[union-attr]


def _refusal(task: Task, recipe: Recipe, literals: Any, deps: tuple[Task, ...]) -> Failure | None:
    """Return why a user's own key can't be used again, None if it means the same task."""
    same_call = task.recipe is recipe
    if not same_call and task.recipe is not None and type(recipe.payload) is not bytes:
        # In one process recipes aren't known by their content.
        same_call = task.recipe.payload == recipe.payload
    if same_call and task.literals == literals and task.deps == deps:
        return None
    text = (
        f"the key {task.key!r} is in use for a different task; choose another key, or release the futures of the first "
        "task before"
    )
    return Failure.own(task, "refused", "ValueError", text)


def _options(state: ClusterState, fields: dict[str, Any]) -> Options:
    """Return the record of a set of options; equal ones share it."""
    text = repr(sorted(fields.items(), key=str))
    options = state.options.get(text)
    if options is None:
        priority = fields.get("priority") or 0
        if not isinstance(priority, int) or abs(priority) > MAX_PRIORITY:
            raise ValueError(f"priority must be a whole number of at most {MAX_PRIORITY} in size, got {priority!r:.80}")
        options = Options(text, fields)
        if options.restricted:
            for worker in state.workers.values():
                if may_run(worker, options):
                    options.candidates[worker] = None
        state.options[text] = options
    return options


def may_run(worker: Worker, options: Options) -> bool:
    """Return whether a worker may run tasks with these options."""
    if worker.status not in ("running", "paused"):
        return False
    names = options.workers
    if names and not (worker.address in names or worker.name in names or worker.info.get("host") in names):
        return False
    return all(worker.resources.get(name, 0) >= amount for name, amount in options.resources.items())


def close_submission(state: ClusterState, client: Client, submission: Submission) -> None:
    """End an upload, complete or not: what was announced and didn't come isn't waited for any more."""
    client.submissions.pop(submission.number, None)
    doubtful = []
    if submission.n_left:
        for row, left in enumerate(submission.left):
            task = client.tasks.get(submission.first + row) if left else None
            if task is not None:
                task.announced -= left
                doubtful.append(task)
    for local in submission.unwanted:
        task = client.tasks.pop(local)
        if task is not None:
            doubtful.append(task)
    for task in doubtful:
        if not task.needed:
            drop(state, task)


def want_keys(state: ClusterState, client: Client, message: Want) -> None:
    """A client asks for results by key; unknown keys are told to be cancelled."""
    for local, key in enumerate(decode_keys(message.keys), message.first):
        task = state.keys.get(key)
        if task is None:
            state.tell_cancelled(
                client, local, "the scheduler doesn't know this key: its futures were all released, or it was cancelled"
            )
            continue
        client.tasks.set(local, task)
        want(state, task, client, local)
        if task.state == RELEASED:
            schedule(state, task)
