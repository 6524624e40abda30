"""The nanny: starts, watches, restarts and limits one worker process, and says why it died.

Place in the flow: beside the worker, below `deploy` and the command lines. `machine` decides (restart, wait or give up)
and words the reasons; `process` holds the process, its control channel and its log; `child` is what runs in it, in the
`environment` made here; `reporting` is the connection to the scheduler, `calls` and `plugin_set` what clients may want;
`server` has the class `Nanny`, which joins all of them.

This file imports nothing: worker processes come through here, and each import is time that they take to start.
"""
