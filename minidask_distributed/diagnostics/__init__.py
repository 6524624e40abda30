"""Where users of the field find `MemorySampler`: it samples the cluster's memory while something runs."""

from minidask_distributed.client.memory_sampler import MemorySampler

__all__ = ["MemorySampler"]
