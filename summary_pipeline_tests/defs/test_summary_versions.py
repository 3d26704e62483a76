"""What a run leaves of earlier summaries, in rows and in objects, on real servers."""

import json
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from summary_pipeline.database.models import VideoSummary
from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline.summarization import prompts
from summary_pipeline.summarization.prompts import prompt_set_version
from summary_pipeline_tests.defs.platform import TALK, Platform, snippets

pytestmark = pytest.mark.servers


def versions(platform: Platform) -> list[SummaryVersion]:
    with Session(platform.engine) as session:
        return list(session.scalars(select(SummaryVersion).order_by(SummaryVersion.id)))


def read(platform: Platform, key: str | None) -> dict[str, Any]:
    assert key is not None
    document: dict[str, Any] = json.loads(platform.objects.read(key, max_bytes=10**6).body)
    return document


def test_a_version_has_the_summary_its_makers_and_its_own_files(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    assert platform.summarize(7, origin).success
    (version,) = versions(platform)
    (event,) = platform.outbox()
    assert version.summarized_event_id == event.id
    assert version.source_event_id == origin.event_id
    assert (version.model, version.prompt_version) == ("extractive-offline", prompt_set_version())
    assert version.summary_path == f"summaries/7/versions/{event.id}/summary.json"
    assert read(platform, version.summary_path) == platform.document(7)


def test_summarizing_again_replaces_row_and_files_and_keeps_what_was_there(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    platform.summarize(7, origin)
    before = platform.document(7)
    changed = snippets(TALK.replace("bicycle", "wagon"))
    platform.objects.write(origin.transcript_key, changed, content_type="application/json")
    assert platform.summarize(7).success
    first, second = versions(platform)
    row = platform.summary(7)
    assert row is not None
    assert read(platform, first.summary_path) == before
    assert read(platform, second.summary_path) == platform.document(7) != before
    assert second.summary_text == row.summary_text != before["summary"]
    assert (row.summary_path, second.source_event_id) == ("summaries/7/summary.json", None)


def test_the_former_services_summary_is_kept_with_its_files(platform: Platform) -> None:
    platform.add_video(7, snippets(), status="ready")
    former = {"summary": "Hubs turn.", "made by": "the former service"}
    platform.objects.write(
        "summaries/7/summary.json", json.dumps(former).encode(), content_type="application/octet-stream"
    )
    with Session(platform.engine) as session:
        written = datetime(2023, 6, 1, tzinfo=UTC).replace(tzinfo=None)
        session.add(VideoSummary(video_id=7, summary_text="Hubs turn.", created_at=written, updated_at=written))
        session.commit()
    assert platform.summarize(7).success
    found, new = versions(platform)
    assert (found.summarized_event_id, found.summary_text, found.created_at) == (None, "Hubs turn.", written)
    assert read(platform, found.summary_path) == former
    assert read(platform, new.summary_path) == platform.document(7)
    assert platform.video(7).status == "indexing"


def test_a_version_names_the_prompts_that_wrote_it_and_not_those_of_the_worker_that_saved_it(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    before = prompt_set_version()
    monkeypatch.setattr(prompts, "KEY_POINTS", 3)
    result = platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance, partition_key="7", asset_selection=[dg.AssetKey("persisted_summary")]
    )
    assert result.success
    assert prompt_set_version() != before
    assert [version.prompt_version for version in versions(platform)] == [before, before]
    assert platform.document(7)["provenance"]["prompt_version"] == before
