"""Two prompt versions or models on the same videos: what the pairs say.

Belongs here: the comparison as a document, and how it follows from pairs. Does not belong here: reading them
(``comparison_queries``), how it looks (``comparison_page``).

The same videos on both sides take the videos' own differences out, so that small effects show in few videos.
Differences are always B less A.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final, Literal

from summary_pipeline.report.comparison_queries import ComparisonData, Pair, Side, examples, gain
from summary_pipeline.report.data import SummaryRow, Texts
from summary_pipeline.report.document import Part
from summary_pipeline.report.flags import is_flagged
from summary_pipeline.report.operations import cost_of, mean_cost
from summary_pipeline.report.statistics import Estimate, paired_difference, signed_rank_p
from summary_pipeline.summarization.quality import COMPONENTS

SCHEMA_VERSION: Final = 1
EQUAL_WITHIN: Final = 0.005
"""Scores nearer than this count as equal: they look the same with two decimals."""


class SideSummary(Part):
    """What one side's summaries are like. Tokens and cost are means, answers from the store at what they had cost."""

    name: str
    mean_score: float | None
    flagged: int
    input_tokens: float
    output_tokens: float
    cost_usd: float | None
    unpriced: int


class ComponentDifference(Part):
    """A component on the videos where both sides have it."""

    name: str
    meaning: str
    videos: int
    mean_a: float
    mean_b: float
    difference: Estimate


class Example(Part):
    """One video's two summaries."""

    video_id: int
    title: str | None
    score_a: float | None
    score_b: float | None
    flags_a: tuple[str, ...]
    flags_b: tuple[str, ...]
    text_a: str | None
    text_b: str | None


class PairedScore(Part):
    """Scores of one video; None where there is none."""

    video_id: int
    a: float | None
    b: float | None


class Comparison(Part):
    """The comparison. ``better``, ``worse`` and ``equal`` count videos by what B made of them."""

    schema_name: Literal["quality-comparison"] = "quality-comparison"
    schema_version: int = SCHEMA_VERSION
    generated_at: dt.datetime
    a: SideSummary
    b: SideSummary
    videos: int
    unscored: int
    """Videos of which one side has no score; they are not in what follows from scores."""
    difference: Estimate | None
    """Mean difference of scores with its bootstrap interval."""
    p_value: float | None
    """Of Wilcoxon's signed-rank test; None where all differences are zero."""
    better: int
    worse: int
    equal: int
    cost_difference: Estimate | None
    """Mean difference of cost in US dollars, on the videos where both prices are known."""
    components: tuple[ComponentDifference, ...]
    gains: tuple[Example, ...]
    losses: tuple[Example, ...]
    scores: tuple[PairedScore, ...]
    scorers: tuple[str, ...]
    """More than one: the scores were computed in different ways and can't be compared."""

    @property
    def differences(self) -> list[float]:
        """Differences of scores, by video."""
        return [each.b - each.a for each in self.scores if each.a is not None and each.b is not None]


def compare(data: ComparisonData, *, generated_at: dt.datetime) -> Comparison:
    """Return the comparison: the same arguments give the same comparison."""
    pairs = data.pairs
    differences = [value for pair in pairs if (value := gain(pair)) is not None]
    worse = sum(value <= -EQUAL_WITHIN for value in differences)
    better = sum(value >= EQUAL_WITHIN for value in differences)
    shown = examples(pairs)
    costs = [(cost_of(pair.a), cost_of(pair.b)) for pair in pairs]
    return Comparison(
        generated_at=generated_at,
        a=_side(data.side_a, [pair.a for pair in pairs]),
        b=_side(data.side_b, [pair.b for pair in pairs]),
        videos=len(pairs),
        unscored=len(pairs) - len(differences),
        difference=paired_difference(differences),
        p_value=signed_rank_p(differences) if differences else None,
        better=better,
        worse=worse,
        equal=len(differences) - better - worse,
        cost_difference=paired_difference([b - a for a, b in costs if a is not None and b is not None]),
        components=_components(pairs),
        gains=tuple(_example(pair, data) for pair in shown if (gain(pair) or 0) > 0),
        losses=tuple(_example(pair, data) for pair in reversed(shown) if (gain(pair) or 0) < 0),
        scores=tuple(PairedScore(video_id=pair.a.video_id, a=pair.a.score, b=pair.b.score) for pair in pairs),
        scorers=tuple(sorted({row.scorer for pair in pairs for row in (pair.a, pair.b) if row.scorer})),
    )


def _side(side: Side, rows: Sequence[SummaryRow]) -> SideSummary:
    scores = [row.score for row in rows if row.score is not None]
    whole = [row.spent + row.spent_before for row in rows]
    return SideSummary(
        name=str(side),
        mean_score=sum(scores) / len(scores) if scores else None,
        flagged=sum(is_flagged(row) for row in rows),
        input_tokens=sum(spent.input_tokens for spent in whole) / len(rows),
        output_tokens=sum(spent.output_tokens for spent in whole) / len(rows),
        cost_usd=mean_cost(rows),
        unpriced=sum(spent.cost_usd is None for spent in whole),
    )


def _components(pairs: Sequence[Pair]) -> tuple[ComponentDifference, ...]:
    found = []
    for name, meaning in COMPONENTS.items():
        both = [
            (first, second)
            for pair in pairs
            if (first := pair.a.components.get(name)) is not None
            and (second := pair.b.components.get(name)) is not None
        ]
        difference = paired_difference([second - first for first, second in both])
        if difference is not None:
            found.append(
                ComponentDifference(
                    name=name,
                    meaning=meaning,
                    videos=len(both),
                    mean_a=sum(first for first, _ in both) / len(both),
                    mean_b=sum(second for _, second in both) / len(both),
                    difference=difference,
                )
            )
    return tuple(found)


def _example(pair: Pair, data: ComparisonData) -> Example:
    none = Texts(None, None)
    first, second = data.texts.get(pair.a.id, none), data.texts.get(pair.b.id, none)
    return Example(
        video_id=pair.a.video_id,
        title=first.title,
        score_a=pair.a.score,
        score_b=pair.b.score,
        flags_a=pair.a.flags,
        flags_b=pair.b.flags,
        text_a=first.summary,
        text_b=second.summary,
    )
