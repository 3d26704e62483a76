"""Videos that nobody works on: no event in the outbox, no run."""

import uuid
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from sqlalchemy import insert, update

from summary_pipeline.contract.events import parse_video_transcribed
from summary_pipeline.database.dead_letters import dead_letter, list_dead_letters
from summary_pipeline.database.failures import mark_failed
from summary_pipeline.database.models import OutboxEvent, Video
from summary_pipeline.database.queries import StuckVideo
from summary_pipeline.defs.requests import runs_of_video
from summary_pipeline.defs.run_tags import EVENT_ID, STUCK_SINCE, VIDEO_ID, EventOrigin
from summary_pipeline.defs.sweep import is_attempt
from summary_pipeline_tests.defs.platform import Platform, snippets
from summary_pipeline_tests.defs.test_lost_event_sensor import sweep

pytestmark = pytest.mark.servers

WITHOUT_EFFECT = dg.DagsterRunStatus.SUCCESS
"""Of a run that executed a part of the assets only."""


def stuck_since(platform: Platform, video_id: int, hours: float = 2) -> datetime:
    """Let a video have been summarizing for some time."""
    since = datetime.now(UTC).replace(tzinfo=None, microsecond=0) - timedelta(hours=hours)
    with platform.engine.begin() as connection:
        connection.execute(update(Video).where(Video.id == video_id).values(updated_at=since))
    return since


def add_event(platform: Platform, origin: EventOrigin, *, published: bool) -> None:
    payload = {"id": origin.event_id, "videoId": origin.video_id, "transcriptFileKey": origin.transcript_key}
    values = {"id": uuid.UUID(origin.event_id), "topic": "video.transcribed", "payload": payload}
    with platform.engine.begin() as connection:
        connection.execute(insert(OutboxEvent).values(**values, published=published))


def add_run(platform: Platform, video_id: int, status: dg.DagsterRunStatus, tags: dict[str, str]) -> str:
    job = platform.defs.resolve_job_def("summarize_video")
    tags = {**tags, "dagster/partition": str(video_id)}
    return platform.instance.create_run_for_job(job, tags=tags, status=status).run_id


def test_a_video_without_event_and_run_is_summarized_as_a_backfill_would_be(platform: Platform) -> None:
    platform.add_video(7, snippets())
    since = stuck_since(platform, 7)
    (request,) = sweep(platform)
    assert (request.run_key, request.partition_key) == (f"video:7:since:{since.isoformat()}:1", "7")
    assert request.tags[VIDEO_ID] == "7"
    assert EVENT_ID not in request.tags
    assert request.tags["dagster/priority"] == "1"
    assert platform.summarize(7, tags=request.tags).success
    assert platform.video(7).status == "indexing"
    assert sweep(platform) == []


def test_the_transcribers_record_says_where_the_transcript_is(platform: Platform) -> None:
    platform.add_video(7, snippets(), key="elsewhere/seven.json")
    platform.record_transcript(7, "elsewhere/seven.json")
    stuck_since(platform, 7)
    (request,) = sweep(platform)
    assert platform.summarize(7, tags=request.tags).success


def test_a_video_that_waits_for_less_than_the_setting_is_left_alone(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.add_video(7, snippets())
    stuck_since(platform, 7, hours=2)
    monkeypatch.setenv("SUMMARY_STUCK_AFTER_SECONDS", str(3 * 3600))
    assert sweep(platform) == []


def test_videos_that_are_left_alone_do_not_hide_one_behind_them(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page holds 100.
    monkeypatch.setenv("SUMMARY_SWEEP_AFTER_SECONDS", "3600")
    for video_id in range(1, 102):
        add_event(platform, platform.add_video(video_id), published=False)
        stuck_since(platform, video_id, hours=3)
    platform.add_video(200, snippets())
    stuck_since(platform, 200, hours=2)
    assert [request.partition_key for request in sweep(platform)] == ["200"]


@pytest.mark.parametrize("published", [False, True], ids=["unpublished", "just published"])
def test_a_video_whose_event_is_on_its_way_is_left_alone(platform: Platform, *, published: bool) -> None:
    add_event(platform, platform.add_video(7, snippets()), published=published)
    stuck_since(platform, 7)
    assert sweep(platform) == []


def test_an_event_that_had_its_effect_before_does_not_count(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    add_event(platform, origin, published=True)
    platform.summarize(7, origin)
    with platform.engine.begin() as connection:
        connection.execute(update(Video).values(status="summarizing"))
    stuck_since(platform, 7)
    assert len(sweep(platform)) == 1


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED])
def test_a_video_with_a_run_under_way_is_left_alone(platform: Platform, status: dg.DagsterRunStatus) -> None:
    platform.add_video(7, snippets())
    add_run(platform, 7, status, {"dagster/backfill": "of everything"})
    stuck_since(platform, 7)
    assert sweep(platform) == []


def test_an_event_that_only_runs_know_is_asked_for_again(platform: Platform) -> None:
    origin = platform.add_video(7, snippets(), key="elsewhere/seven.json")
    stuck_since(platform, 7)
    add_run(platform, 7, WITHOUT_EFFECT, origin.to_tags())
    (request,) = sweep(platform)
    assert EventOrigin.from_tags(request.tags) == origin
    assert platform.summarize(7, origin, tags=request.tags).success
    assert origin.event_id in platform.processed()


def test_a_video_whose_run_has_failed_is_left_to_the_failure_sensor(platform: Platform) -> None:
    platform.add_video(7, snippets())
    since = stuck_since(platform, 7)
    add_run(platform, 7, dg.DagsterRunStatus.FAILURE, {STUCK_SINCE: since.isoformat()})
    assert sweep(platform) == []
    assert platform.video(7).status == "summarizing"


def test_a_video_that_waits_again_after_its_event_has_failed_is_summarized_as_a_backfill_would_be(
    platform: Platform,
) -> None:
    origin = platform.add_video(7, snippets())
    add_event(platform, origin, published=True)
    mark_failed(platform.engine, 7, "It was too long.", origin.event_id)
    with platform.engine.begin() as connection:
        connection.execute(update(Video).values(status="summarizing"))
    stuck_since(platform, 7)
    (request,) = sweep(platform)
    assert request.tags[VIDEO_ID] == "7"
    assert EVENT_ID not in request.tags


def test_runs_of_an_earlier_time_of_waiting_do_not_count(platform: Platform) -> None:
    origin = platform.add_video(7, snippets())
    for _ in range(3):
        add_run(platform, 7, WITHOUT_EFFECT, origin.to_tags())
    (newest, *_others) = runs_of_video(platform.instance, 7)
    since = newest.create_timestamp.replace(tzinfo=None)
    earlier, later = (StuckVideo(7, since + timedelta(seconds=seconds)) for seconds in (-60, 60))
    assert is_attempt(newest, earlier)
    assert not is_attempt(newest, later)


def test_after_so_many_runs_the_video_fails_with_a_clear_message_and_without_a_dead_letter(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUMMARY_SWEEP_ATTEMPTS", "2")
    platform.add_video(7, snippets())
    since = stuck_since(platform, 7)
    run_keys = []
    for _ in range(3):
        for request in sweep(platform):
            run_keys.append(request.run_key)
            last = add_run(platform, 7, WITHOUT_EFFECT, dict(request.tags))
    assert run_keys == [f"video:7:since:{since.isoformat()}:{attempt}" for attempt in (1, 2)]
    assert platform.video(7).status == "failed"
    assert platform.video(7).status_message == (
        f"Summarizing since {since} UTC, and no event came. 2 runs ended without a result, the last one is {last}. "
        "See it in the Dagster UI."
    )
    assert list(list_dead_letters(platform.engine)) == []


def test_an_event_that_only_runs_know_is_dead_lettered_when_it_is_given_up(
    platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    origin = platform.add_video(7, snippets())
    since = stuck_since(platform, 7)
    for _ in range(3):
        add_run(platform, 7, WITHOUT_EFFECT, {**origin.to_tags(), STUCK_SINCE: since.isoformat()})
    assert sweep(platform) == []
    (row,) = list_dead_letters(platform.engine)
    letter = dead_letter(platform.engine, row.id).letter
    assert parse_video_transcribed(letter.value, letter.key).id == origin.event_id
    assert platform.video(7).status == "failed"


def test_nothing_is_requested_while_too_many_runs_are_in_flight(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUMMARY_MAX_RUNS_IN_FLIGHT", "1")
    platform.add_video(7, snippets())
    stuck_since(platform, 7)
    add_run(platform, 8, dg.DagsterRunStatus.STARTED, {"dagster/sensor_name": "video_transcribed_sensor"})
    assert sweep(platform) == []
