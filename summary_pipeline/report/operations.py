"""From rows to the report: how the pipeline ran.

Belongs here: failures, dead letters, cost, latency. Does not belong here: scores (``analysis``).
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from summary_pipeline.report.data import BatchBill, DeadLetterRow, FailureRow, Spent, SummaryRow, Variant
from summary_pipeline.report.document import DeadLetterType, FailureType, Latency, UsageLine
from summary_pipeline.report.failure_types import failure_type
from summary_pipeline.report.statistics import quantile

_EXAMPLE_VIDEOS: Final = 3
_CURVE_POINTS: Final = 200


def failure_types(rows: Sequence[FailureRow]) -> tuple[FailureType, ...]:
    """Return failures by type, the most frequent first."""
    groups: dict[str, list[FailureRow]] = defaultdict(list)
    for row in rows:
        groups[failure_type(row.reason)].append(row)
    types = [
        FailureType(
            type=name,
            count=len(members),
            videos=len({row.video_id for row in members}),
            kept=sum(row.kept for row in members),
            example=members[0].reason,
            example_video_ids=tuple(dict.fromkeys(row.video_id for row in members))[:_EXAMPLE_VIDEOS],
        )
        for name, members in groups.items()
    ]
    return tuple(sorted(types, key=lambda each: (-each.count, each.type)))


def dead_letter_types(rows: Sequence[DeadLetterRow]) -> tuple[DeadLetterType, ...]:
    """Return dead letters by stage and kind of error, the most frequent first."""
    groups: dict[tuple[str, str], list[DeadLetterRow]] = defaultdict(list)
    for row in rows:
        groups[row.stage, row.error_class].append(row)
    types = [
        DeadLetterType(
            stage=stage,
            error_class=error_class,
            count=len(members),
            replayed=sum(row.replays > 0 for row in members),
            example=members[-1].reason,
            example_place=_place(members[-1]),
        )
        for (stage, error_class), members in groups.items()
    ]
    return tuple(sorted(types, key=lambda each: (-each.count, each.stage, each.error_class)))


def usage_lines(rows: Sequence[SummaryRow], batches: Sequence[BatchBill]) -> tuple[UsageLine, ...]:
    """Return calls, tokens and cost by model and prompt version, the one with most summaries first.

    Batches are paid when their answers come, and the summaries made of them may be of another window: a line may have
    no summaries.
    """
    groups: dict[Variant, list[SummaryRow]] = defaultdict(list)
    bills: dict[Variant, list[Spent]] = defaultdict(list)
    for row in rows:
        groups[row.variant].append(row)
    for bill in batches:
        bills[bill.variant].append(bill.spent)
    variants = dict.fromkeys((*groups, *bills))
    lines = [_usage_line(variant, groups[variant], bills[variant]) for variant in variants]
    return tuple(sorted(lines, key=lambda line: (-line.summaries, line.model, line.prompt_version)))


def cost_of(row: SummaryRow) -> float | None:
    """Return what a summary costs from nothing: answers from the store count as they did when they were made."""
    return (row.spent + row.spent_before).cost_usd


def mean_cost(rows: Sequence[SummaryRow]) -> float | None:
    """Return the mean of ``cost_of`` over the summaries whose price is known."""
    costs = [cost for row in rows if (cost := cost_of(row)) is not None]
    return sum(costs) / len(costs) if costs else None


def latency(rows: Sequence[SummaryRow]) -> Latency | None:
    """Return how long it took from events to summaries, None where no summary answered an event."""
    seconds = sorted(value for row in rows if (value := row.seconds_since_event) is not None)
    if not seconds:
        return None
    points = min(len(seconds), _CURVE_POINTS)
    shares = [number / (points - 1) for number in range(points)] if points > 1 else [0.5]
    return Latency(
        count=len(seconds),
        p50=quantile(seconds, 0.5),
        p95=quantile(seconds, 0.95),
        maximum=seconds[-1],
        seconds=tuple(round(quantile(seconds, share), 3) for share in shares),
    )


def _usage_line(variant: Variant, rows: Sequence[SummaryRow], bills: Sequence[Spent]) -> UsageLine:
    scores = [row.score for row in rows if row.score is not None]
    paid = [*(row.spent for row in rows), *bills]
    return UsageLine(
        model=variant.model,
        prompt_version=variant.prompt_version,
        summaries=len(rows),
        mean_score=sum(scores) / len(scores) if scores else None,
        calls=sum(each.calls for each in paid),
        input_tokens=sum(each.input_tokens for each in paid),
        output_tokens=sum(each.output_tokens for each in paid),
        cost_usd=sum(each.cost_usd or 0.0 for each in paid),
        batches=len(bills),
        batch_calls=sum(each.calls for each in bills),
        batch_cost_usd=sum(each.cost_usd or 0.0 for each in bills),
        unpriced=sum(each.cost_usd is None for each in paid),
        cost_per_summary_usd=mean_cost(rows),
        saved_usd=sum(_saved(row.spent_before) for row in rows),
    )


def _saved(stored: Spent) -> float:
    """Return what answers from the store had cost, without those that a batch fetched, by their share of the calls."""
    if not stored.calls:
        return stored.cost_usd or 0.0
    return (stored.cost_usd or 0.0) * (1 - stored.batch_calls / stored.calls)


def _place(row: DeadLetterRow) -> str:
    if row.offset is None:
        return "not in Kafka: given up"
    return f"{row.topic}[{row.partition}]@{row.offset}"
