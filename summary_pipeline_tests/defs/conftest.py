"""The platform as assets and sensors meet it: real servers, and for each test a schema and a bucket of its own."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from summary_pipeline.build import build_defs
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.local.openai_server.serving import running_server
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.local.s3_server import EmbeddedS3
from summary_pipeline.resources.connections import open_database, open_object_store
from summary_pipeline.settings import load_settings
from summary_pipeline_tests.defs.backfills import instance_with_queue
from summary_pipeline_tests.defs.batches import Batches
from summary_pipeline_tests.defs.platform import Platform

DATABASE = "defs_tests"
PRICE = {"input": 1000.0, "cached_input": 1000.0, "output": 1000.0}


@pytest.fixture(scope="session")
def defs_database(postgres_server: EmbeddedPostgres) -> str:
    postgres_server.create_database(DATABASE)
    return DATABASE


@pytest.fixture
def platform(
    defs_database: str,
    postgres_server: EmbeddedPostgres,
    s3_server: EmbeddedS3,
    openai_server: OfflineOpenAI,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Platform]:
    """Everything but Kafka, which only the sensor's tests need."""
    name = f"test-{uuid.uuid4()}"
    s3_server.create_bucket(name)
    environment = {
        **postgres_server.environment(defs_database),
        **s3_server.environment(),
        **openai_server.environment(),
        "DB_SCHEMA": name,
        "AWS_YOUTUBE_BUCKET": name,
        "KAFKA_BROKERS": "127.0.0.1:1",
        "SUMMARY_MODEL": "extractive-offline",
        "SUMMARY_RETRY_DELAY_SECONDS": "0",
        "SUMMARY_KAFKA_GROUP_ID": name,
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    database = open_database(settings.platform)
    create_missing_shared_tables(database.engine, name)
    migrate_own_tables(database.engine, name)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Platform(
            engine=database.engine,
            objects=open_object_store(settings.platform),
            defs=build_defs(),
            instance=instance,
        )
    database.engine.dispose()


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set before ``platform`` builds the definitions."""
    monkeypatch.setenv("SUMMARY_CHUNK_TOKENS", "100")


@pytest.fixture
def batches(_small_chunks: None, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Batches]:
    monkeypatch.setenv("SUMMARY_BATCH_FROM", "1")
    with running_server() as server, instance_with_queue() as instance:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield Batches(replace(platform, instance=instance), server, monkeypatch)


@pytest.fixture
def priced(batches: Batches, tmp_path: Path) -> Batches:
    """A model that costs a tenth of a cent a token, half of that in a batch."""
    registry = tmp_path / "models.json"
    registry.write_text(json.dumps({"extractive-offline": {"price": PRICE}}))
    batches.monkeypatch.setenv("SUMMARY_MODEL_REGISTRY", str(registry))
    return batches
