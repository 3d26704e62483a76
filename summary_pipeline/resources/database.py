"""The platform's database as the assets and sensors use it.

Belongs here: one object that knows the engine. Does not belong here: statements and transactions (``database``).
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine

from summary_pipeline.contract.events import VideoTranscribed
from summary_pipeline.database.failures import FailureOutcome, mark_failed
from summary_pipeline.database.persistence import PersistOutcome, PersistRequest, persist_summary
from summary_pipeline.database.queries import is_processed, lost_events, transcript_path
from summary_pipeline.database.spending import Spending, reserve_spending, settle_spending, spending_on
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

    def persist(self, request: PersistRequest, write_files: Callable[[], None]) -> PersistOutcome:
        """Write all of a summary's effect in one transaction, once per event; its files just before."""
        return persist_summary(self.engine, request, write_files)

    def mark_failed(self, video_id: int, reason: str, *, event_id: str | None, run_id: str) -> FailureOutcome:
        """Tell the platform that the video could not be summarized, and why."""
        return mark_failed(self.engine, video_id, reason, event_id, run_id)

    def lost_events(self, *, older_than_seconds: float) -> list[VideoTranscribed]:
        """Return published events without an effect whose video still waits."""
        return lost_events(self.engine, older_than_seconds)

    def reserve_spending(self, day: date, usd: float, *, limit_usd: float) -> bool:
        """Set money for model calls aside if the day's limit allows it; tell whether it was."""
        return reserve_spending(self.engine, day, usd, limit_usd=limit_usd)

    def settle_spending(self, day: date, *, reserved_usd: float, spent_usd: float) -> None:
        """Give back what was set aside and record what was spent."""
        settle_spending(self.engine, day, reserved_usd=reserved_usd, spent_usd=spent_usd)

    def spending_on(self, day: date) -> Spending:
        """Return what a day has cost so far."""
        return spending_on(self.engine, day)
