"""A worker: runs tasks on threads, keeps their results, gives them to others.

Place in the flow: `server` is the worker as others see it; `machine` decides, `engine` guards it, `execute` and `calls` run
tasks, `transfer` moves values, `memory` watches, `directory` and `blame` keep files, `handlers` answer calls by name, and
`context` is what tasks may ask. `process` is for processes that run nothing else. Nothing is imported here, so that each part
costs only itself; the class is `minidask_distributed.Worker`.
"""
