"""A seeded table of taxi rides with the 19 columns of New York's yellow cabs of 2015, one CSV file a month.

Place: ``bench_taxi`` measures on it, ``docs/taxi.rst`` and the tests of workflows walk over a small one. It is made up, and
needs no download; what a data set of that kind makes hard is in it: rides in no order, the same second more than once, text
in two values, few passengers, no tip wherever somebody paid cash.

Money is a multiple of a cent, and its sums are exact to about 1e-9 whatever the order of adding.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "DATES", "PAYMENTS", "month", "write_months"]

DATES = ["tpep_pickup_datetime", "tpep_dropoff_datetime"]
COLUMNS = [
    "VendorID",
    *DATES,
    "passenger_count",
    "trip_distance",
    "pickup_longitude",
    "pickup_latitude",
    "RateCodeID",
    "store_and_fwd_flag",
    "dropoff_longitude",
    "dropoff_latitude",
    "payment_type",
    "fare_amount",
    "extra",
    "mta_tax",
    "tip_amount",
    "tolls_amount",
    "improvement_surcharge",
    "total_amount",
]
PAYMENTS = {1: "Credit Card", 2: "Cash", 3: "No Charge", 4: "Dispute", 5: "Unknown", 6: "Voided trip"}


def month(number: int, rows: int, seed: int = 2015) -> pd.DataFrame:
    """Return the rides of a month of 2015.

    Parameters
    ----------
    number : int
        From 1 to 12.
    rows : int
        Number of rides.
    seed : int
        Of the random numbers; the same one gives the same table.

    Raises
    ------
    ValueError
        For any other month.

    Examples
    --------
    >>> rides = month(5, 100)
    >>> len(rides), list(rides.columns) == COLUMNS, rides.tpep_pickup_datetime.dt.month.unique().tolist()
    (100, True, [5])
    """
    import numpy as np
    import pandas as pd

    if not 1 <= number <= 12:
        raise ValueError(f"a month is a number from 1 to 12, got {number}")
    rng = np.random.default_rng([seed, number])
    start = pd.Timestamp(2015, number, 1)
    seconds = int((start + pd.offsets.MonthBegin(1) - start).total_seconds())
    pickup = start + pd.to_timedelta(rng.integers(0, seconds, rows), unit="s")
    minutes = rng.gamma(2.0, 6.0, rows)
    distance = (minutes * rng.uniform(0.1, 0.3, rows)).round(2)
    payment = rng.choice(list(PAYMENTS), rows, p=[0.62, 0.36, 0.01, 0.005, 0.004, 0.001])
    fare = (2.5 + 2.5 * distance).round(1)
    extra = rng.choice([0.0, 0.5, 1.0], rows)
    tip = np.where((payment == 1) & (rng.random(rows) < 0.95), (fare * rng.uniform(0.05, 0.3, rows)).round(2), 0.0)
    tolls = np.where(rng.random(rows) < 0.05, 5.54, 0.0)
    columns = {
        "VendorID": rng.integers(1, 3, rows),
        "tpep_pickup_datetime": pickup,
        "tpep_dropoff_datetime": pickup + pd.to_timedelta((minutes * 60).astype("int64"), unit="s"),
        "passenger_count": rng.choice([0, 1, 2, 3, 4, 5, 6], rows, p=[0.001, 0.7, 0.14, 0.05, 0.02, 0.055, 0.034]),
        "trip_distance": distance,
        "pickup_longitude": rng.normal(-73.97, 0.03, rows).round(6),
        "pickup_latitude": rng.normal(40.75, 0.03, rows).round(6),
        "RateCodeID": rng.choice([1, 2, 5], rows, p=[0.97, 0.02, 0.01]),
        "store_and_fwd_flag": rng.choice(["N", "Y"], rows, p=[0.99, 0.01]),
        "dropoff_longitude": rng.normal(-73.97, 0.03, rows).round(6),
        "dropoff_latitude": rng.normal(40.75, 0.03, rows).round(6),
        "payment_type": payment,
        "fare_amount": fare,
        "extra": extra,
        "mta_tax": np.full(rows, 0.5),
        "tip_amount": tip,
        "tolls_amount": tolls,
        "improvement_surcharge": np.full(rows, 0.3),
        "total_amount": (fare + extra + 0.5 + tip + tolls + 0.3).round(2),
    }
    return pd.DataFrame(columns)


def write_months(folder: Path | str, rows: int) -> str:
    """Write twelve CSV files of so many rides each, where they aren't there; return the pattern that matches them.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pattern = write_months(folder, 10)
    ...     len(list(Path(folder).glob(Path(pattern).name)))
    12
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, 13):
        file = folder / f"yellow_tripdata_2015-{number:02d}.csv"
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            month(number, rows).to_csv(unfinished, index=False)
            unfinished.rename(file)
    return str(folder / "yellow_tripdata_2015-*.csv")
