"""Collections put together: joins by keys, by the nearest key, and concatenation.

Tour: ``keys`` (what is joined by), ``call`` (the join of two pandas frames), ``merge`` and ``methods`` (what users call),
``plan`` (the layer of a join, and which way it is carried out), ``shared`` and ``lookup`` (a small side that all partitions
ask), ``sizes`` (guesses of rows and bytes), ``aligned`` (partitions of the same ranges of the index), ``asof`` and ``carry``
(``merge_asof``), ``concat`` (below each other) and ``beside`` (side by side).
"""
