"""Façade: re-exports `minidask.schedulers.callbacks`, under the name where users of the field look for it."""

from minidask.schedulers.callbacks import Callback, active_callbacks, add_callbacks

__all__ = ["Callback", "active_callbacks", "add_callbacks"]
