"""Scores of earlier summaries, to compare a new one with.

Belongs here: reading them. Does not belong here: what is concluded (``summarization.quality.verdicts``).
"""

from uuid import UUID

from sqlalchemy import Engine, case, select
from sqlalchemy.orm import Session, aliased

from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.own_models import SummaryVersion


def earlier_scores(engine: Engine, summarized_event_id: str, *, limit: int) -> list[float]:
    """Return scores of the ``limit`` summaries before this one, by the same model, prompts and scorer, newest first.

    Raises:
        DatabaseError: the database could not answer.
    """
    this, other = aliased(SummaryVersion), aliased(SummaryVersion)
    scorer = case(
        # Only rows of ours have a prompt version; another program's JSON may hold what PostgreSQL can't take apart.
        (other.prompt_version.is_not(None), other.model_info["quality"]["scorer"].as_string())
    )
    statement = (
        select(other.quality_score)
        .join(this, (this.model == other.model) & (this.prompt_version == other.prompt_version))
        .where(this.summarized_event_id == UUID(summarized_event_id), other.id < this.id)
        .where(other.quality_score.is_not(None))
        .where(scorer == this.model_info["quality"]["scorer"].as_string())
        .order_by(other.id.desc())
        .limit(limit)
    )
    with typed_errors("reading earlier scores"), Session(engine) as session:
        return [score for score in session.scalars(statement) if score is not None]
