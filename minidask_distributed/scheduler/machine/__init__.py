"""The scheduler's machine: events in, messages out; no clock, socket, thread or dice.

Place in the flow: `scheduler.server` wraps it for real, `testing` for simulations. `machine` is the door; `records` and
`state` are what is known, `transitions` what moves, `upload`, `outcomes`, `holding`, `workers`, `clients` what happens,
`queues` and `assign` who runs what, `check` what must hold.
"""

from minidask_distributed.scheduler.machine.check import sanity_check
from minidask_distributed.scheduler.machine.machine import SchedulerMachine
from minidask_distributed.scheduler.machine.state import Limits

__all__ = ["Limits", "SchedulerMachine", "sanity_check"]
