"""What the report reads from the database, as plain values.

Belongs here: rows of a window, reduced to what is reported. Does not belong here: SQL (``queries``), conclusions
(``analysis``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from summary_pipeline.report.window import Window

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Variant:
    """What wrote a summary, as far as reports tell apart: the model, and the version of all prompts together."""

    model: str
    prompt_version: str

    def __str__(self) -> str:
        return f"{self.model}, prompts {self.prompt_version}"

    @property
    def is_known(self) -> bool:
        """Tell whether at least one of both is recorded."""
        return (self.model, self.prompt_version) != (UNKNOWN, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls, tokens and US dollars; ``cost_usd`` is None where a model's price is unknown.

    ``batch_calls`` are those of the calls that a batch had answered, at its price.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = 0.0
    batch_calls: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        known = self.cost_usd is not None and other.cost_usd is not None
        return Spent(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
            batch_calls=self.batch_calls + other.batch_calls,
        )


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One row of ``summary_versions``. Times are UTC. ``score`` is None unless it is a number within 0 to 1.

    ``spent`` is what its run paid; ``spent_before`` what the answers that it took from the store had cost.
    ``evidence`` holds words of the summary by flag.
    """

    id: int
    video_id: int
    created_at: datetime
    variant: Variant
    score: float | None
    components: Mapping[str, float | None] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    evidence: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scorer: str | None = None
    language: str | None = None
    spent: Spent = Spent()
    spent_before: Spent = Spent()
    source_event_id: str | None = None
    source_event_ts: datetime | None = None
    summarized_event_id: str | None = None
    run_id: str | None = None
    summary_path: str | None = None

    @property
    def seconds_since_event(self) -> float | None:
        """Seconds from the event's time stamp to the commit, None for a backfill."""
        if self.source_event_ts is None or self.source_event_id is None:
            return None
        return (self.created_at - self.source_event_ts).total_seconds()


@dataclass(frozen=True, slots=True)
class BatchBill:
    """What a batch of the provider's Batch API cost, which no summary's ``spent`` holds: it was paid before the runs.

    ``variant`` is what the summaries made of its answers bear.
    """

    variant: Variant
    spent: Spent


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A row of ``video_status_log`` that tells of a failure. ``kept``: the video kept an earlier summary."""

    video_id: int
    reason: str
    created_at: datetime
    run_id: str | None
    kept: bool


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A row of ``dead_letters`` without the message itself."""

    topic: str
    partition: int | None
    offset: int | None
    stage: str
    error_class: str
    reason: str
    created_at: datetime
    replays: int


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """A judge's word on a summary of the window, beside the offline score."""

    judge: str
    score: float
    offline_score: float | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class TrendRow:
    """Scores of one window in short. ``stddev`` (of the sample) is None for fewer than two scores."""

    window: Window
    summaries: int
    scored: int
    mean: float | None
    stddev: float | None


@dataclass(frozen=True, slots=True)
class Texts:
    """What people wrote or read of one summary: shown for the few that are listed."""

    title: str | None
    summary: str | None


@dataclass(frozen=True, slots=True)
class ReportData:
    """Everything that a report is made from. ``trend`` ends with the window itself."""

    window: Window
    summaries: tuple[SummaryRow, ...]
    previous: tuple[SummaryRow, ...] = ()
    failures: tuple[FailureRow, ...] = ()
    dead_letters: tuple[DeadLetterRow, ...] = ()
    judgements: tuple[JudgementRow, ...] = ()
    batches: tuple[BatchBill, ...] = ()
    """Of batches whose answers were fetched in the window."""
    trend: tuple[TrendRow, ...] = ()
    first_seen: Mapping[Variant, datetime] = field(default_factory=dict)
    """When each variant that the table knows wrote its first summary, up to the window's end. UTC."""
    texts: Mapping[int, Texts] = field(default_factory=dict)
    """Of the lowest scores and of the swap test's sample, by the row's id."""
