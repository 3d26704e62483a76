"""What is deleted from Dagster once it is old, and what is kept."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from sqlalchemy import text

from summary_pipeline.build import build_defs
from summary_pipeline.defs import run_retention
from summary_pipeline.defs.run_retention import Deleted, delete_old_runs
from summary_pipeline.deployment.storage import process_engine
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.settings import PipelineSettings
from summary_pipeline_tests.defs.platform import Platform, snippets

pytestmark = pytest.mark.servers

LATER = timedelta(days=1)


def delete(platform: Platform, before: datetime | None = None, *, seconds: float = 60) -> Deleted:
    return delete_old_runs(platform.instance, before or datetime.now(UTC) + LATER, until=time.monotonic() + seconds)


def partitions(platform: Platform) -> set[str]:
    return set(platform.instance.get_dynamic_partitions("videos"))


def runs(platform: Platform) -> set[str]:
    return {run.run_id for run in platform.instance.get_runs()}


def summarized(platform: Platform, video_id: int) -> str:
    platform.add_video(video_id, snippets())
    return platform.summarize(video_id).run_id


def test_an_old_run_goes_with_its_partition_and_its_summary_stays(platform: Platform) -> None:
    summarized(platform, 7)
    assert delete(platform) == Deleted(runs=1, partitions=1, more=False)
    assert (runs(platform), partitions(platform)) == (set(), set())
    summary = platform.summary(7)
    assert summary is not None
    assert summary.summary_text == platform.document(7)["summary"]


def test_a_young_run_stays_and_keeps_its_partition(platform: Platform) -> None:
    summarized(platform, 7)
    between = datetime.now(UTC)
    young = platform.summarize(7).run_id
    assert delete(platform, between) == Deleted(runs=1, partitions=0, more=False)
    assert (runs(platform), partitions(platform)) == ({young}, {"7"})


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
def test_a_run_that_is_not_finished_stays_however_old_it_is(platform: Platform, status: dg.DagsterRunStatus) -> None:
    platform.instance.add_dynamic_partitions("videos", ["7"])
    job = platform.defs.resolve_job_def("summarize_video")
    run = platform.instance.create_run_for_job(job, tags={"dagster/partition": "7"}, status=status)
    assert delete(platform) == Deleted(runs=0, partitions=0, more=False)
    assert (runs(platform), partitions(platform)) == ({run.run_id}, {"7"})


def test_runs_of_reports_stay_and_do_not_hide_what_comes_after_them(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_retention, "_PAGE", 2)
    job = platform.defs.resolve_job_def("report_daily")
    tags, finished = {"dagster/partition": "2026-01-01"}, dg.DagsterRunStatus.SUCCESS
    reports = {platform.instance.create_run_for_job(job, tags=tags, status=finished).run_id for _ in range(3)}
    summarized(platform, 7)
    assert delete(platform) == Deleted(runs=1, partitions=1, more=False)
    assert runs(platform) == reports


def test_what_there_is_no_time_for_is_left_to_the_next_night(platform: Platform) -> None:
    kept = summarized(platform, 7)
    assert delete(platform, seconds=-1) == Deleted(runs=0, partitions=0, more=True)
    assert runs(platform) == {kept}


def backfill(status: BulkActionStatus) -> PartitionBackfill:
    made_at = datetime.now(UTC).timestamp()
    return PartitionBackfill(backfill_id="b", status=status, from_failure=False, tags={}, backfill_timestamp=made_at)


def test_nothing_is_deleted_while_a_backfill_is_under_way_which_may_want_any_partition(platform: Platform) -> None:
    kept = summarized(platform, 7)
    platform.instance.add_backfill(backfill(BulkActionStatus.REQUESTED))
    assert delete(platform) == Deleted(runs=0, partitions=0, more=True)
    assert (runs(platform), partitions(platform)) == ({kept}, {"7"})
    platform.instance.update_backfill(backfill(BulkActionStatus.COMPLETED_SUCCESS))
    assert delete(platform) == Deleted(runs=1, partitions=1, more=False)


def test_an_event_that_comes_again_after_its_run_was_deleted_changes_nothing(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    delete(platform)
    sent = platform.outbox()
    assert platform.summarize(7, origin).success
    assert [row.id for row in platform.outbox()] == [row.id for row in sent]


def test_the_job_says_what_it_deleted(platform: Platform) -> None:
    summarized(platform, 7)
    job = platform.defs.resolve_job_def("delete_old_runs")
    night = job.execute_in_process(instance=platform.instance)
    assert len(runs(platform)) == 2  # The video's, which is young, and the job's own.
    said = [entry.user_message for entry in platform.instance.all_logs(night.run_id)]
    assert any(message.endswith(": 0 runs, and 0 partitions without a run.") for message in said)


def test_it_runs_at_night_by_itself() -> None:
    defs = build_defs(settings=PipelineSettings(summary_report_timezone="Europe/Berlin"))
    schedule = defs.resolve_schedule_def("delete_old_runs_schedule")
    assert (schedule.cron_schedule, schedule.execution_timezone, schedule.default_status) == (
        "0 3 * * *",
        "Europe/Berlin",
        dg.DefaultScheduleStatus.RUNNING,
    )


@pytest.fixture
def on_postgresql(platform: Platform, postgres_server: EmbeddedPostgres) -> Iterator[tuple[Platform, str]]:
    """The same on the storage that the deployed Dagster has."""
    database = "dagster_of_retention"
    postgres_server.create_database(database)
    url = postgres_server.url(database)
    storage = {"module": "summary_pipeline.deployment.storage", "class": "PooledPostgresStorage"}
    overrides = {"storage": {"custom": {**storage, "config": {"postgres_url": url}}}}
    with dg.instance_for_test(overrides=overrides) as instance:
        yield replace(platform, instance=instance), url
    process_engine(url).dispose()


def test_nothing_of_an_old_run_is_left_in_dagsters_tables(on_postgresql: tuple[Platform, str]) -> None:
    platform, url = on_postgresql
    old = summarized(platform, 7)
    between = datetime.now(UTC)
    young = summarized(platform, 8)
    assert delete(platform, between) == Deleted(runs=1, partitions=1, more=False)
    with process_engine(url).connect() as connection:
        for table in ("runs", "run_tags", "event_logs"):
            found = set(connection.scalars(text(f"SELECT DISTINCT run_id FROM {table}")))  # noqa: S608 - our own names
            assert found == {young}, table
    assert old != young
