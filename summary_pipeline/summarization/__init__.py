"""The domain: from transcript bytes to a summary with provenance.

Belongs here: parsing, chunking, prompts, map-reduce, rate limiting, cost, the quality score.
Does not belong here: Dagster, S3, Kafka, SQL, or any vendor's client; those are reached through protocols.
Import the concrete submodules; this package re-exports nothing.
"""
