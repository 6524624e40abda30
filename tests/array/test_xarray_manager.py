"""xarray on these arrays: a real NetCDF file opened lazily, and the answers that xarray gives in memory."""

from __future__ import annotations

from pathlib import Path

import iris_sample_data
import numpy as np
import pytest
import xarray as xr
from xarray.namedarray.parallelcompat import guess_chunkmanager, list_chunkmanagers

import minidask.array as da
from minidask import config
from minidask.array.xarray_manager import MinidaskManager
from tests.array.arrays import raising

# Air temperatures of a climate model over North America: 240 years, 37 latitudes, 49 longitudes.
FILE = Path(iris_sample_data.path) / "A1B_north_america.nc"


def opened(**kwargs):
    times = xr.coders.CFDatetimeCoder(use_cftime=True)
    data = xr.open_dataset(FILE, engine="netcdf4", decode_times=times, **kwargs)
    data = data.drop_vars(["forecast_period", "time_bnds"])
    return data.assign_coords(time=np.arange("1860-06", "1880-06", dtype="M8[M]").astype("M8[ns]"))


@pytest.fixture(scope="module")
def lazy():
    with opened(chunks={"time": 60}, chunked_array_type="minidask") as data:
        yield data.chunk(longitude=20, chunked_array_type="minidask")


@pytest.fixture(scope="module")
def loaded():
    with opened() as data:
        return data.load()


def anomalies(data):
    months = data.groupby("time.month")
    return months - months.mean()


def half(block):
    return block[..., ::2].sum(-1)


T = "air_temperature"
WORK = {
    "select": lambda d: d[T].sel(latitude=slice(30, 40)).isel(time=[1, 5, 100]),
    "mask": lambda d: d[T].isel(time=d.time.dt.month.values == 6),
    "arithmetic": lambda d: (d[T] - 273.15) * 2 + d[T].mean("time"),
    "numpy": lambda d: np.sqrt(d[T]),
    "mean": lambda d: d[T].mean(["latitude", "longitude"]),
    "std": lambda d: d[T].astype(float).std("time"),
    "var": lambda d: d[T].astype(float).var(),
    "max": lambda d: d[T].max("time"),
    "argmax": lambda d: d[T].argmax("time"),
    "median": lambda d: d[T].median("time"),
    "count": lambda d: d[T].where(d[T] > 280).count("time"),
    "month means": lambda d: d[T].groupby("time.month").mean(),
    "anomalies": lambda d: anomalies(d[T].astype(float)),
    "month firsts": lambda d: d[T].groupby("time.month").first(),
    "shuffled": lambda d: d[T].groupby("time.month").shuffle_to_chunks().sortby("time"),
    "resample": lambda d: d[T].resample(time="YS").mean(),
    "where": lambda d: d[T].where(d[T] > 280).fillna(0),
    "cumsum": lambda d: d[T].astype(float).cumsum("time"),
    "roll": lambda d: d[T].roll(time=3).shift(time=1).diff("time"),
    "coarsen": lambda d: d[T].coarsen(time=4).mean(),
    "rolling": lambda d: d[T].astype(float).rolling(time=5).mean(),
    "transpose": lambda d: d[T].transpose("longitude", ...),
    "stack": lambda d: d[T].stack(place=("latitude", "longitude")),
    "concat": lambda d: xr.concat([d[T], d[T] + 1], "time"),
    "interpolate": lambda d: d[T].interp(latitude=[31.0, 35.5]),
    "dot": lambda d: xr.dot(d[T], d[T].isel(time=0, drop=True), dim=["latitude", "longitude"]),
    "weighted": lambda d: d[T].astype(float).weighted(np.cos(np.deg2rad(d.latitude))).mean(["latitude", "longitude"]),
    "covariance": lambda d: xr.cov(d[T].astype(float), d[T].astype(float), dim="time"),
    "integrate": lambda d: d[T].integrate("latitude"),
    "quantile": lambda d: d[T].chunk(time=-1, chunked_array_type="minidask").quantile([0.1, 0.9], "time"),
    "apply_ufunc": lambda d: xr.apply_ufunc(
        half, d[T], input_core_dims=[["latitude"]], dask="parallelized", output_dtypes=[np.float32]
    ),
    "vectorized": lambda d: xr.apply_ufunc(
        np.ptp, d[T].isel(time=slice(3)), input_core_dims=[["latitude"]], dask="parallelized", vectorize=True
    ),
    "zeros_like": lambda d: xr.zeros_like(d[T]),
    "unify_chunks": lambda d: d.unify_chunks()[T],
}


def test_the_entry_point_is_found():
    assert isinstance(list_chunkmanagers()["minidask"], MinidaskManager)
    assert isinstance(guess_chunkmanager("minidask"), MinidaskManager)


def test_automatic_chunks(tmp_path):
    x = xr.DataArray(np.arange(730 * 6.0).reshape(730, 6), dims=("time", "place"), name="x")
    x.to_netcdf(tmp_path / "a.nc", encoding={"x": {"chunksizes": (100, 6)}})
    with config.set({"array.chunk-size": 4800 * 2}):
        assert x.chunk("auto", chunked_array_type="minidask").data.chunksize[0] <= 200
        for chunks in ("auto", {"time": "auto"}):
            with xr.open_dataset(tmp_path / "a.nc", chunks=chunks, chunked_array_type="minidask") as data:
                # Whole chunks of the file.
                assert data.x.chunksizes == {"time": (200, 200, 200, 130), "place": (6,)}
                np.testing.assert_array_equal(data.x.values, x.values)


def test_functions_that_know_dask_by_name():
    x = xr.DataArray(np.arange(60.0).reshape(20, 3), dims=("time", "place"), coords={"time": np.arange(20.0)})
    lazy = x.chunk(time=6, chunked_array_type="minidask")
    seen = []
    with config.set(scheduler=raising):
        made = xr.map_blocks(lambda block: seen.append(block.shape) or block + 1, lazy)
    assert seen == [(20, 3)]
    xr.testing.assert_equal(made.compute(), x + 1)
    coefficients = lazy.polyfit("time", 1).polyfit_coefficients
    xr.testing.assert_allclose(coefficients.compute(), x.polyfit("time", 1).polyfit_coefficients)


def test_a_file_is_opened_lazily():
    with config.set(scheduler=raising), opened(chunks={"time": 60}, chunked_array_type="minidask") as data:
        assert isinstance(data[T].data, da.Array)
        assert data[T].chunksizes["time"] == (60,) * 4


@pytest.mark.slow
@pytest.mark.parametrize("name", WORK)
def test_work_is_lazy_and_right(name, lazy, loaded):
    with config.set(scheduler=raising):
        found = WORK[name](lazy)
    assert isinstance(found.data, da.Array)
    with np.errstate(invalid="ignore"):
        xr.testing.assert_allclose(found.compute(), WORK[name](loaded), rtol=1e-4)


def test_a_whole_dataset(lazy, loaded):
    xr.testing.assert_allclose(lazy.mean().compute(scheduler="sync"), loaded.mean(), rtol=1e-4)
    kept = lazy[[T]].isel(time=slice(70)).persist()
    assert kept[T].chunksizes["time"] == (60, 10)
    xr.testing.assert_equal(kept.load(), loaded[[T]].isel(time=slice(70)))


@pytest.mark.parametrize("engine", ["netcdf4", "h5netcdf", "scipy"])
def test_files_of_every_library(tmp_path, engine):
    path = tmp_path / "a.nc"
    x = xr.Dataset({"x": (("t", "s"), np.arange(12.0).reshape(4, 3))}, {"t": [1, 2, 3, 4]})
    x.chunk(t=2, chunked_array_type="minidask").to_netcdf(path, engine=engine)
    with xr.open_dataset(path, engine=engine, chunks={"t": 3}, chunked_array_type="minidask") as back:
        assert back.x.chunksizes["t"] == (3, 1)
        xr.testing.assert_equal(back.compute(), x)


def test_several_files_at_once(tmp_path):
    parts = [xr.Dataset({"x": ("t", np.arange(3.0) + 3 * n)}, {"t": np.arange(3) + 3 * n}) for n in range(2)]
    for number, part in enumerate(parts):
        part.to_netcdf(tmp_path / f"{number}.nc", engine="scipy")
    paths = sorted(tmp_path.glob("*.nc"))
    kwargs = {
        "combine": "by_coords",
        "data_vars": "all",
        "engine": "scipy",
        "chunked_array_type": "minidask",
        "chunks": {},
    }
    with xr.open_mfdataset(paths, **kwargs) as data:
        assert isinstance(data.x.data, da.Array)
        np.testing.assert_array_equal(data.x.values, np.arange(6.0))


def test_zarr(tmp_path):
    x = xr.Dataset({"x": ("t", np.arange(6.0))}).chunk(t=2, chunked_array_type="minidask")
    x.to_zarr(tmp_path / "a.zarr", zarr_format=2, consolidated=True)
    with xr.open_zarr(tmp_path / "a.zarr", chunked_array_type="minidask") as back:
        assert back.x.chunksizes["t"] == (2, 2, 2)
        np.testing.assert_array_equal((back.x + 1).values, np.arange(6.0) + 1)


def test_without_elements():
    manager = MinidaskManager()
    x = manager.from_array(np.empty((0, 3)), ("auto", "auto"))
    assert x.shape == (0, 3)
    assert manager.rechunk(x, {0: "auto"}).shape == (0, 3)
    assert manager.get_auto_chunk_size() > 0


def test_other_methods():
    manager = MinidaskManager()
    x = da.arange(6, chunks=2)
    assert manager.is_chunked_array(x)
    assert not manager.is_chunked_array(np.ones(3))
    assert manager.chunks(x) == x.chunks
    assert manager.normalize_chunks(4, (6,)) == ((4, 2),)
    assert manager.array_api is da
    assert manager.reduction(x, np.sum, dtype=int).compute() == 15
    assert manager.scan(np.cumsum, np.add, 0, x, axis=0).compute().tolist() == [0, 1, 3, 6, 10, 15]
    assert manager.blockwise(np.negative, "i", x, "i").compute()[1] == -1
    assert manager.unify_chunks(x, "i", da.ones(6, chunks=3), "i")[0]["i"] == (2, 1, 1, 2)
    target = np.zeros(6, int)
    manager.store([x], [target], flush=True)
    assert target.tolist() == list(range(6))


def test_mixed_kinds_are_an_error():
    x = xr.DataArray([1.0, 2.0], dims="t")
    with pytest.raises(ValueError, match="unrecognized chunk manager"):
        x.chunk(t=1, chunked_array_type="none")
