"""Clients of S3, Kafka, the language model and the database, and the Dagster resources that make them.

Belongs here: adapters that turn a vendor's client into what the domain asks for, with typed errors.
Does not belong here: decisions (``intake``, ``summarization``), assets and sensors (``defs``).
"""
