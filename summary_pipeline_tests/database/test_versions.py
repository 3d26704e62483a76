"""What ``summary_versions`` holds after summaries were saved, and of summaries that another service had written."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import JSON, Engine, Text, cast, delete, select, update
from sqlalchemy.orm import Session

from summary_pipeline.database.models import ProcessedMessage, VideoSummary
from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline.database.persistence import PersistRequest, PersistResult
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline.database.versions import found_version_name, is_counted
from summary_pipeline_tests.database.rows import (
    EVENT_ID,
    FORMERLY,
    NOON,
    OTHER_EVENT_ID,
    NoFiles,
    add_found_summary,
    add_video,
    persist,
    request,
)

pytestmark = pytest.mark.servers


class SomeFiles(NoFiles):
    """A bucket that has the found summary's files."""

    def keep_found(self, version: str) -> bool:
        super().keep_found(version)
        return True


def versions(engine: Engine, video_id: int = 7) -> list[SummaryVersion]:
    statement = select(SummaryVersion).where(SummaryVersion.video_id == video_id).order_by(SummaryVersion.id)
    with Session(engine) as session:
        return list(session.scalars(statement))


def current(engine: Engine) -> VideoSummary:
    with Session(engine) as session:
        return session.scalars(select(VideoSummary)).one()


def backfill(run_id: str, text: str) -> PersistRequest:
    return replace(request(run_id=run_id, summary_text=text), source_event=None)


def test_a_version_says_what_was_saved_and_how_it_came_about(engine: Engine) -> None:
    add_video(engine)
    outcome = persist(
        engine,
        request(quality_score=0.75, model="m-2026-01-01", prompt_version="0123456789ab", model_info={"language": "en"}),
    )
    (version,) = versions(engine)
    stored = current(engine)
    assert outcome.outgoing_event_id is not None
    assert version.summarized_event_id == UUID(outcome.outgoing_event_id)
    assert (version.source_event_id, version.source_event_ts) == (EVENT_ID, NOON.replace(tzinfo=None))
    assert (version.run_id, version.summary_text, version.quality_score) == ("run-1", "What was said.", 0.75)
    assert (version.model, version.prompt_version) == ("m-2026-01-01", "0123456789ab")
    assert version.summary_path == f"summaries/7/versions/{outcome.outgoing_event_id}/summary.json"
    assert version.model_info == stored.model_info
    assert version.created_at == stored.updated_at


def test_versions_tell_whose_calls_they_count(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request(run_id="run-2", model_info={"counted_runs": ["run-0", "run-1"]}))
    assert [is_counted(engine, 7, f"run-{number}") for number in range(3)] == [True, True, False]
    assert not is_counted(engine, 8, "run-1")


def test_a_version_that_does_not_tell_counts_the_calls_of_its_run(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request(run_id="run-2"))
    assert [is_counted(engine, 7, f"run-{number}") for number in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    "info",
    [
        r'{"note": "a\u0000b"}',
        r'{"model": "a\u0000b", "run_id": "\ud800"}',
        '{"huge": 1e999}',
        '{"counted_runs": 5}',
        '{"counted_runs": ["run-0"]}',
        '["no", "object"]',
        '"text"',
    ],
)
def test_what_another_service_wrote_is_kept_as_it_stands_and_counts_no_calls(engine: Engine, info: str) -> None:
    add_video(engine)
    add_found_summary(engine, model_info=cast(cast(info, Text), JSON))
    persist(engine, request(run_id="run-2"))
    assert versions(engine)[0].model_info == json.loads(info)
    assert [is_counted(engine, 7, f"run-{number}") for number in range(3)] == [False, False, True]


def test_a_backfill_adds_a_version_without_a_source_event_and_leaves_the_earlier_one(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    (first,) = versions(engine)
    persist(engine, backfill("run-2", "Again."))
    kept, second = versions(engine)
    assert (kept.id, kept.summary_text, kept.model_info) == (first.id, first.summary_text, first.model_info)
    assert (second.summary_text, second.source_event_id, second.source_event_ts) == ("Again.", None, None)


def test_the_newest_version_is_the_current_summary_however_often_it_was_made(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    for number in range(2, 6):
        persist(engine, backfill(f"run-{number}", "The same words."))
    assert len({version.summarized_event_id for version in versions(engine)}) == 5
    info = current(engine).model_info
    assert info is not None
    assert UUID(info["summarized_event_id"]) == versions(engine)[-1].summarized_event_id


@pytest.mark.parametrize("event", [SourceEvent(id=EVENT_ID, ts=NOON), SourceEvent(id=OTHER_EVENT_ID, ts=NOON)])
def test_what_has_no_effect_makes_no_version(engine: Engine, event: SourceEvent) -> None:
    add_video(engine)
    persist(engine, request(event=SourceEvent(id=EVENT_ID, ts=NOON + timedelta(hours=1))))
    outcome = persist(engine, request(event=event, run_id="run-2"))
    assert outcome.result in {PersistResult.ALREADY_PROCESSED, PersistResult.SUPERSEDED}
    assert len(versions(engine)) == 1


def test_a_repeat_after_the_memory_was_pruned_is_no_second_version(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    for run_id in ("run-2", "run-3"):
        with engine.begin() as connection:
            connection.execute(delete(ProcessedMessage))
        persist(engine, request(run_id=run_id))
    assert [version.run_id for version in versions(engine)] == ["run-1"]


def test_the_summary_of_the_former_service_is_kept_as_the_first_version(engine: Engine) -> None:
    add_video(engine, status="ready")
    add_found_summary(engine)
    persist(engine, request())
    found, new = versions(engine)
    assert found.summarized_event_id is None
    assert (found.summary_text, found.quality_score, found.model) == ("Found.", 0.5, "gpt-3.5-turbo")
    assert found.model_info == {"model": "gpt-3.5-turbo", "chunks": 3}
    assert (found.prompt_version, found.run_id, found.source_event_id) == (None, None, None)
    assert found.created_at == FORMERLY
    assert new.summary_text == "What was said."


@pytest.mark.parametrize(("files", "has_path"), [(SomeFiles(), True), (NoFiles(), False)])
def test_a_kept_version_points_at_its_files_only_if_there_are_any(
    engine: Engine, files: NoFiles, *, has_path: bool
) -> None:
    add_video(engine)
    add_found_summary(engine)
    outcome = persist(engine, request(), files)
    name = found_version_name("Found.", "summaries/7/summary.json")
    assert files.asked == [("keep", name), ("write", outcome.outgoing_event_id)]
    path = f"summaries/7/versions/{name}/summary.json"
    assert versions(engine)[0].summary_path == (path if has_path else None)


def test_what_this_pipeline_wrote_before_versions_were_kept_is_found_with_its_event(engine: Engine) -> None:
    add_video(engine)
    source = {"id": OTHER_EVENT_ID, "ts": "2023-06-01T10:00:00+02:00"}
    add_found_summary(engine, model_info={"source_event": source, "run_id": "run-0", "model": ["not", "a", "name"]})
    persist(engine, request())
    found, _ = versions(engine)
    assert (found.source_event_id, found.source_event_ts) == (OTHER_EVENT_ID, FORMERLY)
    assert (found.run_id, found.model) == ("run-0", None)


def test_a_summary_that_a_person_edited_is_kept(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    with engine.begin() as connection:
        connection.execute(update(VideoSummary).values(summary_text="Edited by hand."))
    persist(engine, backfill("run-2", "Again."))
    assert [version.summary_text for version in versions(engine)] == ["What was said.", "Edited by hand.", "Again."]


def test_a_summary_that_the_former_service_wrote_in_between_is_kept(engine: Engine) -> None:
    add_video(engine)
    persist(engine, request())
    with engine.begin() as connection:
        connection.execute(update(VideoSummary).values(summary_text="Rolled back.", model_info={"model": "old"}))
    persist(engine, backfill("run-2", "Again."))
    assert [version.model for version in versions(engine)] == [None, "old", None]


@pytest.mark.parametrize("info", [None, {}, {"summarized_event_id": None}, {"summarized_event_id": "no uuid"}])
def test_a_row_whose_origin_is_illegible_is_kept(engine: Engine, info: dict[str, Any] | None) -> None:
    add_video(engine)
    add_found_summary(engine, model_info=info)
    persist(engine, request())
    assert [version.summary_text for version in versions(engine)] == ["Found.", "What was said."]


def test_a_row_without_a_summary_is_no_version(engine: Engine) -> None:
    add_video(engine)
    add_found_summary(engine, summary_text=None, summary_path=None)
    persist(engine, request())
    assert [version.summary_text for version in versions(engine)] == ["What was said."]
