"""The cluster: scheduler, workers and client that run minidask's graphs on many processes and machines.

Place in the flow: above all of `minidask`, which never imports this package; a client registers itself as a runner with
`minidask.schedulers`, so that every collection computes on the cluster without knowing it.

This package holds no code yet: nothing can be imported from it, and graphs run on the local schedulers meanwhile
(`scheduler="threads"`, `"processes"` or `"sync"`).
"""
