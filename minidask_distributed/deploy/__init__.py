"""Clusters that start their own scheduler and workers: on this machine, or wherever a specification says.

Place in the flow: above everything but the command lines. `local` has `LocalCluster`; `spec` has `SpecCluster`, which it
and other deployments are made of; `cluster` is what all have in common for their users; `crew` starts, matches and ends
the parts on an event loop; `link` makes calls to the scheduler.
"""

from minidask_distributed.deploy.cluster import Cluster
from minidask_distributed.deploy.local import LocalCluster
from minidask_distributed.deploy.spec import ProcessInterface, SpecCluster

__all__ = ["Cluster", "LocalCluster", "ProcessInterface", "SpecCluster"]
