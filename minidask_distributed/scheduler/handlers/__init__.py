"""What peers may ask of a scheduler by name: the handlers of calls.

Place in the flow: `calls.CallDesk` finds a call's handler here. A handler is ``name(scheduler, caller, **arguments)``, plain
or a coroutine; its arguments and its result are plain values, keys go as columns of `protocol.keys`. `queries` answer
questions about the state, `administration` is for workers and the cluster, `observing` for events and records, and
`code` is the one module that runs what users send.
"""

from minidask_distributed.scheduler.handlers import administration, code, observing, queries

HANDLERS = {**queries.HANDLERS, **administration.HANDLERS, **observing.HANDLERS, **code.HANDLERS}
"""{name of the call: handler}."""

__all__ = ["HANDLERS"]
