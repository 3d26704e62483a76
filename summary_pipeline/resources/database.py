"""The platform's database as the assets and sensors use it.

Belongs here: one object that knows the engine. Does not belong here: statements and transactions (``database``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.database.dead_letters import record_dead_letters
from summary_pipeline.database.failures import FailureOutcome, mark_failed
from summary_pipeline.database.judgements import NewJudgement, current_event_id, is_judged, record_judgement
from summary_pipeline.database.outbox_backlog import OutboxBacklog, OutboxTrouble, outbox_backlog, outbox_troubles
from summary_pipeline.database.persistence import PersistOutcome, PersistRequest, persist_summary
from summary_pipeline.database.queries import (
    LostEvent,
    StuckVideo,
    awaits_event,
    is_processed,
    lost_events,
    stuck_videos,
    transcript_path,
)
from summary_pipeline.database.score_history import earlier_scores
from summary_pipeline.database.spending import Ledger, Spending, reserve_spending, settle_spending, spending_on
from summary_pipeline.database.versions import SummaryFiles, is_counted
from summary_pipeline.database.videos import require_video


@dataclass(frozen=True, slots=True)
class Database:
    """The shared tables and ours, in one schema. Every method raises ``database.errors.DatabaseError``s."""

    engine: Engine

    def processed_among(self, event_ids: Collection[str]) -> set[str]:
        """Return those of ``event_ids`` that have had their effect."""
        return is_processed(self.engine, event_ids)

    def require_video(self, video_id: int) -> None:
        """Return if the video is there; raise ``UnknownVideoError`` if not."""
        require_video(self.engine, video_id)

    def transcript_path(self, video_id: int) -> str | None:
        """Return the S3 key that the transcriber recorded for the video, or None."""
        return transcript_path(self.engine, video_id)

    def persist(self, request: PersistRequest, files: SummaryFiles) -> PersistOutcome:
        """Write all of a summary's effect in one transaction, once per event; its files just before."""
        return persist_summary(self.engine, request, files)

    def is_counted(self, video_id: int, run_id: str) -> bool:
        """Tell whether a saved summary of the video has counted what that run paid for it."""
        return is_counted(self.engine, video_id, run_id)

    def earlier_scores(self, summarized_event_id: str, *, limit: int) -> list[float]:
        """Return the scores of the summaries before this one, by the same model, prompts and scorer, newest first."""
        return earlier_scores(self.engine, summarized_event_id, limit=limit)

    def mark_failed(
        self, video_id: int, reason: str, *, event_id: str | None, run_id: str, first_run_id: str | None = None
    ) -> FailureOutcome:
        """Tell the platform that the video could not be summarized, and why."""
        return mark_failed(self.engine, video_id, reason, event_id, run_id, first_run_id)

    def lost_events(self, *, older_than_seconds: float, after: LostEvent | None = None) -> list[LostEvent]:
        """Return a page of the published events that neither had an effect nor failed, those behind ``after``."""
        return lost_events(self.engine, older_than_seconds, after=after)

    def stuck_videos(self, *, older_than_seconds: float, after: StuckVideo | None = None) -> list[StuckVideo]:
        """Return a page of the videos that wait for their summary for longer than that, those behind ``after``."""
        return stuck_videos(self.engine, older_than_seconds, after=after)

    def awaits_event(self, video_ids: Collection[int]) -> set[int]:
        """Return those of ``video_ids`` for which the outbox holds an event without an outcome."""
        return awaits_event(self.engine, video_ids)

    def outbox_backlog(self) -> OutboxBacklog:
        """Return how much is unpublished."""
        return outbox_backlog(self.engine)

    def parked_outbox_rows(self) -> list[OutboxTrouble]:
        """Return the outbox rows that the relay has given up until a person releases them."""
        return [row for row in outbox_troubles(self.engine) if row.parked_at is not None]

    def record_dead_letters(self, letters: Sequence[DeadLetter]) -> None:
        """Keep dead letters in the table, each once."""
        record_dead_letters(self.engine, letters)

    def reserve_spending(self, day: date, usd: float, *, limit_usd: float, ledger: Ledger = Ledger.SUMMARIES) -> bool:
        """Set money for model calls aside if the day's limit allows it; tell whether it was."""
        return reserve_spending(self.engine, day, usd, limit_usd=limit_usd, ledger=ledger)

    def settle_spending(
        self, day: date, *, reserved_usd: float, spent_usd: float, ledger: Ledger = Ledger.SUMMARIES
    ) -> None:
        """Give back what was set aside and record what was spent."""
        settle_spending(self.engine, day, reserved_usd=reserved_usd, spent_usd=spent_usd, ledger=ledger)

    def spending_on(self, day: date, *, ledger: Ledger = Ledger.SUMMARIES) -> Spending:
        """Return what a day has cost so far."""
        return spending_on(self.engine, day, ledger=ledger)

    def current_event_id(self, video_id: int) -> str | None:
        """Return the id of the event that announced the video's current summary, None where there is none."""
        return current_event_id(self.engine, video_id)

    def is_judged(self, summarized_event_id: str, judge: str) -> bool:
        """Tell whether ``judge`` has judged that summary."""
        return is_judged(self.engine, summarized_event_id, judge)

    def record_judgement(self, judgement: NewJudgement) -> None:
        """Keep what a judge said of a summary, once."""
        record_judgement(self.engine, judgement)
