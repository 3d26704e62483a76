"""One run of the job, against real servers; what it leaves in the stores."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from summary_pipeline.build import build_defs
from summary_pipeline.resources.object_store import ObjectMissingError
from summary_pipeline_tests.defs.platform import TALK, Platform, snippets

pytestmark = pytest.mark.servers


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return data.description or ""


def test_a_transcribed_video_gets_its_row_its_status_its_event_and_its_mark(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    assert platform.summarize(7, origin).success
    row = platform.summary(7)
    assert row is not None
    assert platform.video(7).status == "indexing"
    assert platform.processed() == {origin.event_id}
    (event,) = platform.outbox()
    assert (event.topic, event.service, event.published) == ("video.summarized", "python-backend", False)
    assert event.payload["videoId"] == 7
    assert event.payload["summaryFileKey"] == row.summary_path == "summaries/7/summary.json"
    assert event.payload["summaryText"] == row.summary_text


def test_the_files_hold_the_summary_and_how_it_came_about(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    document = platform.document(7)
    row = platform.summary(7)
    assert row is not None
    assert document["summary"] == row.summary_text
    assert 4 <= document["sentence_count"] <= 6
    assert document["model"] == "extractive-offline"
    assert document["event_id"] == origin.event_id
    assert document["source"]["key"] == "transcripts/7/transcript.json"
    assert document["provenance"]["coverage"] == 1.0
    text = platform.objects.read("summaries/7/summary.txt", max_bytes=10**6).body.decode()
    assert text.strip() == row.summary_text


def test_an_event_that_had_its_effect_is_not_summarized_again(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    again = platform.summarize(7, origin)
    assert again.success
    assert not [event for event in again.all_events if event.is_step_materialization]
    assert len(platform.outbox()) == 1


def test_a_backfill_always_summarizes_again_and_says_so_with_another_event(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    assert platform.summarize(7).success
    assert len({event.id for event in platform.outbox()}) == 2


def execute_again(platform: Platform, video_id: int, parent_run_id: str, *, as_automatic_retry: bool) -> None:
    """Execute a run whose parent is another one, tagged as Dagster tags its automatic retries, or as its UI does."""
    job = platform.defs.resolve_job_def("summarize_video")
    run = platform.instance.create_run_for_job(
        job,
        parent_run_id=parent_run_id,
        root_run_id=parent_run_id,
        tags={"dagster/partition": str(video_id), "dagster/retry_number": "1"},
    )
    if as_automatic_retry:
        platform.instance.add_run_tags(parent_run_id, {"dagster/auto_retry_run_id": run.run_id})
    assert execute_run(InMemoryJob(job), run, platform.instance).success


def test_a_backfill_whose_worker_died_after_the_commit_is_not_done_twice_by_its_retry(platform: Platform) -> None:
    platform.add_video(7, snippets())
    first = platform.summarize(7)
    execute_again(platform, 7, first.run_id, as_automatic_retry=True)
    assert len(platform.outbox()) == 1
    assert platform.processed() == {f"run:{first.run_id}"}


def test_a_backfills_run_that_a_person_executes_again_summarizes_again(platform: Platform) -> None:
    platform.add_video(7, snippets())
    first = platform.summarize(7)
    execute_again(platform, 7, first.run_id, as_automatic_retry=False)
    assert len(platform.outbox()) == 2


def test_a_backfill_reads_the_transcript_that_the_transcriber_recorded(platform: Platform) -> None:
    platform.add_video(7, snippets(), key="elsewhere/seven.json")
    platform.record_transcript(7, "elsewhere/seven.json")
    assert platform.summarize(7).success
    assert platform.document(7)["source"]["key"] == "elsewhere/seven.json"


def test_a_backfill_without_a_record_reads_where_transcripts_usually_lie(platform: Platform) -> None:
    platform.add_video(7, snippets())
    assert platform.summarize(7).success
    assert platform.document(7)["source"]["key"] == "transcripts/7/transcript.json"


def test_the_events_key_counts_and_not_the_pattern(platform: Platform) -> None:
    origin = platform.add_video(7, snippets(), key="uploads/2026/seven.json")
    platform.record_transcript(7, "transcripts/7/transcript.json")
    assert platform.summarize(7, origin).success
    assert platform.document(7)["source"]["key"] == "uploads/2026/seven.json"


def test_a_missing_transcript_fails_at_once_and_says_which(platform: Platform) -> None:
    result = platform.summarize(7, platform.add_video(7, None))
    assert not result.success
    assert "transcripts/7/transcript.json does not exist" in failure(result)
    assert not [event for event in result.all_events if event.is_step_up_for_retry]


def test_an_unreadable_transcript_fails_at_once_and_leaves_nothing_behind(platform: Platform) -> None:
    result = platform.summarize(7, platform.add_video(7, b'{"snippets": 5}'))
    assert not result.success
    assert "transcripts/7/transcript.json" in failure(result)
    assert platform.summary(7) is None
    assert platform.outbox() == []
    with pytest.raises(ObjectMissingError):
        platform.document(7)


def test_an_event_for_a_video_that_does_not_exist_costs_nothing(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    result = platform.summarize(8, replace(origin, video_id=8))
    assert not result.success
    assert "Video 8 is not in the videos table" in failure(result)


def test_a_partition_that_is_no_video_id_is_refused(platform: Platform) -> None:
    platform.instance.add_dynamic_partitions("videos", ["by-hand"])
    result = platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance, partition_key="by-hand", raise_on_error=False
    )
    assert "is not a video id" in failure(result)


def test_a_long_transcript_is_summarized_in_chunks_that_hold_all_of_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUMMARY_CHUNK_TOKENS", "100")
    rebuilt = replace(platform, defs=build_defs())
    rebuilt.summarize(7, platform.add_video(7, snippets(TALK + TALK.replace("bicycle", "boat").replace("ball", "pin"))))
    provenance = platform.document(7)["provenance"]
    assert provenance["chunk_count"] > 1
    assert provenance["usage"]["calls"] + provenance["stored_answers"] >= 1
    assert provenance["coverage"] == 1.0


def test_a_run_tells_on_its_materializations_what_a_person_wants_to_know(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    result = platform.summarize(7, origin)
    metadata = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.all_events
        if event.is_step_materialization and event.asset_key is not None
    }
    assert list(metadata) == ["transcript", "chunks", "chunk_summaries", "final_summary", "persisted_summary"]
    row = platform.summary(7)
    assert row is not None
    assert isinstance(metadata["persisted_summary"]["summary"], dg.MarkdownMetadataValue)
    assert metadata["transcript"]["event"].value == origin.event_id
    # Strangers' words: as Markdown they could bring links and pictures into the UI.
    assert isinstance(metadata["transcript"]["beginning"], dg.TextMetadataValue)
    assert metadata["final_summary"]["model"].value == "extractive-offline"
    assert metadata["chunks"]["coverage"].value == 1.0


def test_an_older_event_that_comes_late_replaces_neither_row_nor_files(platform: Platform) -> None:
    older = replace(platform.add_video(7, snippets()), ts=datetime(2026, 1, 1, tzinfo=UTC))
    newer = replace(older, event_id=str(uuid.uuid4()), ts=datetime(2026, 1, 2, tzinfo=UTC))
    platform.summarize(7, newer)
    before = platform.document(7)
    platform.objects.write(older.transcript_key, snippets(TALK.replace("bicycle", "boat")), content_type="text/json")
    assert platform.summarize(7, older).success
    assert platform.document(7) == before
    row = platform.summary(7)
    assert row is not None
    assert row.summary_text == before["summary"]


def test_what_cannot_be_written_to_s3_is_not_in_the_database_either(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    monkeypatch.setenv("AWS_YOUTUBE_BUCKET", "no-such-bucket")
    outbox = platform.outbox()
    assert not platform.summarize(7).success
    assert len(platform.outbox()) == len(outbox)
