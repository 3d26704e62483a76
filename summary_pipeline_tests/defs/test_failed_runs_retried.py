"""What becomes of a failed run that Dagster will try again, or said that it would."""

from dataclasses import replace

import dagster as dg
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from summary_pipeline.database.models import Video
from summary_pipeline.defs import run_retries
from summary_pipeline.defs.failure_cursor import parse_failure_cursor
from summary_pipeline_tests.defs.failing import fail, tick
from summary_pipeline_tests.defs.platform import Platform, snippets

pytestmark = pytest.mark.servers


def test_a_run_that_will_be_tried_again_does_not_fail_its_video(platform: Platform) -> None:
    fail(platform, platform.add_video(7, None), {"dagster/will_retry": "true"})
    tick(platform)
    assert platform.video(7).status == "summarizing"


def test_a_retry_that_was_announced_and_never_came_is_a_failure_after_all(platform: Platform) -> None:
    result = fail(platform, platform.add_video(7, None), {"dagster/will_retry": "true"})
    cursor = tick(platform).cursor
    # As Dagster does where the retry can't be made, for example because the code location does not load.
    platform.instance.add_run_tags(result.run_id, {"dagster/will_retry": "false"})
    tick(platform, cursor)
    assert platform.video(7).status == "failed"


def test_a_retry_that_is_there_takes_the_failed_runs_place(platform: Platform) -> None:
    origin = platform.add_video(7, None)
    result = fail(platform, origin, {"dagster/will_retry": "true"})
    job = platform.defs.resolve_job_def("summarize_video")
    retry = platform.instance.create_run_for_job(job, tags=origin.to_tags(), status=dg.DagsterRunStatus.STARTED)
    platform.instance.add_run_tags(result.run_id, {"dagster/auto_retry_run_id": retry.run_id})
    assert parse_failure_cursor(tick(platform).cursor).undecided == frozenset()
    assert platform.video(7).status == "summarizing"


def test_a_retry_that_its_cancelled_backfill_prevents_is_a_failure(platform: Platform) -> None:
    tags = {"dagster/will_retry": "true", "dagster/backfill": "cancelled and deleted"}
    platform.add_video(7, None)
    platform.summarize(7, tags=tags)
    assert parse_failure_cursor(tick(platform).cursor).undecided == frozenset()
    assert platform.video(7).status == "failed"


def test_a_failure_whose_retry_does_not_come_is_told_when_the_wait_is_over(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(platform, platform.add_video(7, None), {"dagster/will_retry": "true"})
    cursor = tick(platform).cursor
    assert len(parse_failure_cursor(cursor).undecided) == 1
    monkeypatch.setattr(run_retries, "RETRY_PATIENCE_SECONDS", 0.0)
    assert parse_failure_cursor(tick(platform, cursor).cursor).undecided == frozenset()
    assert platform.video(7).status == "failed"


def test_a_run_that_dagster_has_not_tagged_yet_is_put_off(platform: Platform) -> None:
    with dg.DagsterInstance.ephemeral(settings={"run_retries": {"enabled": True}}) as instance:
        retrying = replace(platform, instance=instance)
        platform.add_video(7, None)
        # Dagster logs the failure first and tags the run then; in between, the sensor may look.
        with pytest.MonkeyPatch.context() as between:
            between.setattr(dg.DagsterInstance, "add_run_tags", lambda *_: None)
            result = retrying.summarize(7)
        assert not result.success
        cursor = tick(retrying).cursor
        assert platform.video(7).status == "summarizing"
        instance.add_run_tags(result.run_id, {"dagster/will_retry": "false"})
        tick(retrying, cursor)
        assert platform.video(7).status == "failed"


def test_the_failed_retry_of_a_backfill_that_had_its_effect_is_no_failure(platform: Platform) -> None:
    platform.add_video(7, snippets())
    first = platform.summarize(7)
    with Session(platform.engine) as session:
        session.execute(update(Video).values(status="summarizing"))
        session.commit()
    job = platform.defs.resolve_job_def("summarize_video")
    tags = {"dagster/partition": "7", "dagster/parent_run_id": first.run_id, "dagster/root_run_id": first.run_id}
    retry = platform.instance.create_run_for_job(
        job, tags=tags, parent_run_id=first.run_id, root_run_id=first.run_id, status=dg.DagsterRunStatus.STARTED
    )
    platform.instance.add_run_tags(first.run_id, {"dagster/auto_retry_run_id": retry.run_id})
    platform.instance.report_run_failed(retry, "The worker does not answer.")
    tick(platform)
    assert platform.video(7).status == "summarizing"
