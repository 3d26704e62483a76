"""What judges (language models) said of summaries.

Belongs here: rows of ``summary_judgements``, and which summary of a video is to be judged. Does not belong here:
judging (``summarization.quality.judge``), and its cost (``spending``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.own_models import SummaryJudgement, SummaryVersion
from summary_pipeline.database.unit_of_work import unit_of_work


@dataclass(frozen=True, slots=True)
class NewJudgement:
    """One judge's word on one summary. ``score`` and ``criteria`` lie within 0 to 1."""

    video_id: int
    summarized_event_id: str
    judge: str
    score: float
    criteria: Mapping[str, float]
    cost_usd: float | None


def current_event_id(engine: Engine, video_id: int) -> str | None:
    """Return the id of the event that announced the video's newest version, None where it has none that we announced.

    Raises:
        DatabaseError: the database could not answer.
    """
    statement = (
        select(SummaryVersion.summarized_event_id)
        .where(SummaryVersion.video_id == video_id)
        .order_by(SummaryVersion.id.desc())
        .limit(1)
    )
    with typed_errors(f"looking for the summary of video {video_id}"), Session(engine) as session:
        event_id = session.scalars(statement).first()
        return None if event_id is None else str(event_id)


def is_judged(engine: Engine, summarized_event_id: str, judge: str) -> bool:
    """Tell whether ``judge`` has judged that summary.

    Raises:
        DatabaseError: the database could not answer.
    """
    judged = exists().where(SummaryJudgement.summarized_event_id == UUID(summarized_event_id))
    with typed_errors("looking for a judgement"), Session(engine) as session:
        return session.scalars(select(judged.where(SummaryJudgement.judge == judge))).one()


def record_judgement(engine: Engine, judgement: NewJudgement) -> None:
    """Add a row. Where the same judge was faster, its word stays.

    Raises:
        DatabaseError: the database could not answer.
    """
    with unit_of_work(engine, f"keeping a judgement of video {judgement.video_id}") as work:
        statement = insert(SummaryJudgement).values(
            video_id=judgement.video_id,
            summarized_event_id=UUID(judgement.summarized_event_id),
            judge=judgement.judge,
            score=judgement.score,
            criteria=dict(judgement.criteria),
            cost_usd=judgement.cost_usd,
        )
        work.session.execute(
            statement.on_conflict_do_nothing(
                index_elements=[SummaryJudgement.summarized_event_id, SummaryJudgement.judge]
            )
        )
        work.commit()
