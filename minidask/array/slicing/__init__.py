"""Indexing: which blocks an index touches, the layers that cut them, and ``x[...]``, ``x[...] = v``, ``x.vindex``, ``x.blocks``.

Tour: ``cuts`` (one axis), ``layers`` (cut, take, assign, as layers), ``index`` (what users write), ``getting``, ``setting``,
``indexers``. Nothing is re-exported: the parts are used from their own modules.
"""
