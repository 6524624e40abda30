"""Why no worker takes a task: none is there, none is allowed to, none offers what it asks for, all are paused or leaving.

Place in the flow: `reasons` asks for tasks that are queued or in the state "no-worker". Not for: what keeps workers busy.
"""

from __future__ import annotations

from typing import Any, Final

from minidask_distributed.scheduler.machine.records import Task, Worker
from minidask_distributed.scheduler.machine.state import ClusterState
from minidask_distributed.scheduler.observing.relations import MOST_SHOWN
from minidask_distributed.scheduler.observing.wording import by_name, label, listed, memory_of, offers

PAUSED: Final = {
    "kind": "paused",
    "advice": "release futures that aren't needed, use smaller pieces, or give workers more memory (memory_limit)",
}


def restriction(state: ClusterState, task: Task) -> dict[str, Any]:
    """Return why no worker may run a task: the fields of an `Explanation`."""
    options = task.options
    workers = sorted((one for one in state.workers.values() if one.status != "gone"), key=by_name)
    if options is None or not workers:
        return {"kind": "no-workers", "reason": "the cluster has no workers", "advice": "start workers"}
    wants = [f"{name}={amount:g}" for name, amount in options.resources.items()]
    named = [
        one
        for one in workers
        if not options.workers or {one.address, one.name, one.info.get("host")}.intersection(options.workers)
    ]
    details = [f"{label(one)} offers {offers(one)}" for one in workers[:MOST_SHOWN]] if wants else []
    if len(workers) > MOST_SHOWN and wants:
        details.append(f"… and {len(workers) - MOST_SHOWN} more workers")
    if options.workers and not named:
        there = listed(label(one) for one in workers)
        return {
            "kind": "restricted",
            "reason": f"it may only run on {listed(options.workers)}, and none of these is there",
            "details": [f"there are {there}", *details],
            "advice": "start such a worker, or submit with allow_other_workers=True",
        }
    leaving = [one for one in named if one.status == "closing"]
    if leaving and not wants:
        reason = (
            f"it may only run on {listed(map(label, leaving))}, which {'is' if len(leaving) == 1 else 'are'} leaving"
        )
        return {"kind": "leaving", "reason": reason, "details": details}
    where = f" among {listed(options.workers)}" if options.workers else ""
    most = {name: max((one.resources.get(name, 0) for one in named), default=0) for name in options.resources}
    lacking = [name for name, amount in options.resources.items() if most[name] < amount]
    reason = f"no worker{where} has the resources that it asks for: {listed(wants)}"
    if leaving and not lacking:
        reason += f" (only {listed(map(label, leaving))}, leaving)"
    return {
        "kind": "resources",
        "reason": reason,
        "details": details,
        "advice": "start a worker that offers them: minidask-worker --resources "
        + repr(" ".join(wants))
        + ", LocalCluster(resources={…}); or ask for less",
    }


def without_running(workers: list[Worker]) -> dict[str, Any]:
    """Return why none of these workers, which may run a task, takes any: the fields of an `Explanation`."""
    there = sorted((one for one in workers if one.status != "gone"), key=by_name)
    paused = [one for one in there if one.status == "paused"]
    if not there:
        advice = "start workers: cluster.scale(n), or minidask-worker"
        return {"kind": "no-workers", "reason": "the cluster has no workers", "advice": advice}
    if paused:
        details = [f"{label(one)}: {memory_of(one)}" for one in paused[:MOST_SHOWN]]
        return {
            **PAUSED,
            "reason": f"every worker that may run it is paused for want of memory: {listed(map(label, paused))}",
            "details": details,
        }
    return {"kind": "leaving", "reason": f"every worker that may run it is leaving: {listed(map(label, there))}"}
