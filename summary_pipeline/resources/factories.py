"""Dagster resources: each makes a plain object, so that assets and sensors never see how it was configured.

Belongs here: from settings to clients. Does not belong here: what the clients do.

The environment is read when a run or a tick starts, not when definitions load, so they load where nothing is set.
"""

import logging

import dagster as dg

from summary_pipeline.database.compatibility import require_compatible
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.resources.answer_batches import AnswerBatches
from summary_pipeline.resources.connections import open_database, open_object_store
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.json_io_manager import JsonIOManager
from summary_pipeline.resources.judge import JudgeFactory
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.resources.retrying import RetrySchedule
from summary_pipeline.resources.summarizer import SummarizerFactory
from summary_pipeline.settings import Settings, load_settings

logger = logging.getLogger(__name__)

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
    """Return the database. Tables that differ in a way that stops the work are refused here, once per process."""
    opened = open_database(load_settings().platform)
    try:
        require_compatible(opened.engine)
    except TransientDatabaseError as error:
        # Whoever asks the database something meets the same trouble, and knows whether to try again.
        logger.warning("The tables could not be compared with the contract: %s", error)
    return opened


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


@dg.resource(description="The language model that judges saved summaries, where one is set.")
def judge(_context: dg.InitResourceContext) -> JudgeFactory:
    """Return what opens a judge."""
    loaded = load_settings()
    return JudgeFactory(loaded, open_database(loaded.platform))


@dg.resource(description="Answers by the provider's Batch API, fetched before the runs that need them.")
def answer_batches(_context: dg.InitResourceContext) -> AnswerBatches:
    """Return what carries batches on."""
    loaded = load_settings()
    return AnswerBatches(loaded, open_object_store(loaded.platform), open_database(loaded.platform))


@dg.io_manager(description="Intermediate assets as JSON in the platform's bucket.")
def json_io_manager(_context: dg.InitResourceContext) -> JsonIOManager:
    """Return the IO manager."""
    loaded = load_settings()
    retries = RetrySchedule(loaded.pipeline.summary_retry_attempts, loaded.pipeline.summary_retry_delay_seconds)
    objects = open_object_store(loaded.platform)
    return JsonIOManager(objects, prefix=INTERMEDIATE_PREFIX, max_bytes=MAX_INTERMEDIATE_BYTES, retries=retries)


def build_resources() -> dict[str, dg.ResourceDefinition]:
    """Return the resources of the definitions, by the names under which assets and sensors ask for them."""
    return {
        "settings": settings,
        "object_store": object_store,
        "database": database,
        "kafka": kafka,
        "summarizer": summarizer,
        "judge": judge,
        "answer_batches": answer_batches,
        "io_manager": json_io_manager,
    }
