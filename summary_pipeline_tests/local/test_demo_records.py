import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from summary_pipeline.contract.topics import VIDEO_SUMMARIZED, VIDEO_TRANSCRIBED
from summary_pipeline.contract.video_status import VideoStatus
from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.failures import mark_failed
from summary_pipeline.database.models import OutboxEvent, Video, VideoTranscript
from summary_pipeline.database.persistence import PersistRequest, persist_summary
from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline.database.video_row import utc_clock
from summary_pipeline.local.demo_records import DemoEvent, enter, progress
from summary_pipeline.local.demo_transcripts import DemoTranscript
from summary_pipeline.local.errors import StackError
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline_tests.database.rows import NoFiles

pytestmark = pytest.mark.servers

SCHEMA = "demo"
TALK = DemoTranscript(41, "A talk", "About something", "41.json", b'[{"text": "a"}, {"text": "b"}]')


@pytest.fixture
def engine(postgres_server: EmbeddedPostgres) -> Iterator[Engine]:
    name = f"demo_{uuid.uuid4().hex}"
    postgres_server.create_database(name)
    opened = create_database_engine(postgres_server.url(name), schema=SCHEMA)
    create_missing_shared_tables(opened, SCHEMA)
    migrate_own_tables(opened, SCHEMA)
    yield opened
    opened.dispose()


def enter_talk(engine: Engine, transcript: DemoTranscript = TALK) -> DemoEvent:
    return enter(engine, SCHEMA, [transcript])[transcript.video_id]


def events(engine: Engine, topic: str = VIDEO_TRANSCRIBED) -> list[OutboxEvent]:
    with Session(engine) as session:
        return list(session.scalars(select(OutboxEvent).where(OutboxEvent.topic == topic)))


def publish_all(engine: Engine) -> None:
    with Session(engine) as session:
        session.execute(update(OutboxEvent).values(published=True, published_at=utc_clock()))
        session.commit()


def summarize(engine: Engine, event: DemoEvent) -> None:
    source = SourceEvent(id=str(event.event_id))
    request = PersistRequest(41, "run", "A summary.", "summaries/41/summary.json", source, model_info={"a": 1})
    persist_summary(engine, request, NoFiles())


def state(engine: Engine, event: DemoEvent) -> tuple[str, bool, bool, bool]:
    (video,) = progress(engine, {41: event})
    return video.status, video.published, video.processed, video.announced


def test_entering_plays_the_platforms_part(engine: Engine) -> None:
    event = enter_talk(engine)
    with Session(engine) as session:
        video = session.get_one(Video, 41)
        assert (video.title, video.status) == ("A talk", VideoStatus.SUMMARIZING)
        record = session.scalars(select(VideoTranscript)).one()
        assert (record.video_id, record.transcript_path) == (41, "transcripts/41/transcript.json")
    (row,) = events(engine)
    assert (row.id, row.service, row.published) == (event.event_id, "transcriber", False)
    assert {key: row.payload[key] for key in ("id", "videoId", "transcriptFileKey", "snippetCount")} == {
        "id": str(event.event_id),
        "videoId": 41,
        "transcriptFileKey": "transcripts/41/transcript.json",
        "snippetCount": 2,
    }


def test_progress_follows_a_video_to_its_end(engine: Engine) -> None:
    event = enter_talk(engine)
    assert state(engine, event) == ("summarizing", False, False, False)
    publish_all(engine)
    assert state(engine, event) == ("summarizing", True, False, False)
    summarize(engine, event)
    assert state(engine, event) == ("indexing", True, True, False)
    publish_all(engine)
    assert state(engine, event) == ("indexing", True, True, True)


def test_a_summarized_video_is_not_announced_again(engine: Engine) -> None:
    event = enter_talk(engine)
    publish_all(engine)
    summarize(engine, event)
    again = enter_talk(engine)
    assert again == DemoEvent(event.event_id, is_due=False)
    assert [row.published for row in events(engine)] == [True]
    assert len(events(engine, VIDEO_SUMMARIZED)) == 1


def test_an_event_that_a_broker_may_have_forgotten_is_published_again_under_its_id(engine: Engine) -> None:
    event = enter_talk(engine)
    publish_all(engine)
    assert enter_talk(engine) == event
    (row,) = events(engine)
    assert (row.id, row.published, row.published_at) == (event.event_id, False, None)


def test_a_failed_video_gets_a_new_event(engine: Engine) -> None:
    first = enter_talk(engine)
    mark_failed(engine, 41, "the key was refused", str(first.event_id))
    second = enter_talk(engine)
    assert second.event_id != first.event_id
    assert state(engine, second)[0] == "summarizing"
    summarize(engine, second)
    assert enter_talk(engine) == DemoEvent(second.event_id, is_due=False)


def test_other_content_gets_a_new_event_and_so_does_the_old_content_afterwards(engine: Engine) -> None:
    changed = DemoTranscript(41, "A talk", "Edited", "41.txt", b"other words")
    seen = []
    for transcript in (TALK, changed, TALK):
        event = enter_talk(engine, transcript)
        assert event.is_due
        summarize(engine, event)
        seen.append(event.event_id)
    assert len(set(seen)) == 3
    assert not enter_talk(engine).is_due


def test_a_video_of_somebody_else_is_never_touched(engine: Engine) -> None:
    with Session(engine) as session:
        theirs = Video(id=41, title="Theirs", description="", user_id=5, user_name="somebody", key="k", status="ready")
        session.add(theirs)
        session.commit()
    other = DemoTranscript(40, "Ours", "", "40.txt", b"a")
    with pytest.raises(StackError, match=r"video 41 \('Theirs'\) exists in this database and is not the demo's"):
        enter(engine, SCHEMA, [other, TALK])
    with Session(engine) as session:
        assert session.scalars(select(Video.title)).all() == ["Theirs"]
        assert session.scalar(select(func.count()).select_from(OutboxEvent)) == 0


def test_the_platforms_next_video_gets_an_id_of_its_own(engine: Engine) -> None:
    enter_talk(engine)
    with Session(engine) as session:
        new = Video(title="Next", description="", user_id=5, user_name="somebody", key="k", status="pending")
        session.add(new)
        session.commit()
        assert new.id > 41


def test_a_failed_video_tells_why(engine: Engine) -> None:
    event = enter_talk(engine)
    mark_failed(engine, 41, "the transcript is empty", str(event.event_id))
    (video,) = progress(engine, {41: event})
    assert (video.status, video.status_message) == ("failed", "the transcript is empty")


def test_events_of_one_demo_carry_times_that_tell_their_order(engine: Engine) -> None:
    first = enter_talk(engine)
    mark_failed(engine, 41, "for a test", str(first.event_id))
    second = enter_talk(engine)
    created = {row.id: row.created_at for row in events(engine)}
    assert created[second.event_id] - created[first.event_id] > timedelta(0)
