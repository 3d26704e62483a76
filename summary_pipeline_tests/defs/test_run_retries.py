"""Runs and their automatic retries, tagged as Dagster tags them."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.test_utils import create_run_for_test

from summary_pipeline.defs.run_retries import (
    RETRY_PATIENCE_SECONDS,
    Following,
    first_run_id,
    what_follows,
)

JUST_NOW = 0.5


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral(settings={"run_retries": {"enabled": True}}) as instance:
        yield instance


def add_run(
    instance: dg.DagsterInstance,
    tags: Mapping[str, str] | None = None,
    *,
    parent: dg.DagsterRun | None = None,
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.FAILURE,
) -> dg.DagsterRun:
    """Add a run; with ``parent`` one that a person made of it."""
    root = (parent.root_run_id or parent.run_id) if parent else None
    run: dg.DagsterRun = create_run_for_test(
        instance,
        tags=dict(tags or {}),
        parent_run_id=parent.run_id if parent else None,
        root_run_id=root,
        status=status,
    )
    return run


def retry(
    instance: dg.DagsterInstance, failed: dg.DagsterRun, status: dg.DagsterRunStatus = dg.DagsterRunStatus.FAILURE
) -> dg.DagsterRun:
    """Add a run in the place of ``failed``, as Dagster's daemon does."""
    added = add_run(instance, {"dagster/retry_number": "1"}, parent=failed, status=status)
    instance.add_run_tags(failed.run_id, {"dagster/auto_retry_run_id": added.run_id})
    return added


def read(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def following(instance: dg.DagsterInstance, run: dg.DagsterRun, seconds: float = JUST_NOW) -> Following:
    return what_follows(read(instance, run), instance, seconds_since_failure=seconds)


def test_a_run_that_nobody_retried_stands_for_itself(instance: dg.DagsterInstance) -> None:
    run = add_run(instance)
    assert first_run_id(run, instance.get_run_by_id) == run.run_id


def test_automatic_retries_stand_for_the_run_that_was_asked_for(instance: dg.DagsterInstance) -> None:
    run = add_run(instance)
    second = retry(instance, run)
    third = retry(instance, second)
    assert first_run_id(second, instance.get_run_by_id) == run.run_id
    assert first_run_id(third, instance.get_run_by_id) == run.run_id


def test_a_run_that_a_person_started_again_stands_for_itself(instance: dg.DagsterInstance) -> None:
    again = add_run(instance, parent=add_run(instance))
    assert first_run_id(again, instance.get_run_by_id) == again.run_id


def test_the_retry_of_a_run_that_a_person_started_again_stands_for_that_one(instance: dg.DagsterInstance) -> None:
    again = add_run(instance, parent=add_run(instance))
    retried = retry(instance, again)
    assert first_run_id(retried, instance.get_run_by_id) == again.run_id


def test_a_retrys_tags_on_a_run_that_a_person_started_do_not_make_it_one(instance: dg.DagsterInstance) -> None:
    """The UI copies all tags to a run of selected assets."""
    retried = retry(instance, add_run(instance))
    again = add_run(instance, retried.tags, parent=retried)
    assert again.tags["dagster/retry_number"] == "1"
    assert first_run_id(again, instance.get_run_by_id) == again.run_id


def test_a_retry_whose_first_run_was_deleted_stands_for_itself(instance: dg.DagsterInstance) -> None:
    run = add_run(instance)
    retried = retry(instance, run)
    instance.delete_run(run.run_id)
    assert first_run_id(retried, instance.get_run_by_id) == retried.run_id


def test_it_is_open_what_follows_a_run_that_dagster_has_not_tagged_yet(instance: dg.DagsterInstance) -> None:
    assert following(instance, add_run(instance)) is Following.UNDECIDED


def test_nothing_follows_where_runs_are_not_retried() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert following(instance, add_run(instance)) is Following.NOTHING


def test_nothing_follows_a_run_that_dagster_will_not_retry(instance: dg.DagsterInstance) -> None:
    assert following(instance, add_run(instance, {"dagster/will_retry": "false"})) is Following.NOTHING


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (dg.DagsterRunStatus.NOT_STARTED, Following.UNDECIDED),
        (dg.DagsterRunStatus.STARTING, Following.RETRY),
        (dg.DagsterRunStatus.SUCCESS, Following.RETRY),
        (dg.DagsterRunStatus.FAILURE, Following.RETRY),
    ],
)
def test_a_retry_follows_once_it_was_submitted(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, expected: Following
) -> None:
    run = add_run(instance, {"dagster/will_retry": "true"})
    retry(instance, run, status)
    assert following(instance, run) is expected


@pytest.mark.parametrize("tags", [{}, {"dagster/will_retry": "true"}], ids=["not tagged", "announced"])
def test_a_retry_that_has_not_come_for_ten_minutes_does_not_come(
    instance: dg.DagsterInstance, tags: dict[str, str]
) -> None:
    run = add_run(instance, tags)
    assert following(instance, run, RETRY_PATIENCE_SECONDS - 1) is Following.UNDECIDED
    assert following(instance, run, RETRY_PATIENCE_SECONDS) is Following.NOTHING


def test_a_retry_that_came_late_follows_all_the_same(instance: dg.DagsterInstance) -> None:
    run = add_run(instance, {"dagster/will_retry": "true"})
    retry(instance, run, dg.DagsterRunStatus.STARTED)
    assert following(instance, run, RETRY_PATIENCE_SECONDS) is Following.RETRY


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (BulkActionStatus.REQUESTED, Following.UNDECIDED),
        (BulkActionStatus.CANCELING, Following.UNDECIDED),
        (BulkActionStatus.CANCELED, Following.NOTHING),
        (BulkActionStatus.FAILED, Following.NOTHING),
        (BulkActionStatus.COMPLETED_FAILED, Following.NOTHING),
    ],
)
def test_nothing_follows_a_run_whose_backfill_is_over(
    instance: dg.DagsterInstance, status: BulkActionStatus, expected: Following
) -> None:
    add_backfill(instance, "the-backfill", status)
    run = add_run(instance, {"dagster/will_retry": "true", "dagster/backfill": "the-backfill"})
    assert following(instance, run) is expected


def test_nothing_follows_a_run_whose_backfill_is_gone(instance: dg.DagsterInstance) -> None:
    run = add_run(instance, {"dagster/will_retry": "true", "dagster/backfill": "deleted"})
    assert following(instance, run) is Following.NOTHING


def test_a_retry_that_is_there_outlives_its_backfill(instance: dg.DagsterInstance) -> None:
    add_backfill(instance, "the-backfill", BulkActionStatus.COMPLETED_SUCCESS)
    run = add_run(instance, {"dagster/will_retry": "true", "dagster/backfill": "the-backfill"})
    retry(instance, run, dg.DagsterRunStatus.SUCCESS)
    assert following(instance, run) is Following.RETRY


def add_backfill(instance: dg.DagsterInstance, backfill_id: str, status: BulkActionStatus) -> None:
    instance.add_backfill(
        PartitionBackfill(
            backfill_id=backfill_id,
            status=status,
            from_failure=False,
            tags={},
            backfill_timestamp=datetime(2024, 1, 1, tzinfo=UTC).timestamp(),
        )
    )
