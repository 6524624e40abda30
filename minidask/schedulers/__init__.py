"""Local schedulers: what runs a graph in this process, its threads, or its child processes.

Where what is: ``registry`` says who runs a computation; ``run`` is the frame around every runner, ``state`` the pure state
machine inside; ``sync``, ``threads``, ``executor`` and ``processes`` are the runners. The last two send ``batches`` of tasks, as
``remote`` packs them; ``children`` and ``serve`` are the two ends of a child process. ``workers`` judges ``num_workers`` and
``pool``, ``failure`` makes errors readable, ``callbacks`` lets others watch. Nothing here knows about collections.
"""
