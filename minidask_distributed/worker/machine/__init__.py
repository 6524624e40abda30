"""What a worker decides, without input or output, clock or dice: tasks, fetches and reports as one pure state machine.

Place in the flow: `worker.execute` and `worker.server` are its shells; the simulated clusters of tests are others.
"""

from minidask_distributed.worker.machine.instructions import Abandon, Fetch, Instruction, Interrupt, Keep
from minidask_distributed.worker.machine.machine import WorkerMachine
from minidask_distributed.worker.machine.records import DEFAULT_EXECUTOR, Recipe, Task

__all__ = [
    "DEFAULT_EXECUTOR",
    "Abandon",
    "Fetch",
    "Instruction",
    "Interrupt",
    "Keep",
    "Recipe",
    "Task",
    "WorkerMachine",
]
