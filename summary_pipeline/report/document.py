"""The quality report as a document: what ``report.json`` holds, and all that the page shows.

Belongs here: its shape, and what each field means. Does not belong here: how values come about (``analysis``).
A change that a reader could trip over raises ``SCHEMA_VERSION``. ``docs/reports.md`` describes it for its readers.
"""

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict

from summary_pipeline.report.statistics import Estimate
from summary_pipeline.report.window import Period

SCHEMA_VERSION = 1


class Part(BaseModel):
    """A part of the document."""

    model_config = ConfigDict(frozen=True)


class Covered(Part):
    """The window: from ``start`` up to, and not including, ``end``."""

    period: Period
    label: str
    start: dt.datetime
    end: dt.datetime
    time_zone: str


class Counts(Part):
    """How many. ``flagged`` summaries carry a flag that lowers the score; ``backfilled`` ones were asked for again."""

    summaries: int
    videos: int
    scored: int
    flagged: int
    backfilled: int
    failures: int
    failed_videos: int
    dead_letters: int


class Distribution(Part):
    """Scores of the window. ``histogram`` counts them in twenty steps of 0.05, the last one with 1.0."""

    mean: Estimate
    minimum: float
    p05: float
    p25: float
    median: float
    p75: float
    p95: float
    maximum: float
    histogram: tuple[int, ...]


class TrendPoint(Part):
    """One window of the trend; ``mean`` is None without scores."""

    label: str
    start: dt.datetime
    summaries: int
    mean: Estimate | None


class Component(Part):
    """A component of the score. ``computed`` summaries have it; the others had nothing to check."""

    name: str
    meaning: str
    computed: int
    mean: float | None
    p10: float | None
    p90: float | None
    previous_mean: float | None


class FlagCount(Part):
    """How many summaries carry a flag. ``lowers_score`` is False for flags that only inform."""

    name: str
    meaning: str
    lowers_score: bool
    count: int
    share: float


class Reason(Part):
    """A flag of one summary with its meaning and the words that show why."""

    flag: str
    meaning: str
    evidence: tuple[str, ...]


class WorstSummary(Part):
    """One of the lowest scores. Links are None where the UI's address is not set (``SUMMARY_DAGSTER_URL``)."""

    video_id: int
    title: str | None
    score: float
    reasons: tuple[Reason, ...]
    weakest_component: str | None
    weakest_value: float | None
    model: str
    prompt_version: str
    created_at: dt.datetime
    summary: str | None
    """The beginning of the text."""
    summary_key: str | None
    """The S3 key of this version's document."""
    run_id: str | None
    run_url: str | None
    partition_url: str | None


class FailureType(Part):
    """Failures whose messages differ in ids, addresses and numbers only."""

    type: str
    count: int
    videos: int
    kept: int
    """Of ``count``, those after which the video kept an earlier summary."""
    example: str
    example_video_ids: tuple[int, ...]


class DeadLetterType(Part):
    """Dead letters of one stage and kind of error."""

    stage: str
    error_class: str
    count: int
    replayed: int
    example: str
    example_place: str


class UsageLine(Part):
    """What one model with one version of the prompts used, in runs and in batches.

    ``cost_usd`` is the sum of the known prices. Without ``summaries``, batches alone were paid for.
    """

    model: str
    prompt_version: str
    summaries: int
    mean_score: float | None
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    batches: int = 0
    """How many were paid for."""
    batch_calls: int = 0
    """Those of ``calls`` that went through the Batch API."""
    batch_cost_usd: float = 0.0
    """What of ``cost_usd`` they cost."""
    unpriced: int
    """Summaries and batches whose price is unknown, and not in ``cost_usd``."""
    cost_per_summary_usd: float | None
    """Over the priced summaries, answers from the store at what they had cost."""
    saved_usd: float
    """What answers from the store had cost, and were not paid for again; those that a batch fetched are not in it."""


class Latency(Part):
    """Seconds from the event's time stamp to the commit of its summary. Backfills have no event."""

    count: int
    p50: float
    p95: float
    maximum: float
    seconds: tuple[float, ...]
    """At most 200 quantiles, evenly spaced, ascending: what the curve is drawn through."""


class Side(Part):
    """One side of a before-and-after."""

    model: str
    prompt_version: str
    summaries: int
    first_at: dt.datetime
    mean_score: float | None
    flagged_share: float | None
    cost_per_summary_usd: float | None
    output_tokens_per_summary: float | None


class Change(Part):
    """A model or prompt version that came after another one. Differences are after minus before.

    ``score`` has Welch's interval, ``flagged`` (a difference of shares) Newcombe's.
    """

    changed: tuple[Literal["model", "prompts"], ...]
    before: Side
    after: Side
    score: Estimate | None
    flagged: Estimate | None
    scorers: tuple[str, ...]
    """More than one: the scores were computed in different ways and can't be compared."""


class JudgeLine(Part):
    """What one judge (a language model) said of the window's summaries, beside the offline score."""

    judge: str
    judged: int
    mean: Estimate
    offline_mean: float | None
    correlation: float | None
    """Spearman's rho with the offline score, None for fewer than three pairs."""
    cost_usd: float | None


class SwapTest(Part):
    """Whether the score notices a summary of another video: each one against other recent transcripts.

    ``lower`` of ``swaps`` scored below the summary with its own transcript. ``skipped`` says why there was no test.
    """

    summaries: int = 0
    swaps: int = 0
    lower: int = 0
    share: float | None = None
    mean_right: float | None = None
    mean_swapped: float | None = None
    missed: tuple[tuple[int, int], ...] = ()
    """Video of the summary and video of the transcript, where the wrong pair did not score lower."""
    unread: int = 0
    """Summaries that were left out since their transcript is not stored, is too large or can't be read."""
    skipped: str | None = None


class Report(Part):
    """The quality report of one window."""

    schema_name: Literal["quality-report"] = "quality-report"
    schema_version: int = SCHEMA_VERSION
    generated_at: dt.datetime
    window: Covered
    counts: Counts
    previous_summaries: int
    """Summaries of the window before."""
    scores: Distribution | None
    score_change: Estimate | None
    """Mean score less that of the window before, with Welch's interval."""
    previous_histogram: tuple[int, ...] | None
    trend: tuple[TrendPoint, ...]
    components: tuple[Component, ...]
    scorers: tuple[str, ...]
    """Names, with versions, of what the scores were computed by. Scores of different ones can't be compared."""
    flags: tuple[FlagCount, ...]
    worst: tuple[WorstSummary, ...]
    failures: tuple[FailureType, ...]
    dead_letters: tuple[DeadLetterType, ...]
    usage: tuple[UsageLine, ...]
    latency: Latency | None
    changes: tuple[Change, ...]
    judges: tuple[JudgeLine, ...]
    swap_test: SwapTest
