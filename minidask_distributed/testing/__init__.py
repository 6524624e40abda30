"""Fakes for tests of what is built on a cluster: recorded comms, a clock that jumps, and whole clusters in one thread.

Place in the flow: above the machines of scheduler and worker, which it drives for real; nothing but tests and the two programs
(`lives`, `scale`) imports it. Guide page: "Simulated clusters".
"""

from minidask_distributed.testing.clock import Timer, VirtualClock
from minidask_distributed.testing.cluster import SimulatedCluster
from minidask_distributed.testing.comms import RecordingComm
from minidask_distributed.testing.network import Network, Process

__all__ = ["Network", "Process", "RecordingComm", "SimulatedCluster", "Timer", "VirtualClock"]
