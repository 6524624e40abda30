"""`MemorySampler`: how much memory the cluster uses while something runs, as series to look at and to compare.

Place in the flow: the scheduler samples (`scheduler.handlers.measuring`) for as long as a block lasts; the series come here at
its end. What is measured are the workers' beats, which come once a second: shorter intervals show the same value again.

Not for: the memory of single workers or tasks.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from minidask.units import parse_timedelta
from minidask_distributed.client.around import Around
from minidask_distributed.client.current import current_client
from minidask_distributed.client.lasting import LastingCall

if TYPE_CHECKING:
    import pandas as pd

    from minidask_distributed.client.client import Client

__all__ = ["MemorySampler"]


class MemorySampler:
    """Sample the memory of all workers together while blocks run.

    Attributes
    ----------
    samples : dict
        ``{label: [(seconds since the epoch, bytes), ...]}``.

    Examples
    --------
    >>> sampler = MemorySampler()
    >>> with sampler.sample("sum"):  # doctest: +SKIP
    ...     x.sum().compute()
    >>> with sampler.sample("sort"):  # doctest: +SKIP
    ...     x.sort().compute()
    >>> sampler.to_pandas(align=True).max()  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self.samples: dict[str, list[tuple[float, int]]] = {}

    def sample(
        self,
        label: str | None = None,
        *,
        client: Client | None = None,
        measure: str = "process",
        interval: float | str = 0.5,
    ) -> Any:
        """Return a block that samples; ``async with`` for an asynchronous client.

        Parameters
        ----------
        label : str, optional
            By which the series is found in ``samples``; one of the same label is replaced. Default: a unique one.
        client : Client, optional
            Default: the current one.
        measure : str
            Bytes of what, on all workers: ``"process"`` (resident memory), ``"managed"`` (results), ``"unmanaged"`` (the rest of
            the processes' memory), ``"unmanaged_recent"`` and ``"unmanaged_old"`` (parts of it), ``"optimistic"`` (managed and
            old unmanaged), ``"spilled"`` (on disk).
        interval : float or str
            Seconds between samples.

        Raises
        ------
        ValueError
            If there is no client, or for another interval; at the beginning of the block, for another measure.
        """
        seconds = parse_timedelta(interval)
        if seconds is None or not seconds > 0:
            raise ValueError(f"interval is the time between samples and must be positive, got {interval!r}")
        client = current_client() if client is None else client
        return _Block(self, label or f"sample-{uuid.uuid4().hex[:8]}", client, measure, float(seconds))

    def to_pandas(self, *, align: bool = False) -> pd.DataFrame:
        """Return the series as the columns of a frame of bytes.

        Parameters
        ----------
        align : bool
            Index by the time since the first sample of each series, so that these can be compared. If False, by the time of day.

        Raises
        ------
        ImportError
            If pandas isn't installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ImportError("to_pandas needs pandas: pip install pandas") from error
        columns = {}
        for label, samples in self.samples.items():
            first = samples[0][0] if align and samples else 0.0
            convert = pandas.to_timedelta if align else pandas.to_datetime
            index = convert([when - first for when, _ in samples], unit="s")
            # Equal times would make columns of different lengths out of step.
            series = pandas.Series([value for _, value in samples], index=index, dtype="int64")
            columns[label] = series[~series.index.duplicated()].sort_index()
        frame = pandas.DataFrame(columns)
        # Between its own first and last sample a series goes on where others have one.
        return frame.ffill().where(frame.bfill().notna())

    def plot(self, *, align: bool = False, **kwargs: Any) -> Any:
        """Plot the series in GiB; return what ``DataFrame.plot`` returns.

        Parameters
        ----------
        align : bool
            See `to_pandas`.
        **kwargs
            For ``DataFrame.plot``.

        Raises
        ------
        ImportError
            If pandas or matplotlib isn't installed.
        """
        frame: Any = self.to_pandas(align=align) / 2**30
        if align:
            frame.index = frame.index.total_seconds()
        labels = {"xlabel": "seconds" if align else "time", "ylabel": "Cluster memory (GiB)"}
        return frame.plot(**{**labels, **kwargs})


class _Block(Around):
    """One series in the making."""

    written = "sampler.sample"

    def __init__(self, sampler: MemorySampler, label: str, client: Client, measure: str, interval_s: float) -> None:
        self._sampler = sampler
        self._label = label
        self.client = client
        self._call = LastingCall(client, "memory_sample", measure=measure, interval=interval_s)

    async def _begin(self) -> None:
        await self._call.begin()

    async def _end(self) -> None:
        answer = await self._call.end()
        self._sampler.samples[self._label] = list(zip(answer["time"], answer["bytes"], strict=True))
