"""A video that cannot be summarized is failed, with a reason that helps a person, and can be mended."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from summary_pipeline_tests.end_to_end.dagster_api import DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, Neighbour

pytestmark = pytest.mark.end_to_end

TRANSCRIPTS = {"missing": None, "unreadable": b'{"answer": 42}', "empty": b"[]"}


@dataclass(frozen=True)
class FailedVideo:
    """A video whose run has failed."""

    video_id: int
    key: str
    event: dict[str, Any]


@pytest.fixture(scope="module")
def failed(neighbour: Neighbour) -> dict[str, FailedVideo]:
    videos: dict[str, FailedVideo] = {}
    for name, transcript in TRANSCRIPTS.items():
        video_id, key = neighbour.add_video(transcript)
        videos[name] = FailedVideo(video_id, key, neighbour.announce(video_id, key))
    neighbour.wait_for_status("failed", *(video.video_id for video in videos.values()))
    return videos


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_run_fails_once_and_is_not_tried_again(
    failed: dict[str, FailedVideo], dagster: DagsterApi, name: str
) -> None:
    assert [run.status for run in dagster.ended_runs_of(failed[name].video_id)] == ["FAILURE"]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_status_message_names_the_object_and_is_no_stack_trace(
    failed: dict[str, FailedVideo], neighbour: Neighbour, name: str
) -> None:
    message = neighbour.video(failed[name].video_id)["status_message"]
    assert failed[name].key in message
    assert "Traceback" not in message
    assert 'File "' not in message
    assert len(message) < 500


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_a_failed_video_has_a_log_row_and_nothing_else(
    failed: dict[str, FailedVideo], neighbour: Neighbour, name: str
) -> None:
    video = failed[name]
    effect = neighbour.effect(video.video_id, video.event["id"])
    (row,) = effect["video_status_log"]
    assert (row["from_status"], row["to_status"], row["event_id"]) == ("summarizing", "failed", video.event["id"])
    for nothing in ("video_summaries", "outbox_events", "processed_messages", "messages"):
        assert effect[nothing] == []
    assert effect["objects"] == {}


def test_a_new_event_for_a_mended_transcript_is_summarized(
    failed: dict[str, FailedVideo], neighbour: Neighbour
) -> None:
    video = failed["missing"]
    neighbour.upload(video.key, json.dumps(SNIPPETS).encode())
    neighbour.announce(video.video_id, video.key)
    neighbour.wait_for_status("indexing", video.video_id)
    assert neighbour.video(video.video_id)["status_message"] is None


def test_the_same_event_again_is_summarized_once_its_cause_is_mended(
    failed: dict[str, FailedVideo], neighbour: Neighbour
) -> None:
    video = failed["unreadable"]
    neighbour.upload(video.key, json.dumps(SNIPPETS).encode())
    neighbour.produce(json.dumps(video.event).encode(), key=str(video.video_id).encode())
    neighbour.wait_for_status("indexing", video.video_id)
