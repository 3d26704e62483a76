"""Large backfills by batch: real PostgreSQL, real S3, and the offline server as the provider."""

import json
from pathlib import Path

import pytest

from summary_pipeline.database.batches import BatchState
from summary_pipeline.resources import batch_steps
from summary_pipeline.summarization.batching import TICK_LIMITS, BatchLimits
from summary_pipeline_tests.defs.batches import SHORT, Batches
from summary_pipeline_tests.defs.platform import TALK

pytestmark = pytest.mark.servers


def test_answers_come_by_batch_and_runs_pay_for_what_is_left(batches: Batches) -> None:
    long, short = batches.add_video(1), batches.add_video(2, SHORT)
    batches.request(long, short)
    batches.tick_until_settled()
    assert batches.backfills.startable() == {1, 2}
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
    batches.tick_until_settled()
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


def test_a_batch_that_a_person_cancels_at_the_provider_ends_its_runs_and_keeps_its_answers(batches: Batches) -> None:
    batches.behave(batch_seconds=3600)
    video = batches.add_video(1)
    batches.request(video)
    batches.tick()
    assert "requests are done" in batches.tick()
    with batches.client() as client:
        client.batches.cancel(client.batches.list().data[0].id)
    batches.tick_until_settled()
    assert batches.states() == [BatchState.CANCELLED]
    assert batches.backfills.cancelled() == {1}
    kept = batches.rows()[0].answers_kept
    assert batches.summarize(video)["stored_usage"]["batch_calls"] == kept


def test_answers_that_are_there_are_not_asked_for(batches: Batches) -> None:
    video = batches.add_video(1, SHORT)
    batches.summarize(video)
    batches.request(video)
    batches.tick()
    assert batches.submitted() == []
    assert batches.backfills.startable() == {1}


def test_one_question_about_two_videos_is_asked_once(batches: Batches) -> None:
    batches.request(batches.add_video(1, SHORT), batches.add_video(2, SHORT))
    batches.tick_until_settled()
    assert batches.calls_by_batch == batches.rows()[0].answers_kept == 1
    assert batches.summarize(1)["usage"]["calls"] == batches.summarize(2)["usage"]["calls"] == 0


def test_a_large_backfill_becomes_several_batches(batches: Batches) -> None:
    batches.monkeypatch.setattr(batch_steps, "TICK_LIMITS", BatchLimits(requests=1, bytes=TICK_LIMITS.bytes))
    batches.request(batches.add_video(1, SHORT), batches.add_video(2, TALK), batches.add_video(3, f"{SHORT} {TALK}"))
    batches.tick_until_settled()
    assert len(batches.submitted()) == 3
    assert batches.backfills.startable() == {1, 2, 3}


def test_a_model_without_batches_ends_in_live_runs(batches: Batches, tmp_path: Path) -> None:
    batches.request(batches.add_video(1, SHORT))
    registry = tmp_path / "models.json"
    registry.write_text(json.dumps({"extractive-offline": {"batch_price_factor": None}}))
    batches.monkeypatch.setenv("SUMMARY_MODEL_REGISTRY", str(registry))
    assert "batch_price_factor" in batches.tick()
    assert batches.backfills.startable() == {1}
