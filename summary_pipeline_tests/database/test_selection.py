"""Which videos a selection finds, on a real PostgreSQL."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import JSON, Engine, Text, cast, delete, insert, literal, update

from summary_pipeline.database.failures import FailureOutcome, mark_failed
from summary_pipeline.database.models import ProcessedMessage, Video, VideoSummary, VideoTranscript
from summary_pipeline.database.selection import (
    VideoSelection,
    format_video_ids,
    parse_video_ranges,
    select_videos,
)
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline_tests.database.rows import NOON, add_found_summary, add_video, persist, request

ALL = parse_video_ranges("1-1000")


def event_of(video_id: int, hour: int = 0) -> SourceEvent:
    return SourceEvent(id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{video_id}/{hour}")), ts=NOON + timedelta(hours=hour))


def summarize(
    engine: Engine, video_id: int, *, model_info: dict[str, Any] | None = None, score: float | None = None
) -> None:
    add_video(engine, video_id)
    made = request(video_id, event_of(video_id), run_id=f"run-{video_id}")
    persist(engine, replace(made, model_info=model_info or {}, quality_score=score))


@pytest.mark.servers
def test_ids_and_ranges_select_the_videos_that_are_there(engine: Engine) -> None:
    for video_id in (1, 2, 5, 7, 9):
        add_video(engine, video_id)
    assert select_videos(engine, VideoSelection(videos=parse_video_ranges("2-6,9,1000"))) == [2, 5, 9]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("status", "is_selected"),
    [
        *((status, False) for status in ("pending", "uploading", "transcoding", "transcribing", "archived")),
        *((status, True) for status in ("summarizing", "indexing", "ready", "failed")),
    ],
)
def test_only_what_has_been_transcribed_is_selected(engine: Engine, status: str, *, is_selected: bool) -> None:
    add_video(engine, status=status)
    assert select_videos(engine, VideoSelection(videos=ALL)) == ([7] if is_selected else [])


@pytest.mark.servers
def test_a_model_is_known_by_what_was_requested_and_by_what_answered(engine: Engine) -> None:
    provenance = {"requested_model": "m"}
    summarize(engine, 1, model_info={"model": "m-2026-01-01", "provenance": provenance})
    summarize(engine, 2, model_info={"model": "n", "provenance": {"requested_model": "n"}, "language": "m"})
    add_video(engine, 3)
    assert select_videos(engine, VideoSelection(model_was="m")) == [1]
    assert select_videos(engine, VideoSelection(model_was="m-2026-01-01")) == [1]
    assert select_videos(engine, VideoSelection(model_was="m-2026")) == []


@pytest.mark.servers
@pytest.mark.parametrize("info", [{"model": 5}, ["m"], "m", {"provenance": "m"}, None])
def test_model_info_in_another_form_names_no_model(engine: Engine, info: object) -> None:
    add_video(engine)
    add_found_summary(engine, model_info=info)
    assert select_videos(engine, VideoSelection(model_was="m")) == []


@pytest.mark.servers
@pytest.mark.parametrize("model", ["100%_sure", 'a"b', "a\\b", "modèle"])
def test_a_models_name_is_taken_literally(engine: Engine, model: str) -> None:
    add_video(engine)
    add_found_summary(engine, model_info={"model": model})
    assert select_videos(engine, VideoSelection(model_was=model)) == [7]


@pytest.mark.servers
def test_an_escaped_nul_in_a_row_of_another_service_does_no_harm(engine: Engine) -> None:
    add_video(engine)
    add_found_summary(engine)
    with engine.begin() as connection:
        info = cast(literal(r'{"model": "m", "x": "\u0000 \ud800"}', Text), JSON)
        connection.execute(update(VideoSummary).values(model_info=info))
    assert select_videos(engine, VideoSelection(model_was="m")) == [7]


@pytest.mark.servers
def test_a_score_is_below_and_not_at_the_limit(engine: Engine) -> None:
    for video_id, score in ((1, 0.59), (2, 0.6), (3, None)):
        summarize(engine, video_id, score=score)
    assert select_videos(engine, VideoSelection(score_below=0.6)) == [1]


@pytest.mark.servers
def test_since_means_the_current_summary(engine: Engine) -> None:
    for video_id in (1, 2, 3):
        add_video(engine, video_id)
    add_found_summary(engine, 1, updated_at=datetime(2024, 1, 1, 10))  # noqa: DTZ001 - the column has no zone
    add_found_summary(engine, 2, updated_at=datetime(2024, 1, 1, 9, 59))  # noqa: DTZ001
    since = datetime.fromisoformat("2024-01-01T12:00:00+02:00")
    assert select_videos(engine, VideoSelection(since=since)) == [1]


@pytest.mark.servers
def test_all_that_is_given_has_to_hold(engine: Engine) -> None:
    for video_id, score, model in ((1, 0.1, "m"), (2, 0.9, "m"), (3, 0.1, "n"), (4, 0.1, "m")):
        summarize(engine, video_id, score=score, model_info={"model": model})
    selection = VideoSelection(videos=parse_video_ranges("1-3"), model_was="m", score_below=0.5, since=NOON)
    assert select_videos(engine, selection) == [1]


@pytest.mark.servers
def test_failed_selects_what_failed_at_last_and_nothing_that_has_been_mended(engine: Engine) -> None:
    for video_id in (1, 2, 3):
        add_video(engine, video_id)
    for video_id in (1, 2):
        mark_failed(engine, video_id, "no transcript", event_of(video_id).id, f"run-{video_id}")
    persist(engine, request(2, event_of(2), run_id="run-2b"))
    assert select_videos(engine, VideoSelection(failed=True)) == [1]


@pytest.mark.servers
def test_failed_selects_a_summarized_video_whose_last_backfill_failed(engine: Engine) -> None:
    for video_id in (1, 2):
        summarize(engine, video_id)
    assert mark_failed(engine, 1, "model gone", run_id="run-again") is FailureOutcome.KEPT
    assert select_videos(engine, VideoSelection(failed=True)) == [1]
    persist(engine, replace(request(1, run_id="run-better"), source_event=None))
    assert select_videos(engine, VideoSelection(failed=True)) == []


@pytest.mark.servers
def test_failed_selects_no_video_for_an_older_event_that_came_late(engine: Engine) -> None:
    summarize(engine, 1)
    persist(engine, request(1, event_of(1, hour=-1), run_id="late"))
    assert select_videos(engine, VideoSelection(failed=True)) == []


@pytest.mark.servers
def test_an_event_that_came_late_is_no_failure_of_a_video_that_failed_elsewhere(engine: Engine) -> None:
    summarize(engine, 1)
    with engine.begin() as connection:
        connection.execute(update(Video).values(status="failed"))
    persist(engine, request(1, event_of(1, hour=-1), run_id="late"))
    assert select_videos(engine, VideoSelection(failed=True)) == []


@pytest.mark.servers
def test_an_event_that_came_late_does_not_hide_a_failure(engine: Engine) -> None:
    summarize(engine, 1)
    mark_failed(engine, 1, "model gone", run_id="run-again")
    persist(engine, request(1, event_of(1, hour=-1), run_id="late"))
    assert select_videos(engine, VideoSelection(failed=True)) == [1]


@pytest.mark.servers
def test_failed_does_not_need_the_memory_of_processed_messages(engine: Engine) -> None:
    summarize(engine, 1)
    persist(engine, replace(request(1, run_id="again"), source_event=None))
    with engine.begin() as connection:
        connection.execute(delete(ProcessedMessage))
    assert select_videos(engine, VideoSelection(failed=True)) == []


@pytest.mark.servers
def test_a_video_that_failed_at_indexing_or_before_its_transcript_is_not_ours_to_repeat(engine: Engine) -> None:
    summarize(engine, 1)
    with engine.begin() as connection:
        connection.execute(update(Video).values(status="failed"))
    add_video(engine, 2, status="failed")
    assert select_videos(engine, VideoSelection(failed=True)) == []


@pytest.mark.servers
def test_a_transcribed_video_that_failed_before_this_pipeline_came_is_selected(engine: Engine) -> None:
    add_video(engine, 1, status="failed")
    add_video(engine, 2, status="failed")
    with engine.begin() as connection:
        path = "transcripts/1/transcript.json"
        connection.execute(insert(VideoTranscript).values(video_id=1, transcript_path=path, status="completed"))
        connection.execute(insert(VideoTranscript).values(video_id=2, transcript_path=None, status="failed"))
    assert select_videos(engine, VideoSelection(failed=True)) == [1]


@pytest.mark.servers
@pytest.mark.parametrize(("days", "expected"), [(-1, [1]), (2, [])])
def test_failed_since_means_the_failure(engine: Engine, days: int, expected: list[int]) -> None:
    add_video(engine, 1)
    mark_failed(engine, 1, "no transcript", event_of(1).id, "run-1")
    since = datetime.now(UTC) + timedelta(days=days)
    assert select_videos(engine, VideoSelection(failed=True, since=since)) == expected


@pytest.mark.servers
def test_failed_and_a_model_means_the_summary_that_is_still_there(engine: Engine) -> None:
    for video_id, model in ((1, "m"), (2, "n")):
        summarize(engine, video_id, model_info={"model": model})
        mark_failed(engine, video_id, "model gone", run_id=f"again-{video_id}")
    assert select_videos(engine, VideoSelection(failed=True, model_was="n")) == [2]


@pytest.mark.servers
def test_many_videos_are_selected_in_order(engine: Engine) -> None:
    ids = range(1, 5001)
    video = {"title": "", "description": "", "user_id": 1, "user_name": "", "key": "", "status": "ready"}
    with engine.begin() as connection:
        connection.execute(insert(Video), [{"id": video_id, **video} for video_id in reversed(ids)])
        connection.execute(
            insert(VideoSummary), [{"video_id": video_id, "model_info": {"model": "m"}} for video_id in ids]
        )
    assert select_videos(engine, VideoSelection(model_was="m")) == list(ids)


def test_a_selection_of_everything_has_to_be_meant() -> None:
    with pytest.raises(ValueError, match="nothing says which videos"):
        VideoSelection()


@pytest.mark.parametrize("limit", [0, -1, 1.5, float("nan")])
def test_a_limit_that_no_score_can_be_at_is_refused(limit: float) -> None:
    with pytest.raises(ValueError, match="scores are from 0 to 1"):
        VideoSelection(score_below=limit)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        VideoSelection(since=NOON.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "'' is neither"),
        ("1,", "'' is neither"),
        ("1-", "'1-' is neither"),
        ("-5", "'-5' is neither"),
        ("1-2-3", "'1-2-3' is neither"),
        ("a", "'a' is neither"),
        ("٣", "is neither"),
        ("0", "'0' is not between"),
        ("2147483648", "'2147483648' is not between"),
        ("9-3", "'9-3' runs backwards"),
    ],
)
def test_what_is_no_range_is_refused(written: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse_video_ranges(written)


def test_ranges_may_have_spaces_and_overlap() -> None:
    assert parse_video_ranges(" 1 - 3, 2 ,7") == (range(1, 4), range(2, 3), range(7, 8))


@given(st.sets(st.integers(1, 300), min_size=1))
def test_ids_that_were_written_are_read_as_they_were(ids: set[int]) -> None:
    assert {video_id for ids_in_range in parse_video_ranges(format_video_ids(ids)) for video_id in ids_in_range} == ids
