"""Dagster resources: each makes a plain object, so that assets and sensors never see how it was configured.

Belongs here: from settings to clients. Does not belong here: what the clients do.

The environment is read when a run or a tick starts, not when definitions load, so they load where nothing is set. Clients are
kept for the life of the process, per settings: workers are warm, and their connections stay open from run to run.
"""

import functools
from typing import Any

import dagster as dg
from dagster_aws.s3 import S3Resource

from summary_pipeline.database.engine import DatabaseAddress, create_database_engine
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.json_io_manager import JsonIOManager
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.resources.summarizer import SummarizerFactory
from summary_pipeline.settings import PlatformSettings, Settings, load_settings

INTERMEDIATE_PREFIX = "pipeline/assets"
MAX_INTERMEDIATE_BYTES = 512 * 1024 * 1024
S3_ATTEMPTS = 3


class SettingsResource(dg.ConfigurableResourceFactory[Settings]):
    """All settings, validated: a run in a broken environment says so before it does anything."""

    def create_resource(self, context: dg.InitResourceContext) -> Settings:  # noqa: ARG002 -- Dagster's signature
        """Return the settings."""
        return load_settings()


class ObjectStoreResource(dg.ConfigurableResourceFactory[ObjectStore]):
    """The platform's bucket."""

    def create_resource(self, context: dg.InitResourceContext) -> ObjectStore:  # noqa: ARG002 -- Dagster's signature
        """Return the bucket."""
        return open_object_store(load_settings().platform)


class DatabaseResource(dg.ConfigurableResourceFactory[Database]):
    """The platform's PostgreSQL."""

    def create_resource(self, context: dg.InitResourceContext) -> Database:  # noqa: ARG002 -- Dagster's signature
        """Return the database."""
        return open_database(load_settings().platform)


class KafkaResource(dg.ConfigurableResourceFactory[Kafka]):
    """The platform's Kafka cluster."""

    def create_resource(self, context: dg.InitResourceContext) -> Kafka:  # noqa: ARG002 -- Dagster's signature
        """Return the cluster."""
        settings = load_settings()
        return Kafka(settings.platform.kafka_brokers, group_id=settings.pipeline.summary_kafka_group_id)


class SummarizerResource(dg.ConfigurableResourceFactory[SummarizerFactory]):
    """The language model behind the OpenAI API, with pacing, retries, limits and the store of paid answers."""

    def create_resource(self, context: dg.InitResourceContext) -> SummarizerFactory:  # noqa: ARG002 -- Dagster's signature
        """Return what opens a summarizer for one asset."""
        settings = load_settings()
        return SummarizerFactory(settings, open_object_store(settings.platform))


class JsonIOManagerResource(dg.ConfigurableIOManagerFactory[JsonIOManager]):
    """Intermediate assets as JSON in the bucket."""

    def create_io_manager(self, context: dg.InitResourceContext) -> JsonIOManager:  # noqa: ARG002 -- Dagster's signature
        """Return the IO manager."""
        objects = open_object_store(load_settings().platform)
        return JsonIOManager(objects, prefix=INTERMEDIATE_PREFIX, max_bytes=MAX_INTERMEDIATE_BYTES)


def build_resources() -> dict[str, Any]:
    """Return the resources of the definitions, by the names under which assets and sensors ask for them."""
    return {
        "settings": SettingsResource(),
        "object_store": ObjectStoreResource(),
        "database": DatabaseResource(),
        "kafka": KafkaResource(),
        "summarizer": SummarizerResource(),
        "io_manager": JsonIOManagerResource(),
    }


@functools.cache
def open_object_store(platform: PlatformSettings) -> ObjectStore:
    """Return the bucket that the settings name; nothing is sent until it is used."""
    secret = platform.aws_secret_access_key
    resource = S3Resource(
        region_name=platform.aws_region,
        endpoint_url=platform.s3_endpoint,
        aws_access_key_id=platform.aws_access_key_id,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        max_attempts=S3_ATTEMPTS,
    )
    return ObjectStore(resource.get_client(), platform.aws_youtube_bucket)


@functools.cache
def open_database(platform: PlatformSettings) -> Database:
    """Return the database that the settings name; it connects when it is first used."""
    address = DatabaseAddress(
        host=platform.db_host,
        port=platform.db_port,
        database=platform.db_name,
        user=platform.pg_user,
        password=platform.pg_password.get_secret_value(),
    )
    return Database(create_database_engine(address, schema=platform.db_schema))
