"""Which videos are to be summarized again.

Belongs here: what a person may ask for, and the query that answers. Does not belong here: summarizing them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Select, Text, and_, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from summary_pipeline.contract.video_id import check_video_id
from summary_pipeline.contract.video_status import VideoStatus, is_allowed
from summary_pipeline.database.errors import typed_errors
from summary_pipeline.database.models import ProcessedMessage, Video, VideoSummary, VideoTranscript
from summary_pipeline.database.own_models import SummaryVersion, VideoStatusLog
from summary_pipeline.database.persistence import SUPERSEDED_REASON

READY_TO_SUMMARIZE: Final = tuple(status for status in VideoStatus if is_allowed(status, VideoStatus.INDEXING))
"""Statuses of videos whose summary may be saved: they have a transcript."""


@dataclass(frozen=True, slots=True)
class VideoSelection:
    """What a person asks for; a video is selected if all that is given holds for it.

    ``videos`` are ranges of ids, ``stop`` excluded as in Python. ``model_was`` is the model of the current summary, as
    it was requested or as it named itself. ``score_below`` holds for no video without a score. ``failed`` means that
    this pipeline's last attempt at the video failed, or that another service's did after the video was transcribed.
    ``since`` is the time of the current summary, and with ``failed`` that of the failure.

    Raises:
        ValueError: nothing is given, or what is given makes no sense.
    """

    videos: tuple[range, ...] = ()
    model_was: str | None = None
    score_below: float | None = None
    since: datetime | None = None
    failed: bool = False

    def __post_init__(self) -> None:
        if not (self.videos or self.model_was or self.score_below is not None or self.since or self.failed):
            raise ValueError("nothing says which videos: give ids, a model, a score, a time, or say that they failed")
        if self.score_below is not None and not 0 < self.score_below <= 1:
            raise ValueError(f"scores are from 0 to 1, so that none or all are below {self.score_below}")
        if self.since is not None and self.since.tzinfo is None:
            raise ValueError("the time since when needs a zone")

    def __str__(self) -> str:
        """Tell what is asked for, for people."""
        parts = [
            f"with ids {','.join(map(_range_text, self.videos))}" if self.videos else "",
            f"summarized by {self.model_was}" if self.model_was is not None else "",
            f"with a score below {self.score_below:g}" if self.score_below is not None else "",
            "that failed" if self.failed else "",
            f"since {self.since.isoformat()}" if self.since is not None else "",
        ]
        return ", ".join(part for part in parts if part)


def parse_video_ranges(text: str) -> tuple[range, ...]:
    """Read ``1-500,7``: ids and ranges of ids, both ends included.

    Raises:
        ValueError: it is none; the message says what is wrong with which part.
    """
    ranges = []
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if not (first.isascii() and first.isdigit() and (not dash or (last.isascii() and last.isdigit()))):
            raise ValueError(f"{part.strip()!r} is neither a video id nor a range such as 1-500")
        try:
            start, end = check_video_id(int(first)), check_video_id(int(last or first))
        except ValueError as error:
            raise ValueError(f"{part.strip()!r} {error}") from None
        if start > end:
            raise ValueError(f"the range {part.strip()!r} runs backwards")
        ranges.append(range(start, end + 1))
    return tuple(ranges)


def format_video_ids(video_ids: Iterable[int]) -> str:
    """Return ids as ``parse_video_ranges`` reads them, neighbours drawn together."""
    ranges: list[range] = []
    for video_id in sorted(set(video_ids)):
        if ranges and ranges[-1].stop == video_id:
            ranges[-1] = range(ranges[-1].start, video_id + 1)
        else:
            ranges.append(range(video_id, video_id + 1))
    return ",".join(map(_range_text, ranges))


def select_videos(engine: Engine, selection: VideoSelection) -> list[int]:
    """Return the ids of the selected videos, in order. Those that wait for their transcript are left out.

    Raises:
        DatabaseError: the database could not answer.
    """
    with typed_errors("selecting videos"), Session(engine) as session:
        rows = session.execute(_statement(selection)).yield_per(1000)
        return [video_id for video_id, info in rows if _was_made_by(info, selection.model_was)]


def _range_text(ids: range) -> str:
    return str(ids.start) if len(ids) == 1 else f"{ids.start}-{ids.stop - 1}"


def _statement(selection: VideoSelection) -> Select[int, str | None]:
    """``model_info`` is read as text and parsed here: in PostgreSQL, one escaped NUL would fail the query."""
    wants_info = selection.model_was is not None
    info: ColumnElement[str | None] = cast(VideoSummary.model_info if wants_info else None, Text)
    statement = (
        select(Video.id, info)
        .outerjoin(VideoSummary, VideoSummary.video_id == Video.id)
        .where(Video.status.in_(READY_TO_SUMMARIZE))
        .order_by(Video.id)
    )
    if selection.videos:
        statement = statement.where(_within(selection.videos))
    if selection.model_was is not None:
        # Both forms in which other writers of JSON may have put it.
        forms = {json.dumps(selection.model_was), json.dumps(selection.model_was, ensure_ascii=False)}
        statement = statement.where(or_(*(info.contains(form, autoescape=True) for form in forms)))
    if selection.score_below is not None:
        statement = statement.where(VideoSummary.quality_score < selection.score_below)
    since = selection.since.astimezone(UTC).replace(tzinfo=None) if selection.since else None
    if selection.failed:
        return statement.where(_has_failed(since))
    return statement if since is None else statement.where(VideoSummary.updated_at >= since)


def _within(ranges: Sequence[range]) -> ColumnElement[bool]:
    single = [ids.start for ids in ranges if len(ids) == 1]
    return or_(Video.id.in_(single), *(Video.id.between(ids.start, ids.stop - 1) for ids in ranges if len(ids) > 1))


def _has_failed(since: datetime | None) -> ColumnElement[bool]:
    """The newest line of the log is a failure's; or the video failed where there is no log, with a transcript.

    Lines about an event that came too late say nothing of how its video fares, and don't count.
    """
    later = aliased(VideoStatusLog)
    newest = and_(
        VideoStatusLog.video_id == Video.id,
        ~VideoStatusLog.reason.startswith(SUPERSEDED_REASON),
        ~exists().where(
            later.video_id == VideoStatusLog.video_id,
            later.id > VideoStatusLog.id,
            ~later.reason.startswith(SUPERSEDED_REASON),
        ),
    )
    elsewhere = (
        Video.status == VideoStatus.FAILED,
        ~exists().where(VideoStatusLog.video_id == Video.id),
        exists().where(VideoTranscript.video_id == Video.id, VideoTranscript.transcript_path.is_not(None)),
    )
    if since is None:
        return or_(exists().where(newest, _is_failure()), and_(*elsewhere))
    return or_(
        exists().where(newest, _is_failure(), VideoStatusLog.created_at >= since),
        and_(*elsewhere, Video.updated_at >= since),
    )


def _is_failure() -> ColumnElement[bool]:
    """A failure that leaves the earlier summary in place moves no status: only it has left no mark of an effect."""
    message_id = func.coalesce(VideoStatusLog.event_id, func.concat("run:", VideoStatusLog.run_id))
    return or_(
        VideoStatusLog.to_status == VideoStatus.FAILED,
        and_(
            ~exists().where(ProcessedMessage.message_id == message_id),
            ~exists().where(
                SummaryVersion.video_id == VideoStatusLog.video_id, SummaryVersion.run_id == VideoStatusLog.run_id
            ),
        ),
    )


def _was_made_by(model_info: str | None, model: str | None) -> bool:
    if model is None:
        return True
    if model_info is None:
        return False
    info: Any = json.loads(model_info)
    if not isinstance(info, dict):
        return False
    provenance = info.get("provenance")
    requested = provenance.get("requested_model") if isinstance(provenance, dict) else None
    return model in (info.get("model"), requested)
