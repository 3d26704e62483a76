"""Large backfills by batch: real PostgreSQL, real S3, and the offline server as the provider."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from summary_pipeline.database import batches as statements
from summary_pipeline.database.batches import BatchRow, BatchState, Submission
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.own_models import AnswerBatch
from summary_pipeline.database.spending import spending_on
from summary_pipeline.local.openai_server.serving import running_server
from summary_pipeline.report.operations import usage_lines
from summary_pipeline.report.queries import gather
from summary_pipeline.report.window import Period, Window
from summary_pipeline.resources import answer_batches, batch_steps
from summary_pipeline.resources.openai_batches import BatchResult, OpenAIBatches, SubmittedBatch
from summary_pipeline.summarization.batching import TICK_LIMITS, BatchLimits
from summary_pipeline.summarization.language_model import Completion, PermanentModelError, TransientModelError
from summary_pipeline_tests.defs.batches import Batches
from summary_pipeline_tests.defs.platform import TALK, Platform

pytestmark = pytest.mark.servers

SHORT = "The lamp is lit at dusk."
PRICE = {"input": 1000.0, "cached_input": 1000.0, "output": 1000.0}


@pytest.fixture
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set before ``platform`` builds the definitions."""
    monkeypatch.setenv("SUMMARY_CHUNK_TOKENS", "100")


@pytest.fixture
def batches(_small_chunks: None, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Batches]:
    with running_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield Batches(platform, server, monkeypatch)


@pytest.fixture
def priced(batches: Batches, tmp_path: Path) -> Batches:
    """A model that costs a tenth of a cent a token, half of that in a batch."""
    registry = tmp_path / "models.json"
    registry.write_text(json.dumps({"extractive-offline": {"price": PRICE}}))
    batches.monkeypatch.setenv("SUMMARY_MODEL_REGISTRY", str(registry))
    return batches


def test_answers_come_by_batch_and_runs_pay_for_what_is_left(batches: Batches) -> None:
    long, short = batches.add_video(1), batches.add_video(2, SHORT)
    batches.request(long, short)
    batches.tick_until_launched()
    assert batches.backfilled() == [{"1", "2"}]
    assert batches.live_calls == 0
    of_long, of_short = batches.summarize(long), batches.summarize(short)
    assert batches.live_calls == 1  # the last call about the long video
    assert of_long["stored_usage"]["batch_calls"] == of_long["chunk_count"] > 2
    assert of_short["stored_usage"]["batch_calls"] == 1
    assert (of_short["usage"]["calls"], of_short["single_call"]) == (0, True)
    assert batches.calls_by_batch == of_long["chunk_count"] + 1


def test_a_summary_by_batch_is_the_summary_of_live_calls(batches: Batches) -> None:
    video = batches.add_video(1)
    batches.request(video)
    batches.tick_until_launched()
    batches.summarize(video)
    by_batch = batches.platform.document(video)
    batches.monkeypatch.setenv("SUMMARY_FORCE", "true")
    batches.summarize(video)
    live = batches.platform.document(video)
    for part in ("summary", "key_points", "chapters", "topics"):
        assert by_batch[part] == live[part]


def test_a_tick_without_a_batch_asks_nobody(batches: Batches) -> None:
    batches.monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert batches.tick() == "No batch needs anything."


def test_what_an_expired_batch_left_is_asked_for_by_the_run(batches: Batches) -> None:
    batches.behave(batch_expires_after=2)
    video = batches.add_video(1)
    batches.request(video)
    batches.tick_until_launched()
    found = batches.summarize(video)
    assert found["stored_usage"]["batch_calls"] == 2
    assert batches.live_calls == found["chunk_count"] - 2 + 1
    (row,) = batches.rows()
    assert (row.answers_kept, row.answers_unusable) == (2, found["chunk_count"] - 2)


@pytest.mark.parametrize("kind", ["refusal", "malformed_content", "truncated_content", "empty_content", "error"])
def test_an_answer_that_can_not_be_used_is_not_stored(batches: Batches, kind: str) -> None:
    batches.behave(faults=[{"kind": kind, "times": 1}])
    video = batches.add_video(1)
    batches.request(video)
    batches.tick_until_launched()
    (row,) = batches.rows()
    assert (row.answers_kept, row.answers_unusable) == (row.requests - 1, 1)
    assert batches.backfilled() == [{"1"}]


def test_a_batch_that_was_submitted_but_not_recorded_is_found_again(batches: Batches) -> None:
    video = batches.add_video(1)
    batches.request(video)
    with batches.monkeypatch.context() as crash:
        crash.setattr(statements, "record_submitted", _lost_connection)
        with pytest.raises(TransientDatabaseError):
            batches.tick()
    assert batches.row().state is BatchState.SUBMITTING
    batches.tick_until_launched()
    assert len(batches.submitted()) == 1
    assert batches.backfilled() == [{"1"}]


def test_a_provider_that_is_away_is_asked_again(batches: Batches) -> None:
    video = batches.add_video(1)
    batches.request(video)
    with batches.monkeypatch.context() as away:
        away.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
        for _ in range(2):
            with pytest.raises(TransientModelError):
                batches.tick()
            batches.let_time_pass()
    assert batches.row().state is BatchState.SUBMITTING
    batches.tick_until_launched()
    assert len(batches.submitted()) == 1


def test_a_crash_while_answers_are_stored_repeats_no_request(batches: Batches) -> None:
    video = batches.add_video(1)
    batches.request(video)
    batches.tick()
    batches.wait_for_provider()
    with batches.monkeypatch.context() as crash:
        crash.setattr(statements, "record_end", _lost_connection)
        with pytest.raises(TransientDatabaseError):
            batches.tick()
    batches.tick_until_launched()
    assert len(batches.submitted()) == 1
    (row,) = batches.rows()
    assert (row.state, row.answers_kept) == ("launched", row.requests)


def test_a_backfill_that_was_launched_but_not_recorded_is_not_launched_again(batches: Batches) -> None:
    video = batches.add_video(1)
    batches.request(video)
    batches.tick()
    batches.wait_for_provider()
    with batches.monkeypatch.context() as crash:
        crash.setattr(statements, "record_launched", _lost_connection)
        with pytest.raises(TransientDatabaseError):
            batches.tick()
    batches.tick_until_launched()
    assert batches.backfilled() == [{"1"}]
    (row,) = batches.rows()
    assert row.backfill_id == batches.platform.instance.get_backfills()[0].backfill_id


def test_a_provider_without_room_gets_the_batch_again_later(batches: Batches) -> None:
    batches.behave(batch_error="token_limit_exceeded")
    batches.request(batches.add_video(1))
    batches.tick()
    batches.wait_for_provider()
    assert "no room" in batches.tick()
    assert batches.row().state is BatchState.REQUESTED
    batches.behave()
    assert batches.tick() == "No batch needs anything."
    batches.let_time_pass()
    batches.tick_until_launched()
    assert [batch.status for batch in batches.submitted()] == ["completed", "failed"]
    assert batches.backfilled() == [{"1"}]


def test_a_batch_that_is_refused_for_good_ends_in_live_runs(batches: Batches) -> None:
    batches.behave(batch_error="model_not_supported")
    video = batches.add_video(1, SHORT)
    batches.request(video)
    assert any("live" in said for said in batches.tick_until_launched())
    batches.summarize(video)
    assert batches.live_calls == 1


def test_a_batch_that_the_provider_forgot_ends_in_live_runs(batches: Batches) -> None:
    batches.request(batches.add_video(1))
    batches.tick()
    with running_server() as another:
        batches.monkeypatch.setenv("OPENAI_BASE_URL", another.base_url)
        batches.tick()
    assert batches.backfilled() == [{"1"}]


def test_a_key_that_the_provider_refuses_stops_nothing_for_good(batches: Batches) -> None:
    batches.request(batches.add_video(1))
    with batches.monkeypatch.context() as wrong:
        wrong.setenv("OPENAI_API_KEY", " ")
        with pytest.raises(PermanentModelError):
            batches.tick()
    batches.let_time_pass()
    batches.tick_until_launched()
    assert batches.backfilled() == [{"1"}]


def test_one_batch_in_trouble_does_not_hold_up_the_others(batches: Batches) -> None:
    batches.request(batches.add_video(1, SHORT))
    batches.tick()
    batches.wait_for_provider()
    batches.request(batches.add_video(2, TALK))
    with batches.monkeypatch.context() as broken:
        broken.setattr(OpenAIBatches, "results", _malformed)
        with pytest.raises(TransientModelError):
            batches.tick()
    assert batches.states() == [BatchState.SUBMITTED, BatchState.SUBMITTED]
    batches.let_time_pass()
    batches.tick_until_launched()
    assert sorted(batches.backfilled(), key=min) == [{"1"}, {"2"}]


def test_a_batch_that_a_person_cancels_starts_no_runs_and_keeps_its_answers(batches: Batches) -> None:
    batches.behave(batch_seconds=3600)
    video = batches.add_video(1)
    batches.request(video)
    batches.tick()
    assert "requests are done" in batches.tick()
    with batches.client() as client:
        client.batches.cancel(client.batches.list().data[0].id)
    batches.tick_until_launched()
    assert batches.states() == [BatchState.CANCELLED]
    assert batches.backfilled() == []
    kept = batches.rows()[0].answers_kept
    assert batches.summarize(video)["stored_usage"]["batch_calls"] == kept


def test_answers_that_are_there_are_not_asked_for(batches: Batches) -> None:
    video = batches.add_video(1, SHORT)
    batches.summarize(video)
    batches.request(video)
    batches.tick()
    assert batches.submitted() == []
    assert batches.backfilled() == [{"1"}]


def test_one_question_about_two_videos_is_asked_once(batches: Batches) -> None:
    batches.request(batches.add_video(1, SHORT), batches.add_video(2, SHORT))
    batches.tick_until_launched()
    assert batches.calls_by_batch == batches.rows()[0].answers_kept == 1
    assert batches.summarize(1)["usage"]["calls"] == batches.summarize(2)["usage"]["calls"] == 0


@pytest.mark.parametrize("text", [None, "not a transcript"])
def test_a_video_that_can_not_be_read_is_left_to_its_run(batches: Batches, text: str | None) -> None:
    broken = batches.add_video(1, text)
    if text is not None:
        batches.platform.objects.write("transcripts/1/transcript.json", b"[}", content_type="application/json")
    batches.request(broken, batches.add_video(2, SHORT))
    batches.tick_until_launched()
    assert batches.backfilled() == [{"1", "2"}]
    assert batches.calls_by_batch == 1


def test_a_large_request_becomes_several_batches_and_backfills(batches: Batches) -> None:
    batches.monkeypatch.setattr(batch_steps, "TICK_LIMITS", BatchLimits(requests=1, bytes=TICK_LIMITS.bytes))
    batches.request(batches.add_video(1, SHORT), batches.add_video(2, TALK), batches.add_video(3, f"{SHORT} {TALK}"))
    batches.tick_until_launched()
    assert len(batches.submitted()) == 3
    assert sorted(batches.backfilled(), key=min) == [{"1"}, {"2"}, {"3"}]


def test_what_one_tick_does_not_manage_the_next_ones_do(batches: Batches) -> None:
    batches.request(batches.add_video(1, SHORT), batches.add_video(2, TALK))
    batches.tick()
    batches.wait_for_provider()
    with batches.monkeypatch.context() as slow:
        clock = _RunsOut()
        slow.setattr(answer_batches, "time", clock)
        slow.setattr(batch_steps, "time", clock)
        batches.tick()
    assert (batches.row().videos_collected, batches.row().state) == (1, BatchState.SUBMITTED)
    batches.tick_until_launched()
    (row,) = batches.rows()
    assert (row.videos_collected, row.answers_kept) == (2, 2)


def test_a_batch_costs_half_and_counts_on_the_day(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "1000")
    video = priced.add_video(1)
    priced.request(video)
    priced.tick()
    day = priced.row().reserved_on
    assert day is not None
    assert spending_on(priced.platform.engine, day).reserved_usd == pytest.approx(priced.row().reserved_usd)
    assert priced.row().reserved_usd > 0
    priced.tick_until_launched()
    spending = spending_on(priced.platform.engine, day)
    assert spending.reserved_usd == pytest.approx(0.0)
    (batch,) = priced.submitted()
    assert batch.usage is not None
    assert spending.spent_usd == pytest.approx(batch.usage.total_tokens * 0.001 / 2)
    stored = priced.summarize(video)["stored_usage"]
    assert stored["cost_usd"] == pytest.approx(spending.spent_usd)


def test_an_answer_without_token_counts_costs_what_its_request_costs_at_most(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "1000")
    priced.request(priced.add_video(1))
    priced.tick()
    begun = priced.row()
    assert begun.reserved_on is not None
    priced.wait_for_provider()
    with priced.monkeypatch.context() as uncounted:
        counted = _without_one_count(uncounted)
        priced.tick()
    (ended,) = priced.rows()
    spending = spending_on(priced.platform.engine, begun.reserved_on)
    assert spending.reserved_usd == pytest.approx(0.0)
    assert ended.spent_usd == pytest.approx(spending.spent_usd)
    others = sum(completion.input_tokens + completion.output_tokens for completion in counted) * 0.001 / 2
    assert others + begun.reserved_usd / begun.requests / 2 < spending.spent_usd < begun.reserved_usd


def test_an_answer_without_token_counts_to_another_prompt_costs_all_that_was_set_aside(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "1000")
    priced.request(priced.add_video(1))
    priced.tick()
    begun = priced.row()
    assert begun.reserved_on is not None
    priced.wait_for_provider()
    priced.monkeypatch.setenv("SUMMARY_MAP_OUTPUT_TOKENS", "150")
    with priced.monkeypatch.context() as uncounted:
        _without_one_count(uncounted)
        priced.tick()
    spending = spending_on(priced.platform.engine, begun.reserved_on)
    assert (spending.spent_usd, spending.reserved_usd) == pytest.approx((begun.reserved_usd, 0.0))


def test_a_batch_whose_row_was_moved_while_it_was_collected_is_left_alone(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "1000")
    priced.request(priced.add_video(1))
    priced.tick()
    begun = priced.row()
    assert begun.reserved_on is not None
    priced.wait_for_provider()
    end = statements.record_end

    def cancel_and_end(engine: Engine, row: BatchRow, *given: Any, **named: Any) -> bool:  # noqa: ANN401 - passed on
        with Session(engine) as session:
            session.execute(update(AnswerBatch).values(state=BatchState.CANCELLED))
            session.commit()
        return end(engine, row, *given, **named)

    priced.monkeypatch.setattr(statements, "record_end", cancel_and_end)
    assert "it was moved by somebody else meanwhile" in priced.tick()
    (row,) = priced.rows()
    assert (row.state, row.spent_usd, priced.backfilled()) == (BatchState.CANCELLED, None, [])
    assert spending_on(priced.platform.engine, begun.reserved_on).spent_usd == 0


def test_what_a_batch_cost_is_in_the_report_of_the_day_with_the_runs_after_it(priced: Batches) -> None:
    video = priced.add_video(1)
    priced.request(video)
    priced.tick_until_launched()
    provenance = priced.summarize(video)
    assert provenance["usage"]["calls"] == 1  # the last one
    (batch,) = priced.submitted()
    assert batch.usage is not None
    today = Window(Period.DAILY, datetime.now(UTC).date(), "UTC")
    (line,) = usage_lines((found := gather(priced.platform.engine, today)).summaries, found.batches)
    assert (line.model, line.prompt_version) == ("extractive-offline", provenance["prompt_version"])
    assert (line.summaries, line.batch_calls, line.calls) == (1, provenance["chunk_count"], priced.calls_by_batch + 1)
    assert line.batch_cost_usd == pytest.approx(batch.usage.total_tokens * 0.001 / 2)
    assert line.cost_usd == pytest.approx(line.batch_cost_usd + provenance["usage"]["cost_usd"])
    assert (line.unpriced, line.saved_usd) == (0, 0)


def test_a_batch_that_the_day_can_not_pay_waits(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "2")
    videos = [priced.add_video(number, f"{SHORT} Lamp {number}.") for number in range(1, 12)]
    priced.request(*videos)
    priced.tick()
    begun, rest = priced.rows()
    assert 0 < len(begun.video_ids) < len(videos)
    assert begun.reserved_usd <= 2
    assert "SUMMARY_MAX_COST_PER_DAY_USD" in priced.tick()
    assert priced.rows()[1].id == rest.id
    assert len(priced.submitted()) == 1


def test_a_row_that_was_moved_meanwhile_is_left_alone(batches: Batches, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = statements.begin_submission

    def cancel_and_begin(
        engine: Engine, row: BatchRow, submission: Submission, *, day: date, limit_usd: float | None
    ) -> bool:
        with Session(engine) as session:
            session.execute(update(AnswerBatch).values(state=BatchState.CANCELLED))
            session.commit()
        return begin(engine, row, submission, day=day, limit_usd=limit_usd)

    monkeypatch.setattr(statements, "begin_submission", cancel_and_begin)
    batches.add_video(7)
    batches.request(7)
    assert "it was moved by somebody else meanwhile" in batches.tick()
    (row,) = batches.rows()
    assert (row.state, row.note, batches.submitted()) == (BatchState.CANCELLED, None, [])


def test_a_video_dearer_than_its_limit_is_left_to_its_run(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_VIDEO_USD", "0.01")
    priced.request(priced.add_video(1))
    priced.tick_until_launched()
    assert priced.submitted() == []
    assert priced.backfilled() == [{"1"}]


def test_what_was_paid_for_another_prompt_is_counted_but_not_kept(priced: Batches) -> None:
    priced.monkeypatch.setenv("SUMMARY_MAX_COST_PER_DAY_USD", "1000")
    priced.request(priced.add_video(1))
    priced.tick()
    day = priced.row().reserved_on
    assert day is not None
    priced.monkeypatch.setenv("SUMMARY_MAP_OUTPUT_TOKENS", "150")
    priced.wait_for_provider()
    priced.tick_until_launched()
    (row,) = priced.rows()
    assert (row.answers_kept, row.state) == (0, "launched")
    assert spending_on(priced.platform.engine, day).spent_usd > 0


def test_a_model_without_batches_ends_in_live_runs(batches: Batches, tmp_path: Path) -> None:
    batches.request(batches.add_video(1, SHORT))
    registry = tmp_path / "models.json"
    registry.write_text(json.dumps({"extractive-offline": {"batch_price_factor": None}}))
    batches.monkeypatch.setenv("SUMMARY_MODEL_REGISTRY", str(registry))
    assert "batch_price_factor" in batches.tick()
    assert batches.backfilled() == [{"1"}]


class _RunsOut:
    """A clock for a turn whose time is over once its first row is begun."""

    def __init__(self) -> None:
        self._moments = iter([0.0, 0.0])

    def monotonic(self) -> float:
        return next(self._moments, 1e9)


def _without_one_count(patch: pytest.MonkeyPatch) -> list[Completion]:
    """Take the token counts off the first answer that is fetched; the list comes to hold the other ones."""
    fetch = OpenAIBatches.results
    counted: list[Completion] = []

    async def results(self: OpenAIBatches, batch: SubmittedBatch) -> dict[str, BatchResult]:
        (first, *others), found = sorted(fetched := await fetch(self, batch)), dict(fetched)
        completion = found[first].completion
        assert completion is not None
        found[first] = BatchResult(replace(completion, input_tokens=0, output_tokens=0))
        counted.extend(answer for key in others if (answer := found[key].completion) is not None)
        return found

    patch.setattr(OpenAIBatches, "results", results)
    return counted


async def _malformed(*_arguments: object) -> None:
    raise TransientModelError("this is no result of a batch")


def _lost_connection(*_arguments: object, **_named: object) -> None:
    raise TransientDatabaseError("the connection was lost")
