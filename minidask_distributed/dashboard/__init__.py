"""The live dashboard: pages over HTTP of a scheduler and of each worker, fed while somebody looks.

Place in the flow: above scheduler and worker, which know of it only as one of their services; `deploy`, the command lines and a
nanny's child make a `service.Dashboard` and give it to them. A socket is bound at once; everything else (tornado, then bokeh) is
imported, on a thread, when the first connection comes.

Not for: collecting (`scheduler.observing`), or anything that changes the cluster: every request here only looks.
"""
