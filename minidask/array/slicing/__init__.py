"""Indexing: which blocks an index touches, the layers that cut them, and ``x[...]``, ``x[...] = v``, ``x.vindex``, ``x.blocks``.

Tour: ``cuts`` (one axis), ``layers`` (cut, take, assign, as layers), ``index`` (what users write), ``points`` and ``scatter``
(positions along several axes), ``lazy_points`` (positions that aren't computed yet), ``same_mask`` (``x[mask] = f(x[mask])``),
``getting``, ``setting``, ``indexers``, ``shuffling``. Nothing is re-exported: the parts are used from their own modules.
"""
