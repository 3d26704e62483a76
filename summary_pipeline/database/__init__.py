"""PostgreSQL: the tables shared with the neighbour, our own, and the transactions on them.

Belongs here: SQLAlchemy models, the engine, schema creation and checks, the final transaction, the outbox relay.
Does not belong here: Dagster, Kafka's or S3's client, and decisions that need no row (``contract``, ``intake``).
Import the concrete submodules; this package re-exports nothing.

Tables are named without a schema; ``engine.create_database_engine`` says which schema every statement means. Times are
UTC in ``TIMESTAMP`` columns without a zone, as the neighbour's ORM keeps them.
"""
