"""Reading a video's row for a change.

Belongs here: the lock on the row and the reading of its status. Does not belong here: the change.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from summary_pipeline.contract.video_status import VideoStatus
from summary_pipeline.database.errors import UnexpectedStatusError, UnknownVideoError
from summary_pipeline.database.models import Video


def utc_clock() -> ColumnElement[datetime]:
    """Return PostgreSQL's clock at this statement, in UTC without a zone.

    Not ``now()``: that is when the transaction began, which under a lock may be before an earlier holder's commit.
    """
    return func.timezone("UTC", func.clock_timestamp())


def lock_video(session: Session, video_id: int) -> tuple[VideoStatus, datetime]:
    """Keep others from changing the video until the transaction ends; return its status and the time, UTC.

    Raises:
        UnknownVideoError: there is no such video.
        UnexpectedStatusError: its status is not one of the contract's.
    """
    # NO KEY UPDATE: the neighbour may go on inserting rows that refer to the video.
    statement = select(Video.status, utc_clock()).where(Video.id == video_id).with_for_update(key_share=True)
    row = session.execute(statement).first()
    if row is None:
        raise UnknownVideoError(video_id)
    status, now = row
    try:
        return VideoStatus(status), now
    except ValueError:
        raise UnexpectedStatusError(video_id, status) from None
