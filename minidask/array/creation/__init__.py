"""Where arrays come from: ``wrapping`` (data that exist: ``from_array``, ``asarray``), ``delayed_parts`` (``from_delayed``,
``from_func``), ``filled`` (``ones``, ``full``, ...), ``ranges`` (``arange``, ``linspace``, ``eye``). Nothing is re-exported.
"""
