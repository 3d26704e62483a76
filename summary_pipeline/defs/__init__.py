"""Everything that Dagster sees, and nothing else: assets, partitions, sensors, schedules, jobs.

Belongs here: decorated functions that gather, call one named function of the domain, and return a result with metadata.
Does not belong here: decisions and I/O; those are in ``intake``, ``summarization``, ``database`` and ``resources``.
"""
