"""A generic engine: tasks that are cached, computed by workers here or on a Dask cluster.

It knows nothing of networks and digits, and imports no other room of this package.
"""
