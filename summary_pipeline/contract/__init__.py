"""What crosses the border to the rest of the platform: events, topics, S3 keys, video statuses.

Belongs here: the forms that the neighbour reads and writes, and the checks on what comes in. Values only.
Does not belong here: I/O, Dagster, any vendor's client, or what is done with an event.
Import the concrete submodules; this package re-exports nothing.
"""
