"""A generic engine: tasks that are cached, computed by workers here or on a Dask cluster.

It knows no network and no digit, and imports nothing of ours outside itself.
"""
