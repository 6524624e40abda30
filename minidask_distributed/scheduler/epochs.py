"""The epoch of a scheduler: the number that tells its task ids from those of the scheduler that was here before it.

Place in the flow: taken once when a scheduler starts. With a state directory it counts up; without one it is drawn by lot,
so that a worker that returns after a restart isn't taken for one of ours (but for one case in sixteen thousand, in which
keys still tell).

Invariants: from 1 to `LAST_EPOCH`, so that ids with any priority fit 64 bits; two schedulers that use one state
directory one after the other never have the same.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

LAST_EPOCH = 16_383


def next_epoch(state_dir: str | os.PathLike[str] | None) -> int:
    """Return the epoch of a scheduler that starts now.

    Parameters
    ----------
    state_dir
        Where the last one stands; made if it isn't there. None: nowhere.

    Raises
    ------
    OSError
        If the directory can't be written to.
    ValueError
        If what stands there is no epoch.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     next_epoch(folder), next_epoch(folder)
    (1, 2)
    """
    if state_dir is None:
        return secrets.randbelow(LAST_EPOCH) + 1
    folder = Path(state_dir).expanduser()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "epoch"
    text = path.read_text(encoding="ascii").strip() if path.exists() else "0"
    if not text.isdecimal() or not 0 <= int(text) <= LAST_EPOCH:
        raise ValueError(f"{path} doesn't hold an epoch but {text[:40]!r}: remove the file if no scheduler uses it")
    epoch = int(text) % LAST_EPOCH + 1
    aside = folder / f"epoch.{os.getpid()}"
    aside.write_text(f"{epoch}\n", encoding="ascii")
    os.replace(aside, path)
    return epoch
