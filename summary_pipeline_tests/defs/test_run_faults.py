"""A run that is interrupted between any two of its steps: what it leaves in the stores, and the run that follows it."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline_tests.database.faults import Crash
from summary_pipeline_tests.defs.faults import Fault, fault_in_stores
from summary_pipeline_tests.defs.platform import Platform, snippets

pytestmark = pytest.mark.servers

TABLES = (
    "videos",
    "video_summaries",
    "summary_versions",
    "video_status_log",
    "outbox_events",
    "processed_messages",
)
FEWEST_STEPS = 30
"""Questions to PostgreSQL, objects between the assets, stored answers, the files of the summary, the transaction."""


@pytest.fixture
def killer(platform: Platform) -> Iterator[Engine]:
    """Another process's connections."""
    engine = create_database_engine(platform.engine.url, schema=platform.objects.bucket)
    yield engine
    engine.dispose()


def effect(platform: Platform) -> dict[str, list[str]]:
    """Return all that the pipeline has written about videos, as texts that differ where anything does."""
    with platform.engine.connect() as connection:
        quoted = connection.dialect.identifier_preparer.quote(platform.objects.bucket)
        return {
            table: sorted(connection.execute(text(f"SELECT t::text FROM {quoted}.{table} t")).scalars())  # noqa: S608
            for table in TABLES
        }


def require_one_effect(platform: Platform, origin: EventOrigin, point: int) -> None:
    rows = {table: len(found) for table, found in effect(platform).items()}
    assert rows == dict.fromkeys(rows, 1), f"interrupted at step {point}"
    row, (announced,) = platform.summary(origin.video_id), platform.outbox()
    assert row is not None
    assert platform.video(origin.video_id).status == "indexing"
    assert platform.processed() == {origin.event_id}
    assert announced.payload["summaryText"] == row.summary_text
    document = json.loads(platform.objects.read(row.summary_path or "", max_bytes=10**6).body)
    assert (document["summary"], document["event_id"]) == (row.summary_text, origin.event_id)
    assert platform.objects.read("summaries/7/summary.txt", max_bytes=10**6).body.decode() == f"{row.summary_text}\n"


def forget(platform: Platform) -> None:
    """Empty the tables and the bucket."""
    with platform.engine.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote(platform.objects.bucket)
        for table in effect(platform):
            connection.execute(text(f"TRUNCATE {quoted}.{table}"))
    client = platform.objects._client
    for item in client.list_objects_v2(Bucket=platform.objects.bucket).get("Contents", []):
        client.delete_object(Bucket=platform.objects.bucket, Key=item["Key"])


def test_a_crash_before_any_step_leaves_all_or_nothing_and_the_next_run_makes_up_for_it(
    platform: Platform, killer: Engine
) -> None:
    point, finished = 0, False
    while not finished:
        point += 1
        origin = platform.add_video(7, snippets())
        before = effect(platform)
        with fault_in_stores(
            platform.engine, platform.objects._client, killer, point=point, fault=Fault.CRASH
        ) as fault:
            try:
                finished = platform.summarize(7, origin).success
            except Crash:
                assert fault.fired
        if not finished:
            if effect(platform) != before:
                require_one_effect(platform, origin, point)
            assert platform.summarize(7, origin).success
        require_one_effect(platform, origin, point)
        forget(platform)
    assert point > FEWEST_STEPS
    assert not fault.fired


def test_a_connection_lost_at_any_step_is_made_up_for_within_the_run(platform: Platform, killer: Engine) -> None:
    point, fired = 0, True
    while fired:
        point += 1
        origin = platform.add_video(7, snippets())
        with fault_in_stores(
            platform.engine, platform.objects._client, killer, point=point, fault=Fault.NO_ANSWER
        ) as fault:
            assert platform.summarize(7, origin).success, f"no answer at step {point}"
        require_one_effect(platform, origin, point)
        forget(platform)
        fired = fault.fired
    assert point > FEWEST_STEPS
