"""The command lines: ``minidask-scheduler`` and ``minidask-worker``.

Place in the flow: on top of everything. `scheduler` and `worker` are the programs; `options` has what their flags share,
`running` how they log, stop at signals and exit.
"""
