import uuid
from dataclasses import replace

import pytest
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from summary_pipeline.database.judgements import NewJudgement, current_event_id, is_judged, record_judgement
from summary_pipeline.database.own_models import SummaryJudgement, SummaryVersion

pytestmark = pytest.mark.servers

EVENT = str(uuid.uuid4())
JUDGEMENT = NewJudgement(
    video_id=7, summarized_event_id=EVENT, judge="m judge/1", score=0.7, criteria={"coverage": 0.5}, cost_usd=0.001
)


def add_version(engine: Engine, event_id: str | None, video_id: int = 7) -> None:
    values = {"video_id": video_id, "summarized_event_id": None if event_id is None else uuid.UUID(event_id)}
    with engine.begin() as connection:
        connection.execute(insert(SummaryVersion).values(values))


def rows(engine: Engine) -> list[tuple[str, float]]:
    with Session(engine) as session:
        statement = select(SummaryJudgement).order_by(SummaryJudgement.id)
        return [(row.judge, row.score) for row in session.scalars(statement)]


def test_the_current_summary_is_the_newest_version(engine: Engine) -> None:
    newest = str(uuid.uuid4())
    for event_id in (EVENT, newest):
        add_version(engine, event_id)
    add_version(engine, str(uuid.uuid4()), video_id=8)
    assert current_event_id(engine, 7) == newest


def test_a_video_without_a_summary_of_ours_has_none_to_judge(engine: Engine) -> None:
    add_version(engine, None)
    assert current_event_id(engine, 7) is None
    assert current_event_id(engine, 9) is None


def test_a_judgement_is_kept_once(engine: Engine) -> None:
    assert not is_judged(engine, EVENT, "m judge/1")
    record_judgement(engine, JUDGEMENT)
    record_judgement(engine, replace(JUDGEMENT, score=0.1))
    assert is_judged(engine, EVENT, "m judge/1")
    assert rows(engine) == [("m judge/1", 0.7)]


def test_another_judge_has_its_own_word(engine: Engine) -> None:
    record_judgement(engine, JUDGEMENT)
    assert not is_judged(engine, EVENT, "other judge/1")
    record_judgement(engine, replace(JUDGEMENT, judge="other judge/1", score=0.1, cost_usd=None))
    assert rows(engine) == [("m judge/1", 0.7), ("other judge/1", 0.1)]
