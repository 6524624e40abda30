"""Divide the cores among tasks that multiply or factorize blocks at the same time.

BLAS runs a call on all cores. One task alone may have them; where several run at once, each starting its own threads would only
make them wait for one another. ``shared_cores`` counts the tasks inside it: from the second on BLAS is told to use its part of
the cores, and when the last leaves it gets back what it had.

Place in the flow: tasks enter it, nothing does when building. It needs ``threadpoolctl``; without it BLAS does as it is
configured (``OMP_NUM_THREADS=1`` in the environment, which a cluster's workers set, has the same effect for all calls).
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

try:
    import threadpoolctl
except ImportError:  # an optional library: its absence costs time only
    threadpoolctl = None


class _Cores:
    """``running``: tasks inside; ``before``: BLAS's threads before they were changed, None while they aren't. Under ``lock``."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.running = 0
        self.before: list[int] | None = None
        self.libraries: list[Any] = []
        self.with_scipy: bool | None = None

    def find(self) -> list[Any]:
        """Return the loaded BLAS libraries; looked for again once SciPy has brought its own."""
        with_scipy = "scipy.linalg" in sys.modules
        if threadpoolctl is not None and self.with_scipy is not with_scipy and self.before is None:
            self.with_scipy = with_scipy
            self.libraries = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
        return self.libraries

    def divide(self) -> None:
        libraries = self.find()
        if self.before is None:
            self.before = [library.get_num_threads() for library in libraries]
        for library, all_ in zip(libraries, self.before, strict=True):
            set_threads(library, max(1, all_ // self.running))

    def restore(self) -> None:
        for library, all_ in zip(self.libraries, self.before or (), strict=False):
            set_threads(library, all_)
        self.before = None


def set_threads(library: Any, number: int) -> None:
    """Tell a BLAS library how many threads to use from now on, for all threads that call it."""
    # Since 3.8 the public way does nothing but in the first thread that used it; here tasks count, in whatever threads.
    getattr(library, "_real_set_num_threads", library.set_num_threads)(number)


_cores = _Cores()

if hasattr(os, "register_at_fork"):
    # In a forked child none of the tasks goes on, and nobody would release the lock.
    os.register_at_fork(after_in_child=_cores.__init__)  # type: ignore[misc]


class SharedCores:
    """What ``shared_cores`` is: a context that any number of threads enter."""

    __slots__ = ()

    def __enter__(self) -> None:
        with _cores.lock:
            _cores.running += 1
            if _cores.running > 1:
                _cores.divide()

    def __exit__(self, *error: object) -> None:
        with _cores.lock:
            _cores.running -= 1
            if not _cores.running and _cores.before is not None:
                _cores.restore()


shared_cores = SharedCores()
