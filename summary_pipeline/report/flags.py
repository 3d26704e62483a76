"""Which of the quality score's flags are faults, for reports.

Belongs here: that distinction. Does not belong here: what flags mean (``summarization.quality.meanings``).
"""

from typing import Final

from summary_pipeline.report.data import SummaryRow

INFORMING_FLAGS: Final = frozenset({"translated", "language_unknown", "names_not_checked", "numbers_not_checked"})
"""Flags that say what could not be checked, and lower nothing."""


def is_flagged(row: SummaryRow) -> bool:
    """Tell whether a summary carries a flag that lowers its score."""
    return any(flag not in INFORMING_FLAGS for flag in row.flags)
