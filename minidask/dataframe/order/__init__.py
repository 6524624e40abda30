"""Rows in order, and where partitions begin and end.

Tour: ``ranges`` (the layer that cuts partitions by index values: ``repartition(divisions=)``, alignment, ``loc``),
``repartition`` (numbers, sizes and frequencies of partitions), ``labels`` (rows by label), ``dates`` (strings that mean a span of
time), ``sampling`` (one pass over the keys: order, bounds and quantiles), ``targets`` (where rows go by several keys),
``set_index`` and ``sort`` (what moves rows), ``numbering`` (rows numbered through all partitions), ``chance`` (samples and random
splits), ``methods`` (the mixin that users see).

Invariants: rows of one index value never lie on both sides of a border of known divisions; rows that compare equal keep
their order; divisions are known only if they are true.

Import the modules themselves: this package imports none, since ``partitionwise`` needs ``ranges`` and others need
``partitionwise``.
"""
