"""The other libraries. Their environment has nothing of ours but this package and ``map_reduce.contestant``."""
