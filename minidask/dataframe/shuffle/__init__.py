"""Moving rows between partitions: one plan, one hash, several ways to carry it out.

Tour: ``targets`` (which partition each row goes to), ``pieces`` (cutting partitions and putting pieces together), ``methods``
(the ways: in memory, on disk; the cluster registers its own), ``rearrange`` (the layer, and the function that merges,
sorts and groups call).
"""

from minidask.dataframe.shuffle.methods import Method, register_method
from minidask.dataframe.shuffle.rearrange import Rearrange, rearrange
from minidask.dataframe.shuffle.targets import HashTargets, RangeTargets

__all__ = ["HashTargets", "Method", "RangeTargets", "Rearrange", "rearrange", "register_method"]
