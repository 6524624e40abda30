"""The client: calls, collections and graphs to a cluster, and results back.

Place in the flow: beside scheduler and worker, which it knows by messages alone; above `comm` and `protocol`. `client` has the
public class and tells of its parts; `future`, `as_completed`, `waiting` and `executor` are what users hold in their hands;
`session` (pure) is the heart. This module re-exports nothing: `minidask_distributed` has the public names.
"""
