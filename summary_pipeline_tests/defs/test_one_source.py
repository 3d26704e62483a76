"""What is persisted comes from one transcript, also where runs of one video cross."""

import dagster as dg
import pytest

from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.summarization.chunking import Chunks
from summary_pipeline.summarization.summary import ChunkSummaries, FinalSummary
from summary_pipeline_tests.defs.platform import TALK, Platform, snippets

pytestmark = pytest.mark.servers

OTHER = snippets(TALK.replace("bicycle", "boat"))


def materialize(platform: Platform, *assets: str, origin: EventOrigin | None = None) -> dg.ExecuteInProcessResult:
    """Materialize some assets of video 7, as a re-execution from failure does."""
    platform.instance.add_dynamic_partitions("videos", ["7"])
    return platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance,
        partition_key="7",
        asset_selection=[dg.AssetKey(name) for name in assets],
        tags=origin.to_tags() if origin else {},
        raise_on_error=False,
    )


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return data.description or ""


def test_each_asset_says_which_transcript_it_comes_from(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    digest = platform.document(7)["source"]["sha256"]
    kinds: dict[str, type[Chunks | ChunkSummaries | FinalSummary]] = {
        "chunks": Chunks,
        "chunk_summaries": ChunkSummaries,
        "final_summary": FinalSummary,
    }
    for asset, kind in kinds.items():
        body = platform.objects.read(f"pipeline/assets/{asset}/7.json", max_bytes=10**7).body
        assert kind.model_validate_json(body).source_sha256 == digest


@pytest.mark.parametrize(
    "replaced", [("transcript",), ("transcript", "chunks"), ("transcript", "chunks", "chunk_summaries")]
)
def test_a_summary_of_an_earlier_transcript_is_not_persisted_beside_a_later_one(
    platform: Platform, replaced: tuple[str, ...]
) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    before = platform.document(7)
    platform.objects.write(origin.transcript_key, OTHER, content_type="application/json")
    assert materialize(platform, *replaced).success
    result = materialize(platform, "persisted_summary")
    assert "Materialize transcript and everything downstream of it again" in failure(result)
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
    assert platform.document(7) == before
    assert len(platform.outbox()) == 1


def test_what_is_stored_for_another_events_transcript_is_not_persisted_as_this_events(platform: Platform) -> None:
    first = platform.add_video(7, snippets(), key="transcripts/7/first.json")
    platform.objects.write("transcripts/7/second.json", OTHER, content_type="application/json")
    second = EventOrigin(event_id="second", video_id=7, transcript_key="transcripts/7/second.json")
    assert materialize(platform, "transcript", "chunks", "chunk_summaries", "final_summary", origin=second).success
    message = failure(materialize(platform, "persisted_summary", origin=first))
    assert message.startswith("The event names the transcript transcripts/7/first.json, but the stored one is")
    assert platform.processed() == set()


def test_materializing_all_of_it_again_mends_it(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    platform.objects.write(origin.transcript_key, OTHER, content_type="application/json")
    materialize(platform, "transcript")
    assert not materialize(platform, "persisted_summary").success
    assert platform.summarize(7).success
    assert "boat" in platform.document(7)["summary"] or "boat" in str(platform.document(7)["key_points"])
