"""Which summaries a person should look at first.

Belongs here: the choice. Does not belong here: how they are shown.
"""

from collections.abc import Iterable
from typing import Final

from summary_pipeline.report.data import SummaryRow

WORST: Final = 10
"""Summaries that are listed."""


def newest_per_video(rows: Iterable[SummaryRow]) -> list[SummaryRow]:
    """Return the last summary of each video, by video: what was replaced within the window needs no look."""
    newest: dict[int, SummaryRow] = {}
    for row in rows:
        held = newest.get(row.video_id)
        if held is None or held.id < row.id:
            newest[row.video_id] = row
    return [newest[video_id] for video_id in sorted(newest)]


def worst_of(rows: Iterable[SummaryRow], count: int = WORST) -> list[SummaryRow]:
    """Return the ``count`` lowest scores of videos' last summaries, the lowest first."""
    scored = [(row.score, row.id, row) for row in newest_per_video(rows) if row.score is not None]
    return [row for _, _, row in sorted(scored, key=lambda item: item[:2])[:count]]
