"""Results that don't fit into memory: `SpillBuffer` keeps the least recently used ones in files.

Place in the flow: a worker keeps its results in one; the layer above `comm`, of which it uses nothing but the wire form of
values (`protocol.payload`). `buffer` decides what is where, `files` is the disk, `accounting` counts.
"""

from minidask_distributed.spill.buffer import SpillBuffer
from minidask_distributed.spill.files import SpillDamaged

__all__ = ["SpillBuffer", "SpillDamaged"]
