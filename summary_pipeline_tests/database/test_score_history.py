import uuid
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from summary_pipeline.database import score_history
from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline.database.score_history import earlier_scores

pytestmark = pytest.mark.servers


def add(engine: Engine, score: float | None, *, scorer: str = "s/1", **columns: object) -> str:
    event_id = uuid.uuid4()
    values: dict[str, Any] = {
        "video_id": 7,
        "summarized_event_id": event_id,
        "quality_score": score,
        "model": "m",
        "prompt_version": "p",
        "model_info": {"quality": {"scorer": scorer}},
        **columns,
    }
    with engine.begin() as connection:
        connection.execute(insert(SummaryVersion).values(values))
    return str(event_id)


def test_the_scores_before_it_come_newest_first(engine: Engine) -> None:
    for score in (0.1, 0.2, 0.3):
        add(engine, score)
    this = add(engine, 0.9)
    add(engine, 0.4)
    assert earlier_scores(engine, this, limit=10) == [0.3, 0.2, 0.1]
    assert earlier_scores(engine, this, limit=2) == [0.3, 0.2]


def test_other_models_prompts_and_scorers_are_left_out(engine: Engine) -> None:
    add(engine, 0.1, model="other")
    add(engine, 0.2, prompt_version="other")
    add(engine, 0.3, scorer="s/2")
    add(engine, None)
    assert earlier_scores(engine, add(engine, 0.9), limit=10) == []


def test_only_late_summaries_are_looked_at(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_history, "_LOOKED_AT", 1)
    add(engine, 0.1)
    add(engine, 0.2)
    add(engine, 0.3, scorer="s/2")
    assert earlier_scores(engine, add(engine, 0.9), limit=2) == [0.2]


def test_rows_of_another_program_do_no_harm(engine: Engine) -> None:
    add(engine, 0.5, prompt_version=None, summarized_event_id=None, model_info=["no", "object"])
    add(engine, 0.5)
    assert earlier_scores(engine, add(engine, 0.9), limit=10) == [0.5]


def test_an_event_without_a_version_has_no_history(engine: Engine) -> None:
    add(engine, 0.5)
    assert earlier_scores(engine, str(uuid.uuid4()), limit=10) == []
