"""What peers may ask of a scheduler by name: the handlers of calls.

Place in the flow: `calls.CallDesk` finds a call's handler here. A handler is ``name(scheduler, caller, **arguments)``, plain
or a coroutine; its arguments and its result are plain values, keys go as columns of `protocol.keys`. `queries` answer
questions about the state, `administration` is for workers and the cluster, `observing` for events and records, `explaining`
for questions why, `measuring` for profiles and memory over time, and `code` is the one module that runs what users send.
"""

from minidask_distributed.scheduler.handlers import administration, code, explaining, measuring, observing, queries

_MODULES = (queries, administration, observing, explaining, measuring, code)

HANDLERS = {name: handler for module in _MODULES for name, handler in module.HANDLERS.items()}
"""{name of the call: handler}."""

__all__ = ["HANDLERS"]
