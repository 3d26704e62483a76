"""From rows to the report: what the scores of a window say.

Belongs here: ``analyse``, and all that is about scores. Does not belong here: reading (``queries``), what is about
running the pipeline (``operations``), before and after (``changes``), and how it looks (``page``).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from summary_pipeline.report.changes import changes
from summary_pipeline.report.data import ReportData, SummaryRow, TrendRow
from summary_pipeline.report.document import (
    Component,
    Counts,
    Covered,
    Distribution,
    FlagCount,
    JudgeLine,
    Reason,
    Report,
    SwapTest,
    TrendPoint,
    WorstSummary,
)
from summary_pipeline.report.flags import INFORMING_FLAGS, is_flagged
from summary_pipeline.report.links import Links
from summary_pipeline.report.operations import dead_letter_types, failure_types, latency, usage_lines
from summary_pipeline.report.statistics import difference_of_means, mean_estimate, mean_of, quantile, rank_correlation
from summary_pipeline.report.window import aware_utc
from summary_pipeline.report.worst import worst_of
from summary_pipeline.summarization.quality import COMPONENTS, FLAGS

HISTOGRAM_STEPS: Final = 20
SHOWN_CHARACTERS: Final = 600
"""Of a summary or a title that is listed."""


def analyse(data: ReportData, *, generated_at: datetime, swap_test: SwapTest, links: Links) -> Report:
    """Return the report: the same arguments give the same report.

    Args:
        data: what ``queries.gather`` read.
        generated_at: when, with a zone; the only time in the report that is not of its window.
        swap_test: what ``swap_test.run_swap_test`` found, or why it did not run.
        links: where runs and partitions can be looked at.
    """
    now, before = _scores(data.summaries), _scores(data.previous)
    return Report(
        generated_at=generated_at,
        window=_covered(data),
        counts=_counts(data),
        previous_summaries=len(data.previous),
        scores=_distribution(now),
        score_change=difference_of_means(before, now),
        previous_histogram=_histogram(before) if before else None,
        trend=tuple(_trend_point(row) for row in data.trend),
        components=_components(data.summaries, data.previous),
        scorers=tuple(sorted({row.scorer for row in data.summaries if row.scorer})),
        flags=_flags(data.summaries),
        worst=tuple(_worst(row, row.score, data, links) for row in worst_of(data.summaries) if row.score is not None),
        failures=failure_types(data.failures),
        dead_letters=dead_letter_types(data.dead_letters),
        usage=usage_lines(data.summaries, data.batches),
        latency=latency(data.summaries),
        changes=changes(data),
        judges=_judges(data),
        swap_test=swap_test,
    )


def _scores(rows: Sequence[SummaryRow]) -> list[float]:
    return [row.score for row in rows if row.score is not None]


def _covered(data: ReportData) -> Covered:
    window = data.window
    return Covered(
        period=window.period, label=window.label, start=window.start, end=window.end, time_zone=window.time_zone
    )


def _counts(data: ReportData) -> Counts:
    rows = data.summaries
    return Counts(
        summaries=len(rows),
        videos=len({row.video_id for row in rows}),
        scored=len(_scores(rows)),
        flagged=sum(is_flagged(row) for row in rows),
        backfilled=sum(row.source_event_id is None for row in rows),
        failures=len(data.failures),
        failed_videos=len({row.video_id for row in data.failures}),
        dead_letters=len(data.dead_letters),
    )


def _distribution(scores: Sequence[float]) -> Distribution | None:
    mean = mean_of(scores)
    if mean is None:
        return None
    return Distribution(
        mean=mean,
        minimum=min(scores),
        p05=quantile(scores, 0.05),
        p25=quantile(scores, 0.25),
        median=quantile(scores, 0.5),
        p75=quantile(scores, 0.75),
        p95=quantile(scores, 0.95),
        maximum=max(scores),
        histogram=_histogram(scores),
    )


def _histogram(scores: Sequence[float]) -> tuple[int, ...]:
    counted = Counter(min(int(score * HISTOGRAM_STEPS), HISTOGRAM_STEPS - 1) for score in scores)
    return tuple(counted[step] for step in range(HISTOGRAM_STEPS))


def _trend_point(row: TrendRow) -> TrendPoint:
    mean = None if row.mean is None else mean_estimate(row.mean, row.stddev, row.scored)
    return TrendPoint(
        label=row.window.first_day.isoformat(), start=row.window.start, summaries=row.summaries, mean=mean
    )


def _components(rows: Sequence[SummaryRow], previous: Sequence[SummaryRow]) -> tuple[Component, ...]:
    found = []
    for name, meaning in COMPONENTS.items():
        values, before = _component_values(rows, name), _component_values(previous, name)
        found.append(
            Component(
                name=name,
                meaning=meaning,
                computed=len(values),
                mean=_mean(values),
                p10=quantile(values, 0.1) if values else None,
                p90=quantile(values, 0.9) if values else None,
                previous_mean=_mean(before),
            )
        )
    return tuple(found)


def _component_values(rows: Sequence[SummaryRow], name: str) -> list[float]:
    return [value for row in rows if (value := row.components.get(name)) is not None]


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _flags(rows: Sequence[SummaryRow]) -> tuple[FlagCount, ...]:
    """Most frequent first. A flag of a later scorer has no meaning here, and is counted all the same."""
    counted = Counter(flag for row in rows for flag in set(row.flags))
    return tuple(
        FlagCount(
            name=flag,
            meaning=FLAGS.get(flag, "Unknown to this version of the report."),
            lowers_score=flag not in INFORMING_FLAGS,
            count=count,
            share=count / len(rows),
        )
        for flag, count in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )


def _worst(row: SummaryRow, score: float, data: ReportData, links: Links) -> WorstSummary:
    texts = data.texts.get(row.id)
    computed = _computed(row.components)
    weakest = min(computed, key=lambda name: (computed[name], name)) if computed else None
    return WorstSummary(
        video_id=row.video_id,
        title=_cut(texts.title) if texts else None,
        score=score,
        reasons=tuple(
            Reason(flag=flag, meaning=FLAGS.get(flag, ""), evidence=tuple(row.evidence.get(flag, ())))
            for flag in row.flags
        ),
        weakest_component=weakest,
        weakest_value=computed[weakest] if weakest else None,
        model=row.variant.model,
        prompt_version=row.variant.prompt_version,
        created_at=aware_utc(row.created_at),
        summary=_cut(texts.summary) if texts else None,
        summary_key=row.summary_path,
        run_id=row.run_id,
        run_url=links.run(row.run_id),
        partition_url=links.partition(row.video_id),
    )


def _computed(components: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in components.items() if value is not None}


def _cut(text: str | None) -> str | None:
    if text is None or len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[: SHOWN_CHARACTERS - 1]}…"


def _judges(data: ReportData) -> tuple[JudgeLine, ...]:
    lines = []
    for judge in sorted({row.judge for row in data.judgements}):
        rows = [row for row in data.judgements if row.judge == judge]
        mean = mean_of([row.score for row in rows])
        if mean is None:
            continue
        both = [(row.score, row.offline_score) for row in rows if row.offline_score is not None]
        costs = [row.cost_usd for row in rows if row.cost_usd is not None]
        lines.append(
            JudgeLine(
                judge=judge,
                judged=len(rows),
                mean=mean,
                offline_mean=_mean([offline for _, offline in both]),
                correlation=rank_correlation([score for score, _ in both], [offline for _, offline in both]),
                cost_usd=sum(costs) if costs else None,
            )
        )
    return tuple(lines)
