"""Scores of earlier summaries, to compare a new one with.

Belongs here: reading them. Does not belong here: what is concluded (``summarization.quality.verdicts``).
"""

from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.own_models import SummaryVersion
from summary_pipeline.database.versions import OWN_INFO

_LOOKED_AT = 20
"""Summaries for each that is wanted, among which those of the same scorer are looked for: it is no column."""

_SCORER = OWN_INFO["quality"]["scorer"].as_string()


def earlier_scores(engine: Engine, summarized_event_id: str, *, limit: int) -> list[float]:
    """Return scores of the ``limit`` summaries before this one, by the same model, prompts and scorer, newest first.

    Raises:
        DatabaseError: the database could not answer.
    """
    this = select(
        SummaryVersion.id, SummaryVersion.model, SummaryVersion.prompt_version, _SCORER.label("scorer")
    ).where(SummaryVersion.summarized_event_id == UUID(summarized_event_id))
    with typed_errors("reading earlier scores"), Session(engine) as session:
        version = session.execute(this).one_or_none()
        if version is None:
            return []
        # With values to compare with, an index leads to the newest ones, however long the history.
        late = (
            select(SummaryVersion.id, SummaryVersion.quality_score, _SCORER.label("scorer"))
            .where(SummaryVersion.model == version.model, SummaryVersion.prompt_version == version.prompt_version)
            .where(SummaryVersion.id < version.id, SummaryVersion.quality_score.is_not(None))
            .order_by(SummaryVersion.id.desc())
            .limit(_LOOKED_AT * limit)
            .subquery()
        )
        scores = select(late.c.quality_score).where(late.c.scorer == version.scorer).order_by(late.c.id.desc())
        return list(session.scalars(scores.limit(limit)))
