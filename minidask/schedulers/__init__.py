"""Local schedulers: what runs a graph in this process, its threads, or its child processes."""
