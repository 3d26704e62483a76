"""What the sweep does about events without an effect and about videos that nobody works on.

Belongs here: requesting runs for them a bounded number of times, then giving them up where people see it.
Does not belong here: finding them (``database.queries``), the sensor itself (``lost_event_sensor``), failed runs
(``failure_sensor``).

What is found has neither had its effect nor a failure on record. What is done about it hangs on its newest run:

======================  ========================================================================================
newest run              what is done
======================  ========================================================================================
none                    A run is requested: the event, or the request for its run, was lost.
under way               Nothing yet. Run monitoring ends it where its worker is gone.
``FAILURE``             Nothing yet: ``failure_sensor`` records it within seconds, once Dagster starts no other run
                        in its place. It is never asked for again here, for what failed for good would fail again,
                        and run retries were used up. Where nothing is recorded for ``SUMMARY_STUCK_AFTER_SECONDS``
                        (the sensor was switched off, or Dagster's record of the failure is gone), it is given up.
``CANCELED``            It is given up: a person stopped it, and nothing else records that.
``SUCCESS``             A run is requested, up to ``SUMMARY_SWEEP_ATTEMPTS`` in all, then it is given up: somebody
                        executed a part of the assets only, under the event's tags.
======================  ========================================================================================

An event that is given up is dead-lettered first and its video marked as failed afterwards: what has a failure on record
is not looked at again, so a crash between the two repeats the first and loses neither.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

import dagster as dg

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.contract.events import VideoTranscribed
from summary_pipeline.database.queries import LostEvent, StuckVideo
from summary_pipeline.defs.giving_up import event_of, keep_dead_letters
from summary_pipeline.defs.partitions import partition_key
from summary_pipeline.defs.requests import is_under_way, runs_of_event, runs_of_video
from summary_pipeline.defs.run_tags import FRESH_VIDEO_PRIORITY, STUCK_SINCE, VIDEO_ID, EventOrigin
from summary_pipeline.intake.dead_letters import given_up_letter
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.settings import PipelineSettings

_PAGING_SECONDS: Final = 10.0
"""How long events, and then videos, are paged through in one tick, which Dagster ends after a minute."""

_Row = TypeVar("_Row", LostEvent, StuckVideo)


@dataclass(frozen=True, slots=True)
class _GivenUp:
    """A video for which no further run is requested; ``letter`` is None where no event asked for its summary."""

    video_id: int
    reason: str
    run_id: str
    letter: DeadLetter | None

    @property
    def event_id(self) -> str | None:
        return self.letter.event_id if self.letter else None


@dataclass(slots=True)
class Sweep:
    """One tick's work. ``room`` is how many runs may still be requested; ``requests`` are those that were."""

    instance: dg.DagsterInstance
    database: Database
    kafka: Kafka
    limits: PipelineSettings
    log: logging.Logger
    room: int
    requests: list[dg.RunRequest] = field(default_factory=list)
    _given_up: list[_GivenUp] = field(default_factory=list)

    def look(self) -> None:
        """Look for lost events and stuck videos; request runs, or give up after too many."""
        self._look_for_lost_events()
        self._look_for_stuck_videos()
        self._give_up()

    def _look_for_lost_events(self) -> None:
        older = self.limits.summary_sweep_after_seconds
        for page in self._pages(lambda last: self.database.lost_events(older_than_seconds=older, after=last)):
            self._decide_on_events(page)

    def _decide_on_events(self, page: Sequence[LostEvent]) -> None:
        for lost in page:
            event = lost.event
            runs = runs_of_event(self.instance, event.id)
            if is_under_way(runs) or self._awaits_failure_sensor(runs):
                continue
            reason = reason_to_give_up(runs, most=self.limits.summary_sweep_attempts)
            if reason is None:
                self._request(_event_request(event, attempt=len(runs) + 1))
            else:
                letter = given_up_letter(event, reason, payload=lost.payload)
                self._given_up.append(_GivenUp(event.video_id, reason, runs[0].dagster_run.run_id, letter))

    def _look_for_stuck_videos(self) -> None:
        """Look at videos for which no event is on its way: it was lost before it reached the outbox or us.

        Where runs of such a video name an event (Kafka had it and the outbox never did), that event is asked for again.
        """
        older = self.limits.summary_stuck_after_seconds
        for page in self._pages(lambda last: self.database.stuck_videos(older_than_seconds=older, after=last)):
            self._decide_on_videos(page)

    def _decide_on_videos(self, stuck: Sequence[StuckVideo]) -> None:
        awaited = self.database.awaits_event([video.video_id for video in stuck])
        for video in stuck:
            if video.video_id in awaited:
                continue
            found = runs_of_video(self.instance, video.video_id)
            runs = [record for record in found if is_attempt(record, video)]
            if is_under_way(found) or self._awaits_failure_sensor(runs):
                continue
            event = self._event_of(runs)
            reason = reason_to_give_up(runs, most=self.limits.summary_sweep_attempts)
            if reason is None:
                self._request(_video_request(video, event, attempt=len(runs) + 1))
            elif event is not None:
                letter = given_up_letter(event, reason)
                self._given_up.append(_GivenUp(video.video_id, reason, runs[0].dagster_run.run_id, letter))
            else:
                reason = f"Summarizing since {video.since.isoformat(' ', 'seconds')} UTC, and no event came. {reason}"
                self._given_up.append(_GivenUp(video.video_id, reason, runs[0].dagster_run.run_id, None))

    def _pages(self, read: Callable[[_Row | None], list[_Row]]) -> Iterator[list[_Row]]:
        """Yield pages of what ``read`` returns behind a row, until the rows or the room or the time has ended.

        Rows about which nothing is done yet may fill a page. None stays in front for ever: a run ends, and what waits
        for ``failure_sensor`` is given up after ``SUMMARY_STUCK_AFTER_SECONDS``.
        """
        deadline = time.monotonic() + _PAGING_SECONDS
        last: _Row | None = None
        while page := read(last):
            yield page
            if len(self.requests) >= self.room or time.monotonic() > deadline:
                return
            last = page[-1]

    def _awaits_failure_sensor(self, runs: Sequence[dg.RunRecord]) -> bool:
        """Tell whether the newest run has failed, and the failure sensor may still be about to record it."""
        if not runs or runs[0].dagster_run.status is not dg.DagsterRunStatus.FAILURE:
            return False
        ended_at: datetime = runs[0].update_timestamp
        return datetime.now(UTC) < ended_at + timedelta(seconds=self.limits.summary_stuck_after_seconds)

    def _event_of(self, runs: Sequence[dg.RunRecord]) -> VideoTranscribed | None:
        """Return the newest event that ``runs`` answer and that had no effect."""
        origins = (EventOrigin.from_tags(record.dagster_run.tags) for record in runs)
        origin = next((found for found in origins if found is not None), None)
        if origin is None or self.database.processed_among([origin.event_id]):
            return None
        return event_of(origin)

    def _request(self, request: dg.RunRequest) -> None:
        if len(self.requests) < self.room:
            self.requests.append(request)

    def _give_up(self) -> None:
        processed = self.database.processed_among([item.event_id for item in self._given_up if item.event_id])
        lost = [item for item in self._given_up if item.event_id not in processed]
        keep_dead_letters([item.letter for item in lost if item.letter is not None], self.database, self.kafka)
        for item in lost:
            self.log.error("Video %s, event %s, is given up: %s", item.video_id, item.event_id, item.reason)
            self.database.mark_failed(item.video_id, item.reason, event_id=item.event_id, run_id=item.run_id)


def reason_to_give_up(runs: Sequence[dg.RunRecord], *, most: int) -> str | None:
    """Return why no further run is requested for an event or a video that had ``runs`` (newest first), or None.

    None of them is under way, and no failure of the newest one is about to be recorded.
    """
    newest = runs[0].dagster_run if runs else None
    if newest is None:
        return None
    if newest.status is dg.DagsterRunStatus.CANCELED:
        return f"Run {newest.run_id} was terminated. Re-execute it in the Dagster UI to summarize the video."
    if newest.status is dg.DagsterRunStatus.FAILURE:
        return f"Run {newest.run_id} failed, and why was not recorded. See it in the Dagster UI."
    if len(runs) >= most:
        return f"{len(runs)} runs ended without a result, the last one is {newest.run_id}. See it in the Dagster UI."
    return None


def is_attempt(record: dg.RunRecord, video: StuckVideo) -> bool:
    """Tell whether a run belongs to this time of waiting: it was requested for it, or made since it began.

    The tag counts by itself: Dagster's clock need not be PostgreSQL's.
    """
    made_at: datetime = record.create_timestamp
    return record.dagster_run.tags.get(STUCK_SINCE) == video.since.isoformat() or made_at >= video.since.replace(
        tzinfo=UTC
    )


def _event_request(event: VideoTranscribed, *, attempt: int) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{event.id}:found-again:{attempt}",
        partition_key=partition_key(event.video_id),
        tags={**FRESH_VIDEO_PRIORITY, **_origin(event).to_tags()},
    )


def _video_request(video: StuckVideo, event: VideoTranscribed | None, *, attempt: int) -> dg.RunRequest:
    """Return a request that answers ``event``, or, as a backfill does, none: the transcript is found by its record."""
    since = video.since.isoformat()
    origin = _origin(event).to_tags() if event else {VIDEO_ID: str(video.video_id)}
    return dg.RunRequest(
        run_key=f"video:{video.video_id}:since:{since}:{attempt}",
        partition_key=partition_key(video.video_id),
        tags={**FRESH_VIDEO_PRIORITY, **origin, STUCK_SINCE: since},
    )


def _origin(event: VideoTranscribed) -> EventOrigin:
    return EventOrigin(
        event_id=event.id,
        video_id=event.video_id,
        transcript_key=event.transcript_file_key,
        ts=event.ts,
        snippet_count=event.snippet_count,
    )
