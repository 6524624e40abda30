"""Operations in which a partition needs its neighbours, or something of all that comes before it.

Tour: ``layer`` (what all of them build), ``context`` (rows of neighbours), ``overlap`` (``map_overlap``), ``moves`` (shift, diff,
pct_change), ``scans`` (cumulative methods, filling), ``rolling``, ``resample`` and its ``bins``, ``methods`` (the mixins of
``DataFrame`` and ``Series``).
"""

from minidask.dataframe.neighbours.methods import NeighbourMethods, SeriesNeighbours
from minidask.dataframe.neighbours.overlap import map_overlap

__all__ = ["NeighbourMethods", "SeriesNeighbours", "map_overlap"]
