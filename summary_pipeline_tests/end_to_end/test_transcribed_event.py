"""What one event, produced by a client that is not ours, leads to in the real stores."""

import hashlib
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

import pytest

from summary_pipeline_tests.end_to_end.dagster_api import JOB, DagsterApi
from summary_pipeline_tests.end_to_end.neighbour import SNIPPETS, SUMMARIZED, Neighbour

pytestmark = pytest.mark.end_to_end


@dataclass(frozen=True)
class Summarized:
    """A video whose ``video.summarized`` has come out of Kafka."""

    video_id: int
    transcript_key: str
    event: dict[str, Any]
    effect: dict[str, Any]

    def one(self, table: str) -> dict[str, Any]:
        (row,) = self.effect[table]
        return dict(row)


@pytest.fixture(scope="module")
def summarized(neighbour: Neighbour) -> Summarized:
    video_id, key = neighbour.add_video()
    event = neighbour.announce(video_id, key)
    effect = neighbour.settled_effect(video_id, event["id"])
    return Summarized(video_id, key, event, effect)


def test_the_video_waits_for_indexing(summarized: Summarized) -> None:
    video = summarized.one("videos")
    assert video["status"] == "indexing"
    assert video["status_message"] is None
    assert video["processed_at"] is None


def test_one_row_holds_the_summary(summarized: Summarized) -> None:
    row = summarized.one("video_summaries")
    assert row["summary_path"] == f"summaries/{summarized.video_id}/summary.json"
    assert row["model_info"]["model"] == "extractive-offline"
    assert row["model_info"]["source_event"]["id"] == summarized.event["id"]
    assert 0 <= row["quality_score"] <= 1


def test_the_summary_is_made_of_what_the_transcript_says(summarized: Summarized) -> None:
    said = " ".join(str(snippet["text"]) for snippet in SNIPPETS)
    sentences = re.findall(r"[^.]+\.", summarized.one("video_summaries")["summary_text"])
    assert 4 <= len(sentences) <= 6
    assert all(sentence.strip() in said for sentence in sentences)


def test_the_status_log_has_the_one_step_and_its_cause(summarized: Summarized) -> None:
    row = summarized.one("video_status_log")
    assert (row["from_status"], row["to_status"]) == ("summarizing", "indexing")
    assert row["event_id"] == summarized.event["id"]


def test_one_outbox_row_of_ours_is_published(summarized: Summarized) -> None:
    row = summarized.one("outbox_events")
    assert row["service"] == "python-backend"
    assert row["published"]
    assert row["published_at"] >= row["created_at"]
    assert row["attempts"] == 0


def test_the_event_counts_as_processed(summarized: Summarized) -> None:
    assert summarized.one("processed_messages")["message_id"] == summarized.event["id"]


def test_the_outgoing_message_is_as_the_contract_says(summarized: Summarized, neighbour: Neighbour) -> None:
    (message,) = neighbour.messages(SUMMARIZED, summarized.video_id)
    payload = json.loads(message.value)
    ts = payload.pop("ts")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ts)
    assert message.key == str(summarized.video_id).encode()
    assert payload == {
        "id": str(uuid.UUID(summarized.one("outbox_events")["id"])),
        "videoId": summarized.video_id,
        "summaryFileKey": f"summaries/{summarized.video_id}/summary.json",
        "summaryText": summarized.one("video_summaries")["summary_text"],
    }


def test_the_bucket_has_the_summary_as_json_and_as_text_and_both_once_more_as_its_version(
    summarized: Summarized, neighbour: Neighbour
) -> None:
    current = f"summaries/{summarized.video_id}"
    version = f"{current}/versions/{summarized.one('outbox_events')['id']}"
    names = ("summary.json", "summary.txt")
    assert set(summarized.effect["objects"]) == {f"{place}/{name}" for place in (current, version) for name in names}
    for name in names:
        assert neighbour.read(f"{version}/{name}") == neighbour.read(f"{current}/{name}")


def test_summary_txt_is_the_summary_and_a_line_break(summarized: Summarized, neighbour: Neighbour) -> None:
    text = neighbour.read(f"summaries/{summarized.video_id}/summary.txt").decode()
    assert text == summarized.one("video_summaries")["summary_text"] + "\n"


def test_summary_json_says_what_was_summarized_and_by_whom(summarized: Summarized, neighbour: Neighbour) -> None:
    document = json.loads(neighbour.read(f"summaries/{summarized.video_id}/summary.json"))
    assert (document["schema_name"], document["schema_version"]) == ("video-summary", 1)
    assert document["video_id"] == summarized.video_id
    assert document["event_id"] == summarized.event["id"]
    assert document["source"] == {
        "key": summarized.transcript_key,
        "sha256": hashlib.sha256(neighbour.read(summarized.transcript_key)).hexdigest(),
    }
    assert document["summary"] == summarized.one("video_summaries")["summary_text"]
    assert document["model"] == "extractive-offline"
    assert document["quality"]["score"] == summarized.one("video_summaries")["quality_score"]
    assert document["provenance"]["coverage"] == 1.0
    assert document["provenance"]["snippet_count"] == len(SNIPPETS)


def test_key_points_and_chapters_of_summary_json_lie_within_the_transcript(
    summarized: Summarized, neighbour: Neighbour
) -> None:
    document = json.loads(neighbour.read(f"summaries/{summarized.video_id}/summary.json"))
    assert document["key_points"]
    for cited in (*document["key_points"], *document["chapters"]):
        assert cited["start"] == SNIPPETS[cited["snippet"]]["start"]


def test_the_runs_tags_tell_which_event_it_answers(summarized: Summarized, dagster: DagsterApi) -> None:
    (run,) = dagster.ended_runs_of(summarized.video_id)
    assert (run.job, run.status) == (JOB, "SUCCESS")
    own = {
        key.removeprefix("summary_pipeline/"): value for key, value in run.tags.items() if "summary_pipeline/" in key
    }
    assert own["event_id"] == summarized.event["id"]
    assert own["video_id"] == str(summarized.video_id)
    assert own["transcript_key"] == summarized.transcript_key
    assert own["kafka_topic"] == "video.transcribed"
    assert own["kafka_partition"].isdigit()
    assert own["kafka_offset"].isdigit()
