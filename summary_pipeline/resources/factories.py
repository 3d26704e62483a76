"""Dagster resources: each makes a plain object, so that assets and sensors never see how it was configured.

Belongs here: from settings to clients. Does not belong here: what the clients do.

The environment is read when a run or a tick starts, not when definitions load, so they load where nothing is set.
"""

import dagster as dg

from summary_pipeline.resources.connections import open_database, open_object_store
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.json_io_manager import JsonIOManager
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.resources.summarizer import SummarizerFactory
from summary_pipeline.settings import Settings, load_settings

INTERMEDIATE_PREFIX = "pipeline/assets"
MAX_INTERMEDIATE_BYTES = 512 * 1024 * 1024


@dg.resource(description="All settings, validated: a run in a broken environment says so before it does anything.")
def settings(_context: dg.InitResourceContext) -> Settings:
    """Return the settings."""
    return load_settings()


@dg.resource(description="The platform's bucket.")
def object_store(_context: dg.InitResourceContext) -> ObjectStore:
    """Return the bucket."""
    return open_object_store(load_settings().platform)


@dg.resource(description="The platform's PostgreSQL: the shared tables and ours.")
def database(_context: dg.InitResourceContext) -> Database:
    """Return the database."""
    return open_database(load_settings().platform)


@dg.resource(description="The platform's Kafka cluster, as this pipeline's consumer group sees it.")
def kafka(_context: dg.InitResourceContext) -> Kafka:
    """Return the cluster."""
    loaded = load_settings()
    return Kafka(loaded.platform.kafka_brokers, group_id=loaded.pipeline.summary_kafka_group_id)


@dg.resource(description="The language model behind OpenAI's API, with pacing, retries, cost limits and paid answers.")
def summarizer(_context: dg.InitResourceContext) -> SummarizerFactory:
    """Return what opens a summarizer for one asset."""
    loaded = load_settings()
    return SummarizerFactory(loaded, open_object_store(loaded.platform), open_database(loaded.platform))


@dg.io_manager(description="Intermediate assets as JSON in the platform's bucket.")
def json_io_manager(_context: dg.InitResourceContext) -> JsonIOManager:
    """Return the IO manager."""
    objects = open_object_store(load_settings().platform)
    return JsonIOManager(objects, prefix=INTERMEDIATE_PREFIX, max_bytes=MAX_INTERMEDIATE_BYTES)


def build_resources() -> dict[str, dg.ResourceDefinition]:
    """Return the resources of the definitions, by the names under which assets and sensors ask for them."""
    return {
        "settings": settings,
        "object_store": object_store,
        "database": database,
        "kafka": kafka,
        "summarizer": summarizer,
        "io_manager": json_io_manager,
    }
