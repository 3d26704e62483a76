"""The score as it is stored with a summary.

Belongs here: the stored form, also of a score that could not be computed. Does not belong here: scoring (``score``).
"""

import logging
from typing import Any

from summary_pipeline.summarization.quality.meanings import COMPONENTS, FLAGS
from summary_pipeline.summarization.quality.score import SCORER, score_summary

logger = logging.getLogger(__name__)


def stored_score(source_text: str, summary_text: str, *, language: str | None) -> dict[str, Any]:
    """Return what ``score_summary`` says, as JSON, with a line on each component and raised flag; never an exception.

    A summary that was paid for is saved whether or not it can be scored. Where it can't, ``score`` is None, the flag
    ``not_computed`` says so, and the error is logged.
    """
    try:
        return _explained(score_summary(source_text, summary_text, language=language).model_dump(mode="json"))
    except Exception as error:  # the boundary: a defect of the scorer must not cost a summary
        logger.exception("The quality score could not be computed; the summary is saved without one.")
        return _explained(
            {
                "score": None,
                "components": dict.fromkeys(COMPONENTS),
                "flags": ["not_computed"],
                "evidence": {"not_computed": [type(error).__name__]},
                "scorer": SCORER,
            }
        )


def _explained(quality: dict[str, Any]) -> dict[str, Any]:
    named = (*quality["components"], *quality["flags"])
    return {**quality, "meanings": {name: line for name, line in {**COMPONENTS, **FLAGS}.items() if name in named}}
