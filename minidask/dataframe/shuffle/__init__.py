"""Moving rows between partitions: one plan, one hash, several ways to carry it out.

Tour: ``targets`` (which partition each row goes to) over ``hashing`` and ``ranges``; ``layout`` and ``pieces`` (cutting
partitions and putting pieces together, as flat arrays); ``methods`` (the ways: in memory, on disk; the cluster registers its
own); ``store`` (memory or disk, as bytes grow) over ``budget``, ``folder`` and ``spill``; ``rearrange`` (the layer, and the
function that merges, sorts and groups call); ``partitioning`` (what is in place already); ``shuffling`` (the method that users
call).
"""

from minidask.dataframe.shuffle.methods import Method, register_method
from minidask.dataframe.shuffle.partitioning import is_partitioned_by, layer_is_partitioned_by, rows_meet
from minidask.dataframe.shuffle.rearrange import Rearrange, rearrange
from minidask.dataframe.shuffle.shuffling import ShuffleMethods
from minidask.dataframe.shuffle.targets import HashTargets, RangeTargets

__all__ = [
    "HashTargets",
    "Method",
    "RangeTargets",
    "Rearrange",
    "ShuffleMethods",
    "is_partitioned_by",
    "layer_is_partitioned_by",
    "rearrange",
    "register_method",
    "rows_meet",
]
