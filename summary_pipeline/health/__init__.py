"""The health endpoints of the contract.

Belongs here: whether the process lives and whether what it depends on answers.
Does not belong here: the health of single runs; the Dagster UI and the reports show that.
"""
