"""Before and after: a model or a prompt version that came after another one.

Belongs here: finding changes, and comparing what was written on both sides of one. Does not belong here: comparing on
the same videos, which tells more and is what ``comparison`` does.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final, Literal

from summary_pipeline.report.data import ReportData, SummaryRow, Variant
from summary_pipeline.report.document import Change, Side
from summary_pipeline.report.flags import is_flagged
from summary_pipeline.report.operations import mean_cost
from summary_pipeline.report.statistics import difference_of_means, difference_of_shares
from summary_pipeline.report.window import aware_utc

MOST_CHANGES: Final = 5
"""The last ones; a window with more is one of trials."""


def changes(data: ReportData) -> tuple[Change, ...]:
    """Return what changed in the window or on the way to it, each variant compared with the one before it.

    Variants are in the order in which they were first used, and both sides are taken from the window and the one before
    it: going back to an earlier variant shows too. Two that were both in use through both windows are no change.
    Variants of which nothing is recorded are left out.
    """
    groups: dict[Variant, list[SummaryRow]] = defaultdict(list)
    for row in (*data.previous, *data.summaries):
        if row.variant.is_known:
            groups[row.variant].append(row)
    first_seen = {
        variant: data.first_seen.get(variant, min(row.created_at for row in rows)) for variant, rows in groups.items()
    }
    in_order = sorted(groups, key=lambda variant: (first_seen[variant], variant))
    found = [
        _change((before, groups[before]), (after, groups[after]), first_seen)
        for before, after in pairwise(in_order)
        if _is_change(before, after, data, first_seen[after])
    ]
    return tuple(found[-MOST_CHANGES:])


def _is_change(before: Variant, after: Variant, data: ReportData, since: datetime) -> bool:
    """Tell whether a variant came or went; of pairs that are both gone, the report before told."""
    now, earlier = {row.variant for row in data.summaries}, {row.variant for row in data.previous}
    if not now & {before, after}:
        return False
    return since >= data.window.previous.start_utc or not {before, after} <= now & earlier


_Group = tuple[Variant, Sequence[SummaryRow]]


def _change(first: _Group, second: _Group, first_seen: Mapping[Variant, datetime]) -> Change:
    (before, rows_before), (after, rows_after) = first, second
    changed: list[Literal["model", "prompts"]] = []
    if before.model != after.model:
        changed.append("model")
    if before.prompt_version != after.prompt_version:
        changed.append("prompts")
    return Change(
        changed=tuple(changed),
        before=_side(before, rows_before, first_seen[before]),
        after=_side(after, rows_after, first_seen[after]),
        score=difference_of_means(_scores(rows_before), _scores(rows_after)),
        flagged=difference_of_shares(_flagged(rows_before), _flagged(rows_after)),
        scorers=tuple(sorted({row.scorer for row in (*rows_before, *rows_after) if row.scorer})),
    )


def _side(variant: Variant, rows: Sequence[SummaryRow], first_at: datetime) -> Side:
    scores = _scores(rows)
    flagged, total = _flagged(rows)
    return Side(
        model=variant.model,
        prompt_version=variant.prompt_version,
        summaries=len(rows),
        first_at=aware_utc(first_at),
        mean_score=sum(scores) / len(scores) if scores else None,
        flagged_share=flagged / total,
        cost_per_summary_usd=mean_cost(rows),
        output_tokens_per_summary=sum((row.spent + row.spent_before).output_tokens for row in rows) / total,
    )


def _scores(rows: Sequence[SummaryRow]) -> list[float]:
    return [row.score for row in rows if row.score is not None]


def _flagged(rows: Sequence[SummaryRow]) -> tuple[int, int]:
    return sum(is_flagged(row) for row in rows), len(rows)
