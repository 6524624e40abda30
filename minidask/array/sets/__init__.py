"""Arrays as sets: distinct values, membership, unions, and places in sorted arrays. Names are in ``minidask.array``."""
