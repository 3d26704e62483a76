"""The offline quality score: a deterministic guard against broken summaries.

Belongs here: measuring a summary against its source without a model. Does not belong here: judges by language model,
asset checks and their thresholds, reports. docs/quality.md explains every component, what the score was calibrated on,
and what it can't tell.
"""

from summary_pipeline.summarization.quality.meanings import COMPONENTS, FLAGS
from summary_pipeline.summarization.quality.score import SCORER, QualityScore, score_summary

__all__ = ["COMPONENTS", "FLAGS", "SCORER", "QualityScore", "score_summary"]
