"""Which runs wait for answers by batch, and what becomes of them."""

import dagster as dg
import pytest

from summary_pipeline.database.batches import BatchState
from summary_pipeline.defs import batch_sensor
from summary_pipeline.defs.awaiting_runs import ANSWERS, AWAITED, awaits_answers
from summary_pipeline.resources.openai_batches import OpenAIBatches
from summary_pipeline.summarization.language_model import TransientModelError
from summary_pipeline_tests.defs.batches import SHORT, Batches

pytestmark = pytest.mark.servers

ASSETS = frozenset({dg.AssetKey("chunk_summaries"), dg.AssetKey("final_summary")})


def run_of(
    partition: str | None = "7",
    *,
    job: str = "__ASSET_JOB",
    assets: frozenset[dg.AssetKey] | None = ASSETS,
    parent: str | None = None,
) -> dg.DagsterRun:
    tags = {"dagster/backfill": "abc", **({"dagster/partition": partition} if partition else {})}
    return dg.DagsterRun(
        job_name=job, run_id="1", tags=tags, asset_selection=assets, parent_run_id=parent, root_run_id=parent
    )


@pytest.mark.parametrize(
    ("size", "batch_from", "awaits"), [(5, 5, True), (6, 5, True), (4, 5, False), (9, None, False)]
)
def test_runs_of_large_backfills_wait(*, size: int, batch_from: int | None, awaits: bool) -> None:
    assert awaits_answers(run_of(), backfill_size=size, batch_from=batch_from) is awaits


def test_a_run_of_the_whole_job_waits() -> None:
    assert awaits_answers(run_of(job="summarize_video", assets=None), backfill_size=5, batch_from=5)


@pytest.mark.parametrize(
    "run",
    [
        run_of(assets=frozenset({dg.AssetKey("persisted_summary")})),
        run_of(job="another_job", assets=None),
        run_of("2026-11-26"),
        run_of(None),
        run_of(parent="0"),
    ],
    ids=["asks nothing", "of another job", "of no video", "of no partition", "repeats another"],
)
def test_a_run_for_which_a_batch_can_do_nothing_does_not_wait(run: dg.DagsterRun) -> None:
    assert not awaits_answers(run, backfill_size=5, batch_from=5)


def test_a_small_backfill_waits_for_nothing(batches: Batches) -> None:
    batches.monkeypatch.setenv("SUMMARY_BATCH_FROM", "3")
    batches.request(batches.add_video(1), batches.add_video(2))
    assert batches.tick() == "No batch needs anything."
    assert batches.backfills.startable() == {1, 2}


def test_a_run_that_no_backfill_asked_for_waits_for_nothing(batches: Batches) -> None:
    batches.backfills.submit("summarize_video", tags={"dagster/partition": "1"})
    assert batches.backfills.startable() == {1}


def test_a_run_that_repeats_one_that_was_cancelled_while_it_waited_starts(batches: Batches) -> None:
    batches.request(batches.add_video(1))
    batches.backfills.cancel()
    tags = {"dagster/backfill": "gone", "dagster/partition": "1", ANSWERS: AWAITED}
    batches.backfills.submit("summarize_video", tags=tags, repeats="0")
    assert batches.backfills.startable() == {1}


def test_a_runs_page_says_what_it_waits_for_and_what_came(batches: Batches) -> None:
    batches.request(batches.add_video(1, SHORT))
    assert any("waits in the queue for answers by batch" in said for said in batches.backfills.said_on_page(1))
    batches.tick_until_settled()
    (row,) = batches.rows()
    assert f"Batch {row.id} ({row.batch_id}): 1 of 1 answers were stored." in batches.backfills.said_on_page(1)


def test_two_backfills_of_one_video_wait_for_one_batch(batches: Batches) -> None:
    first = batches.request(batches.add_video(1))
    batches.tick()
    batches.request(1)
    assert batches.backfills.waiting() == [1, 1]
    batches.tick_until_settled()
    assert [row.backfill_id for row in batches.rows()] == [first]
    assert batches.backfills.startable() == {1}


def test_two_backfills_at_once_have_batches_of_their_own(batches: Batches) -> None:
    first = batches.request(batches.add_video(1))
    second = batches.request(batches.add_video(2, SHORT), 1)
    batches.tick_until_settled()
    assert [(row.video_ids, row.backfill_id) for row in batches.rows()] == [([1], first), ([2], second)]
    assert batches.backfills.startable() == {1, 2}


def test_nothing_is_sent_for_a_backfill_that_was_cancelled(batches: Batches) -> None:
    batches.behave(batch_error="token_limit_exceeded")
    batches.request(batches.add_video(1))
    batches.tick()
    batches.wait_for_provider()
    batches.tick()
    assert batches.row().state is BatchState.REQUESTED
    batches.backfills.cancel()
    batches.behave()
    batches.let_time_pass()
    assert "No run waits for it any more." in batches.tick()
    assert batches.states() == [BatchState.CANCELLED]
    assert [batch.status for batch in batches.submitted()] == ["failed"]


def test_the_batch_of_a_cancelled_backfill_is_cancelled_too(batches: Batches) -> None:
    batches.behave(batch_seconds=3600)
    batches.request(batches.add_video(1))
    batches.tick()
    batches.backfills.cancel()
    assert "The provider was told to cancel it." in batches.tick()
    batches.tick_until_settled()
    assert [batch.status for batch in batches.submitted()] == ["cancelled"]
    assert batches.states() == [BatchState.CANCELLED]
    assert batches.backfills.startable() == set()


def test_a_backfill_launched_again_after_a_cancel_gets_a_batch_of_its_own(batches: Batches) -> None:
    batches.behave(batch_seconds=3600)
    first = batches.request(batches.add_video(1))
    batches.tick()
    batches.backfills.cancel()
    assert "The provider was told to cancel it." in batches.tick()
    batches.behave()
    second = batches.request(1)
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1}
    assert [(row.backfill_id, row.state) for row in batches.rows()] == [
        (first, BatchState.CANCELLED),
        (second, BatchState.SETTLED),
    ]


def test_what_a_cancelled_batch_answered_is_not_asked_for_again_by_the_next_backfill(batches: Batches) -> None:
    batches.behave(batch_seconds=3600)
    batches.request(batches.add_video(1))
    batches.tick()
    batches.wait_until_all_is_answered()
    batches.backfills.cancel()
    batches.tick()
    batches.request(1)
    batches.tick_until_settled()
    assert len(batches.submitted()) == 1
    assert batches.backfills.startable() == {1}


def test_a_batch_that_is_cancelled_at_the_second_attempt_cancels_no_run_of_the_next_backfill(batches: Batches) -> None:
    batches.behave(batch_seconds=3600)
    batches.request(batches.add_video(1))
    batches.tick()
    batches.backfills.cancel()
    with batches.monkeypatch.context() as away:
        away.setattr(OpenAIBatches, "cancel", _away)
        with pytest.raises(TransientModelError):
            batches.tick()
    batches.let_time_pass()
    batches.request(1)
    assert "The provider was told to cancel it." in batches.tick()
    batches.behave()
    batches.tick_until_settled()
    assert (batches.backfills.startable(), batches.backfills.waiting()) == ({1}, [])
    assert batches.states() == [BatchState.CANCELLED, BatchState.SETTLED]


def test_a_person_who_cancels_a_batch_at_the_provider_ends_the_runs_of_all_backfills_that_wait_for_it(
    batches: Batches,
) -> None:
    batches.behave(batch_seconds=3600)
    batches.request(batches.add_video(1))
    batches.tick()
    batches.request(1)
    with batches.client() as client:
        client.batches.cancel(batches.submitted()[0].id)
    batches.tick_until_settled()
    assert batches.states() == [BatchState.CANCELLED]
    assert (batches.backfills.startable(), batches.backfills.waiting()) == (set(), [])


def test_a_batch_goes_on_while_one_run_of_it_waits(batches: Batches) -> None:
    batches.request(batches.add_video(1), batches.add_video(2, SHORT))
    batches.tick()
    (first, *_) = batches.platform.instance.get_runs(dg.RunsFilter(tags={"dagster/partition": "1"}))
    batches.platform.instance.run_coordinator.cancel_run(first.run_id)
    batches.tick_until_settled()
    assert batches.states() == [BatchState.SETTLED]
    assert (batches.backfills.startable(), batches.backfills.cancelled()) == ({2}, {1})


def test_runs_that_one_tick_has_no_time_to_tell_are_told_by_the_next(batches: Batches) -> None:
    batches.request(batches.add_video(1), batches.add_video(2, SHORT))
    batches.tick()
    batches.wait_for_provider()
    with batches.monkeypatch.context() as slow:
        slow.setattr(batch_sensor, "TELLING_SECONDS", -1.0)
        batches.tick()
    assert batches.backfills.waiting() == [1, 2]
    assert batches.row().state is BatchState.ANSWERED
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1, 2}


async def _away(*_arguments: object) -> None:
    raise TransientModelError("the provider is away")
