"""From settings to clients.

Belongs here: making the clients of S3 and PostgreSQL. Does not belong here: Dagster resources (``factories``).

Clients are kept for the life of the process, per server: workers are warm, and connections stay open from run to run.
"""

import functools

from dagster_aws.s3 import S3Resource

from summary_pipeline.database.engine import DatabaseAddress, create_database_engine
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.settings import DatabaseSettings, PlatformSettings

S3_ATTEMPTS = 3
"""Attempts at one S3 request, the first included."""


@functools.cache
def open_object_store(platform: PlatformSettings) -> ObjectStore:
    """Return the bucket that the settings name; nothing is sent until it is used."""
    secret = platform.aws_secret_access_key
    resource = S3Resource(
        region_name=platform.aws_region,
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=platform.aws_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        # Whatever dagster-aws says of it, botocore takes it for the number of attempts after the first.
        max_attempts=S3_ATTEMPTS - 1,
    )
    return ObjectStore(resource.get_client(), platform.aws_youtube_bucket)


def open_database(settings: DatabaseSettings) -> Database:
    """Return the database that the settings name; it connects when it is first used."""
    address = DatabaseAddress(
        host=settings.db_host,
        port=settings.db_port,
        database=settings.db_name,
        user=settings.pg_user,
        password=settings.pg_password.get_secret_value(),
    )
    return _database_at(address, settings.db_schema)


@functools.cache
def _database_at(address: DatabaseAddress, schema: str) -> Database:
    return Database(create_database_engine(address, schema=schema))
