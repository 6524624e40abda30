"""The nanny: starts, watches, restarts and limits one worker process, and says why it died.

Place in the flow: beside the worker, below `deploy` and the command lines. `machine` decides (restart, wait or give up)
and words the reasons; `process` holds the process, its control channel and its log; `child` is what runs in it;
`server` has the class `Nanny`, which joins them with the scheduler, and `calls` what the
scheduler may ask of it.

This file imports nothing: worker processes come through here, and each import is time that they take to start.
"""
