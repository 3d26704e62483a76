"""Whether a video is there.

Belongs here: looking a video up before work is spent on it. Does not belong here: changing it (``persistence``).
"""

from sqlalchemy import Engine, exists, select
from sqlalchemy.orm import Session

from summary_pipeline.database.errors import UnknownVideoError, typed_errors
from summary_pipeline.database.models import Video


def require_video(engine: Engine, video_id: int) -> None:
    """Return if the video has a row.

    Raises:
        UnknownVideoError: it has none.
        DatabaseError: the database could not answer.
    """
    with typed_errors(f"looking for video {video_id}"), Session(engine) as session:
        if not session.scalars(select(exists().where(Video.id == video_id))).one():
            raise UnknownVideoError(video_id)
