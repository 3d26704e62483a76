"""How Dagster itself is run: its storage, its run launcher, its worker processes and the commands that start them.

Belongs here: what ``dagster.yaml`` names and what a supervisor or a container needs to start Dagster's processes.
Does not belong here: assets, sensors and resources (``defs``, ``resources``), or starting servers (``local``).
"""
