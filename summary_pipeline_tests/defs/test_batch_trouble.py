"""Batches that expire, fail or are interrupted: nothing is lost, and nothing is paid for twice."""

from collections.abc import Callable, Coroutine
from datetime import date
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from summary_pipeline.database import batches as statements
from summary_pipeline.database.batches import BatchRow, BatchState, Submission
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.own_models import AnswerBatch
from summary_pipeline.local.openai_server.serving import running_server
from summary_pipeline.resources import answer_batches, batch_filling, batch_steps
from summary_pipeline.resources.openai_batches import OpenAIBatches, SubmittedBatch
from summary_pipeline.summarization.answering import text_to_store
from summary_pipeline.summarization.language_model import PermanentModelError, TransientModelError
from summary_pipeline_tests.defs.batches import SHORT, Batches
from summary_pipeline_tests.defs.platform import TALK

pytestmark = pytest.mark.servers

T = TypeVar("T")


def test_what_an_expired_batch_left_is_asked_for_by_the_run(batches: Batches) -> None:
    batches.behave(batch_expires_after=2)
    video = batches.add_video(1)
    batches.request(video)
    batches.tick_until_settled()
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
    batches.tick_until_settled()
    (row,) = batches.rows()
    assert (row.answers_kept, row.answers_unusable) == (row.requests - 1, 1)
    assert batches.backfills.startable() == {1}


def test_a_batch_that_was_submitted_but_not_recorded_is_found_again(batches: Batches) -> None:
    video = batches.add_video(1)
    batches.request(video)
    with batches.monkeypatch.context() as crash:
        crash.setattr(statements, "record_submitted", _lost_connection)
        with pytest.raises(TransientDatabaseError):
            batches.tick()
    assert batches.row().state is BatchState.SUBMITTING
    batches.tick_until_settled()
    assert len(batches.submitted()) == 1
    assert batches.backfills.startable() == {1}


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
    batches.tick_until_settled()
    assert len(batches.submitted()) == 1


@pytest.mark.parametrize("statement", ["record_end", "record_told"], ids=["answers are stored", "runs are let go"])
def test_a_crash_while_something_is_done_repeats_no_request_and_lets_every_run_go(
    batches: Batches, statement: str
) -> None:
    batches.request(batches.add_video(1))
    batches.tick()
    batches.wait_for_provider()
    with batches.monkeypatch.context() as crash:
        crash.setattr(statements, statement, _lost_connection)
        with pytest.raises(TransientDatabaseError):
            batches.tick()
    batches.tick_until_settled()
    assert len(batches.submitted()) == 1
    (row,) = batches.rows()
    assert (row.state, row.answers_kept) == (BatchState.SETTLED, row.requests)
    assert batches.backfills.startable() == {1}


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
    batches.tick_until_settled()
    assert [batch.status for batch in batches.submitted()] == ["completed", "failed"]
    assert batches.backfills.startable() == {1}


def test_a_batch_that_is_refused_for_good_ends_in_live_runs(batches: Batches) -> None:
    batches.behave(batch_error="model_not_supported")
    video = batches.add_video(1, SHORT)
    batches.request(video)
    assert any("live" in said for said in batches.tick_until_settled())
    batches.summarize(video)
    assert batches.live_calls == 1


def test_a_batch_that_the_provider_forgot_ends_in_live_runs(batches: Batches) -> None:
    batches.request(batches.add_video(1))
    batches.tick()
    with running_server() as another:
        batches.monkeypatch.setenv("OPENAI_BASE_URL", another.base_url)
        batches.tick()
    assert batches.backfills.startable() == {1}


def test_a_key_that_the_provider_refuses_stops_nothing_for_good(batches: Batches) -> None:
    batches.request(batches.add_video(1))
    with batches.monkeypatch.context() as wrong:
        wrong.setenv("OPENAI_API_KEY", " ")
        with pytest.raises(PermanentModelError):
            batches.tick()
    batches.let_time_pass()
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1}


@pytest.mark.parametrize("error", [TransientModelError, RuntimeError], ids=["foreseen", "not foreseen"])
def test_one_batch_in_trouble_does_not_hold_up_the_others(batches: Batches, error: type[Exception]) -> None:
    batches.request(batches.add_video(1, SHORT))
    batches.tick()
    batches.wait_for_provider()
    batches.request(batches.add_video(2, TALK))
    with batches.monkeypatch.context() as broken:
        broken.setattr(OpenAIBatches, "results", _malformed(error))
        with pytest.raises(error, match=r"no result of a batch\nMet at batch 1,"):
            batches.tick()
    assert batches.states() == [BatchState.SUBMITTED, BatchState.SUBMITTED]
    batches.let_time_pass()
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1, 2}


@pytest.mark.parametrize("text", [None, "not a transcript"])
def test_a_video_that_can_not_be_read_is_left_to_its_run(batches: Batches, text: str | None) -> None:
    broken = batches.add_video(1, text)
    if text is not None:
        batches.platform.objects.write("transcripts/1/transcript.json", b"[}", content_type="application/json")
    batches.request(broken, batches.add_video(2, SHORT))
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1, 2}
    assert batches.calls_by_batch == 1


@pytest.mark.parametrize("impossible", [0, 2**31])
def test_a_partition_whose_number_no_video_can_have_is_left_to_its_run(batches: Batches, impossible: int) -> None:
    batches.request(impossible, batches.add_video(1, SHORT))
    batches.request(batches.add_video(2, TALK))
    batches.tick_until_settled()
    assert batches.backfills.startable() == {impossible, 1, 2}
    assert batches.calls_by_batch == 2


@pytest.mark.parametrize("function", ["parse_transcript", "read_stored"], ids=["its transcript", "its stored answer"])
def test_an_error_about_one_video_that_nobody_foresaw_is_left_to_its_run_and_told(
    batches: Batches, function: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken = batches.add_video(1, SHORT)
    batches.summarize(broken)
    about = {"parse_transcript": "transcripts/1/", "read_stored": "The lamp is lit"}[function]
    working = getattr(batch_filling, function)
    batches.monkeypatch.setattr(batch_filling, function, _defective(working, about=about))
    batches.request(broken, batches.add_video(2, TALK))
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1, 2}
    assert batches.calls_by_batch == 1
    (told, *_) = [record for record in caplog.records if record.message.startswith("Video 1 ")]
    assert told.exc_info is not None


def test_an_answer_that_can_not_even_be_judged_is_not_stored_and_told(
    batches: Batches, caplog: pytest.LogCaptureFixture
) -> None:
    batches.monkeypatch.setattr(batch_steps, "text_to_store", _defective(text_to_store, about="The lamp is lit"))
    batches.request(batches.add_video(1, SHORT), batches.add_video(2, TALK))
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1, 2}
    assert (batches.rows()[0].answers_kept, batches.rows()[0].answers_unusable) == (1, 1)
    (told,) = [record for record in caplog.records if "about video 1 " in record.message]
    assert told.exc_info is not None


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
    batches.tick_until_settled()
    (row,) = batches.rows()
    assert (row.videos_collected, row.answers_kept) == (2, 2)


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


class _RunsOut:
    """A clock for a turn whose time is over once its first row is begun."""

    def __init__(self) -> None:
        self._moments = iter([0.0, 0.0])

    def monotonic(self) -> float:
        return next(self._moments, 1e9)


def _malformed(error: type[Exception]) -> Callable[[OpenAIBatches, SubmittedBatch], Coroutine[None, None, None]]:
    async def results(_provider: OpenAIBatches, _batch: SubmittedBatch) -> None:
        raise error("this is no result of a batch")

    return results


def _defective(function: Callable[..., T], *, about: str) -> Callable[..., T]:
    """Return ``function`` with a defect that shows where an argument tells of ``about``."""

    def defective(*arguments: Any, **named: Any) -> T:  # noqa: ANN401 - passed on
        if any(about in str(argument) for argument in (*arguments, *named.values())):
            raise RuntimeError("nobody foresaw this")
        return function(*arguments, **named)

    return defective


def _lost_connection(*_arguments: object, **_named: object) -> None:
    raise TransientDatabaseError("the connection was lost")
