"""The figures of the dashboard's pages: functions from a theme's name to a Bokeh layout without data.

Place in the flow: `layout.Plot.make` names them, `figures` renders each once a theme; the page's script fills their sources
from the feeds that the sources' tags name. `palette` and `themes` have all colours, `charts` what all figures have in common.

Invariants: no figure holds data or code (no CustomJS, no templates); a source's columns are those of its feed, or derived from
them by the script as its tags say (`charts.source`). Bokeh is imported with these modules, so nobody imports them early.
"""
