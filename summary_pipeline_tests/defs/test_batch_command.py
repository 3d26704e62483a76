"""``resummarize`` where SUMMARY_BATCH_FROM is set."""

import pytest
from typer.testing import CliRunner

from summary_pipeline.cli import app
from summary_pipeline.database.batches import open_batches
from summary_pipeline_tests.defs.platform import Platform, snippets

pytestmark = pytest.mark.servers

NOBODY = ["--dagster-url", "http://127.0.0.1:1"]


@pytest.fixture
def two_videos(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setenv("SUMMARY_BATCH_FROM", "2")
    for video_id in (1, 2):
        platform.add_video(video_id, snippets(), status="ready")
        platform.record_transcript(video_id, f"transcripts/{video_id}/transcript.json")
    return platform


def resummarize(*arguments: str) -> str:
    return CliRunner().invoke(app, ["resummarize", *arguments]).output


def test_a_large_backfill_goes_by_batch(two_videos: Platform) -> None:
    said = resummarize("--videos", "1-2", *NOBODY)
    assert "2 of them are asked for by batch" in said
    (row,) = open_batches(two_videos.engine)
    assert row.video_ids == (1, 2)
    assert row.description == "Selected: with ids 1-2."
    assert "0 of them are asked for by batch" in resummarize("--videos", "1-2", *NOBODY)
    assert f"{row.id}  requested since" in CliRunner().invoke(app, ["batches"]).output


def test_a_small_backfill_is_launched_at_once(two_videos: Platform) -> None:
    said = resummarize("--videos", "1", *NOBODY)
    assert "Not by batch: SUMMARY_BATCH_FROM is 2." in said
    assert "webserver at http://127.0.0.1:1" in said
    assert open_batches(two_videos.engine) == []


def test_without_the_setting_nothing_is_said_of_batches(two_videos: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUMMARY_BATCH_FROM")
    assert "batch" not in resummarize("--videos", "1-2", *NOBODY)
    assert open_batches(two_videos.engine) == []


def test_answers_that_runs_would_not_read_are_not_asked_for(
    two_videos: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUMMARY_FORCE", "true")
    assert "SUMMARY_FORCE" in resummarize("--videos", "1-2", *NOBODY)
    assert open_batches(two_videos.engine) == []
