"""Reading a window from a real PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, insert, text

from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.failures import mark_failed
from summary_pipeline.database.models import Video
from summary_pipeline.database.own_models import (
    AnswerBatch,
    DeadLetter,
    SummaryJudgement,
    SummaryVersion,
    VideoStatusLog,
)
from summary_pipeline.database.persistence import PersistRequest, persist_summary
from summary_pipeline.database.source_event import SourceEvent
from summary_pipeline.report.data import UNKNOWN, BatchBill, Spent, Variant
from summary_pipeline.report.queries import gather
from summary_pipeline.report.window import Period, Window
from summary_pipeline_tests.report.history import DAYS, EMPTY_DAY, LAST_DAY, add_history

pytestmark = pytest.mark.servers

DAY = Window(Period.DAILY, date(2026, 11, 20), "Europe/Berlin")
START = DAY.start_utc


def add_version(engine: Engine, created_at: datetime, video_id: int = 7, **columns: object) -> None:
    values: dict[str, Any] = {"video_id": video_id, "created_at": created_at, "quality_score": 0.5, **columns}
    with engine.begin() as connection:
        connection.execute(insert(SummaryVersion).values(values))


def add_log(engine: Engine, before: str, after: str, reason: str, created_at: datetime) -> None:
    row = {"video_id": 7, "from_status": before, "to_status": after, "reason": reason, "created_at": created_at}
    with engine.begin() as connection:
        connection.execute(insert(VideoStatusLog).values(row))


def test_a_window_holds_its_first_instant_and_not_its_last(engine: Engine) -> None:
    for video_id, moment in enumerate((START - timedelta(microseconds=1), START, DAY.end_utc), start=1):
        add_version(engine, moment, video_id)
    found = gather(engine, DAY)
    assert [row.video_id for row in found.summaries] == [2]
    assert [row.video_id for row in found.previous] == [1]


def test_a_version_is_read_with_all_that_is_reported_of_it(engine: Engine) -> None:
    event_id = uuid4()
    add_version(
        engine,
        START,
        summarized_event_id=event_id,
        source_event_id="e",
        source_event_ts=START - timedelta(seconds=9),
        run_id="r",
        summary_path="summaries/7/summary.json",
        model="m",
        prompt_version="p",
        model_info={"quality": {"components": {"support": 0.5}, "flags": ["copied"]}, "language": "de"},
    )
    (row,) = gather(engine, DAY).summaries
    assert (row.variant, row.score, row.flags, row.language) == (Variant("m", "p"), 0.5, ("copied",), "de")
    assert (row.seconds_since_event, row.summarized_event_id) == (9.0, str(event_id))


def test_a_summary_of_an_unknown_past_is_read_as_such(engine: Engine) -> None:
    add_version(engine, START, quality_score=None)
    (row,) = gather(engine, DAY).summaries
    assert row.variant == Variant(UNKNOWN, UNKNOWN)
    assert (row.score, row.spent.cost_usd, row.components) == (None, None, {})


@pytest.mark.parametrize("stored", ["NaN", "Infinity", "-0.5", "7"])
def test_a_number_that_is_no_score_moves_neither_scores_nor_trend(engine: Engine, stored: str) -> None:
    add_version(engine, START, 1, quality_score=0.6)
    add_version(engine, START, 2, quality_score=float(stored))
    found = gather(engine, DAY)
    assert [row.score for row in found.summaries] == [0.6, None]
    assert (found.trend[-1].summaries, found.trend[-1].scored, found.trend[-1].mean) == (2, 1, 0.6)


def test_json_of_another_program_is_read_as_far_as_it_goes(engine: Engine) -> None:
    for video_id, stored in enumerate(("[1, 2]", '"text"', '{"quality": {"flags": "copied"}}', '{"a": "\\u0000"}')):
        add_version(engine, START, video_id)
        with engine.begin() as connection:
            schema = engine.get_execution_options()["schema_translate_map"][None]
            statement = f'UPDATE "{schema}".summary_versions SET model_info = :stored WHERE video_id = :video'  # noqa: S608 -- a name of this test
            connection.execute(text(statement), {"stored": stored, "video": video_id})
    assert [row.flags for row in gather(engine, DAY).summaries] == [(), (), (), ()]


def test_the_trend_has_each_day_also_those_without_summaries(engine: Engine) -> None:
    add_version(engine, START, 1, quality_score=0.4)
    add_version(engine, START + timedelta(hours=1), 2, quality_score=0.8)
    add_version(engine, DAY.before(13).start_utc, 3, quality_score=0.9)
    add_version(engine, DAY.before(14).start_utc, 4, quality_score=0.1)
    trend = gather(engine, DAY).trend
    assert [row.summaries for row in trend] == [1, *[0] * 12, 2]
    assert trend[-1].mean == pytest.approx(0.6)
    assert (trend[0].mean, trend[1].mean) == (0.9, None)
    assert trend[-1].stddev == pytest.approx(0.2828, abs=1e-4)
    assert trend[0].stddev is None


def test_a_weeks_trend_goes_by_weeks(engine: Engine) -> None:
    week = Window(Period.WEEKLY, date(2026, 11, 16), "Europe/Berlin")
    add_version(engine, week.start_utc)
    add_version(engine, week.before(3).end_utc - timedelta(seconds=1), 8)
    assert [row.summaries for row in gather(engine, week).trend] == [0, 0, 0, 0, 1, 0, 0, 1]


def test_failures_are_those_that_were_written_by_who_writes_them(engine: Engine) -> None:
    with engine.begin() as connection:
        for video_id, status in ((1, "summarizing"), (2, "ready")):
            row = {"id": video_id, "title": "t", "description": "", "user_id": 1, "user_name": "", "key": "k"}
            connection.execute(insert(Video).values(**row, status=status))
    mark_failed(engine, 1, "It broke.", event_id="e1", run_id="r1")
    mark_failed(engine, 2, "It broke again.", event_id="e2", run_id="r2")
    with engine.connect() as connection:
        today = connection.execute(text("SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date")).scalar_one()
    failures = gather(engine, Window(Period.DAILY, today, "UTC")).failures
    assert [(row.video_id, row.reason, row.kept) for row in failures] == [
        (1, "It broke.", False),
        (2, "It broke again.", True),
    ]


class NoFiles:
    """The store of summaries, of which reports read nothing."""

    def keep_found(self, version: str) -> bool:  # noqa: ARG002 - of the protocol
        return False

    def write(self, event_id: str) -> None:
        pass


def test_summaries_of_a_summarized_video_are_no_failures(engine: Engine) -> None:
    with engine.begin() as connection:
        row = {"id": 7, "title": "t", "description": "", "user_id": 1, "user_name": "", "key": "k"}
        connection.execute(insert(Video).values(**row, status="summarizing"))
    for event in (None, SourceEvent(id=str(uuid4()), ts=datetime(2026, 11, 20, 12, tzinfo=UTC)), None):
        persist_summary(engine, PersistRequest(7, f"run {uuid4()}", "Text.", "summaries/7/s.json", event), NoFiles())
    mark_failed(engine, 7, "It broke.", run_id="another run")
    with engine.connect() as connection:
        today = connection.execute(text("SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date")).scalar_one()
    failures = gather(engine, Window(Period.DAILY, today, "UTC")).failures
    assert [(row.reason, row.kept) for row in failures] == [("It broke.", True)]


def test_what_is_no_failure_is_not_taken_for_one(engine: Engine) -> None:
    add_log(engine, "summarizing", "indexing", "summarized", START)
    add_log(engine, "ready", "ready", "superseded: the summary is from the newer event e", START)
    add_log(engine, "failed", "failed", "superseded: the summary is from the newer event e", START)
    add_log(engine, "summarizing", "failed", "Too early.", START - timedelta(seconds=1))
    assert gather(engine, DAY).failures == ()


def test_dead_letters_of_the_window_are_read(engine: Engine) -> None:
    letter = {
        "topic": "video.transcribed",
        "value_sha256": "",
        "message_headers": [],
        "stage": "parse",
        "error_class": "E",
        "reason": "r",
    }
    with engine.begin() as connection:
        for number, moment in enumerate((START, DAY.end_utc)):
            place = {"cluster_id": "c", "partition": 0, "offset": number, "created_at": moment}
            connection.execute(insert(DeadLetter).values(**letter, **place))
    assert [row.offset for row in gather(engine, DAY).dead_letters] == [0]


def test_judgements_are_read_with_the_summary_they_are_about_whenever_it_was_judged(engine: Engine) -> None:
    inside, outside = uuid4(), uuid4()
    add_version(engine, START, 1, summarized_event_id=inside, quality_score=0.75)
    add_version(engine, START - timedelta(days=1), 2, summarized_event_id=outside)
    with engine.begin() as connection:
        for event_id, score in ((inside, 0.5), (outside, 0.1)):
            values = {"video_id": 1, "summarized_event_id": event_id, "judge": "j", "score": score, "criteria": {}}
            connection.execute(insert(SummaryJudgement).values(**values, created_at=START + timedelta(days=9)))
    (judgement,) = gather(engine, DAY).judgements
    assert (judgement.judge, judgement.score, judgement.offline_score) == ("j", 0.5, 0.75)


def add_batch(engine: Engine, answered_at: datetime | None, **columns: object) -> None:
    values: dict[str, Any] = {"state": "settled", "video_ids": [7], "answered_at": answered_at}
    with engine.begin() as connection:
        connection.execute(insert(AnswerBatch).values({**values, **columns}))


def test_a_batch_is_paid_in_the_window_in_which_its_answers_came(engine: Engine) -> None:
    charged = {"answered_by": "m", "prompt_version": "p", "answered_calls": 4, "input_tokens": 90, "output_tokens": 9}
    for moment in (START - timedelta(seconds=1), START, DAY.end_utc, None):
        add_batch(engine, moment, spent_usd=0.5, **charged)
    assert gather(engine, DAY).batches == (BatchBill(Variant("m", "p"), Spent(4, 90, 9, 0.5, batch_calls=4)),)


def test_a_batch_without_a_known_price_is_not_free(engine: Engine) -> None:
    add_batch(engine, START, answered_calls=1)
    (bill,) = gather(engine, DAY).batches
    assert (bill.variant, bill.spent.cost_usd) == (Variant(UNKNOWN, UNKNOWN), None)


def test_titles_and_texts_are_read_of_the_worst_also_where_the_video_was_deleted(engine: Engine) -> None:
    add_version(engine, START, summary_text="What was said.")
    found = gather(engine, DAY)
    (texts,) = found.texts.values()
    assert (texts.title, texts.summary) == (None, "What was said.")


def test_when_a_variant_was_first_used_is_known_however_long_ago(engine: Engine) -> None:
    long_ago = START - timedelta(days=400)
    for moment in (long_ago, START):
        add_version(engine, moment, model="m", prompt_version="p")
    assert gather(engine, DAY).first_seen == {Variant("m", "p"): long_ago}


def test_a_fortnight_is_read_a_day_at_a_time_without_loss(engine: Engine) -> None:
    add_history(engine)
    days = [gather(engine, Window(Period.DAILY, LAST_DAY - timedelta(days=back), "UTC")) for back in range(DAYS)]
    with engine.connect() as connection:
        schema = engine.get_execution_options()["schema_translate_map"][None]
        total = connection.execute(text(f'SELECT count(*) FROM "{schema}".summary_versions')).scalar_one()  # noqa: S608 -- a name of this test
    assert sum(len(day.summaries) for day in days) == total > 350
    assert len(days[DAYS - 1 - EMPTY_DAY].summaries) == 0
    assert [row.summaries for row in days[0].trend] == [len(day.summaries) for day in reversed(days)]


def test_a_database_that_does_not_answer_is_an_error_of_ours() -> None:
    nowhere = create_database_engine("postgresql://nobody:x@127.0.0.1:1/none", schema="public")
    with pytest.raises(TransientDatabaseError, match="reading the daily report of 2026-11-20"):
        gather(nowhere, DAY)
