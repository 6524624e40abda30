"""Arrays in files: zarr, stacks of ``.npy`` files, HDF5. Names are in ``minidask.array``; libraries are imported when used."""
