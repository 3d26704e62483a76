"""The offline quality score: a deterministic guard against broken summaries.

Belongs here: measuring a summary against its source without a model, what follows for checks (``verdicts``), and the
optional judge by language model (``judge``), on which the score never depends. Does not belong here: asset checks, the
values of thresholds, reports. docs/quality.md explains every component, what the score was calibrated on,
and what it can't tell.
"""

from summary_pipeline.summarization.quality.meanings import COMPONENTS, FLAGS
from summary_pipeline.summarization.quality.score import SCORER, QualityScore, score_summary
from summary_pipeline.summarization.quality.stored_score import stored_score

__all__ = ["COMPONENTS", "FLAGS", "SCORER", "QualityScore", "score_summary", "stored_score"]
