"""Shuffles between workers: rows move from worker to worker, and the scheduler sees one task a partition.

How it works. A *transfer* task for each source partition sorts its rows by where they go, and leaves the pieces, as Arrow IPC
bytes, on the shelf of the worker that ran it: in memory, and on disk behind it. Its result is a small ticket that says where they
are. A *barrier* gathers the tickets. An *unpack* task for each output partition, on whatever worker, fetches its pieces from
all shelves with one request a peer, and puts them together in the order of the sources. So there are neither N² tasks nor N²
dependencies, and no output is bound to a worker.

What makes it right when workers come and go: tickets and pieces live and die together. The barrier's annotation
``keeps_inputs`` tells the scheduler that its result only stands for those of the transfers: they are kept as long as it is, and
when one is lost (its worker died, or left) the barrier's result is void, too. The lost transfers alone run again, then the
barrier, then what was to be unpacked still; no unpack task goes on with tickets that mean nothing any more, for what the
scheduler takes back is run anew. Each run of a transfer has an id of its own: pieces of an earlier one are never taken for
those of a later one. Should a worker find pieces gone that nobody knew to be lost (unreachable, damaged on disk, or put
together already by an unpack task whose result is gone since), it names the transfers to the scheduler (`ResultsLost`).

When the last output is done, or nobody wants the rest, the scheduler frees the barrier's result, and with it the tickets; a
shelf frees what belonged to a ticket when that is destroyed. Pieces of an output are freed when that has been put together.

Back-pressure is by bytes: a transfer waits for its worker's disk while the shelf is full, and an answer to a peer has a bounded
size. A full disk fails the transfer that finds no place; what was written goes with the tickets.

Tour: ``shelf`` (what is kept, and what is written next: pure), ``files``, ``form`` (pieces as bytes), ``store`` (the shell:
memory, disk, peers), ``tally`` (bytes, for people), ``tasks`` (what runs), ``method`` (the graph, registered with
``minidask.dataframe.shuffle``).
"""
