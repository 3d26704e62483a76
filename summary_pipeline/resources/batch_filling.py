"""From videos to the lines of a batch.

Belongs here: which calls a video's run will begin with, which of their answers are missing, and filling a batch with
them, video by video, so that one transcript is held at a time. Does not belong here: what fits
(``summarization.batching``), and what becomes of the batch (``answer_batches``).
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from summary_pipeline.contract.object_keys import stored_transcript_key
from summary_pipeline.contract.video_id import InvalidVideoIdError, check_video_id
from summary_pipeline.database.errors import DatabaseError
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import (
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectStore,
    ObjectStoreError,
    ObjectTooLargeError,
)
from summary_pipeline.resources.openai_batches import OpenAIBatches
from summary_pipeline.resources.summarizer import SummarizationPlan, answer_store
from summary_pipeline.settings import PipelineSettings
from summary_pipeline.summarization.answering import read_stored
from summary_pipeline.summarization.batching import PROVIDER_LIMITS, BatchLimits, Load, Place, load_of, place_of
from summary_pipeline.summarization.calls import Call, CallFactory
from summary_pipeline.summarization.chunking import chunk_transcript
from summary_pipeline.summarization.errors import SummarizationError
from summary_pipeline.summarization.mapping import opening_calls
from summary_pipeline.summarization.parsing import UnreadableTranscriptError, parse_transcript

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 16
"""Objects that are read at once."""
_NO_CALLS = (
    InvalidVideoIdError,
    ObjectForbiddenError,
    ObjectMissingError,
    ObjectTooLargeError,
    SummarizationError,
    UnreadableTranscriptError,
)
"""What is wrong with one video. Its run says so where people look for it."""


@dataclass(slots=True)
class Filling:
    """What a batch is filled with: the lines by key of the call, what they amount to, and the videos they are for."""

    lines: dict[str, bytes] = field(default_factory=dict)
    load: Load = field(default_factory=Load)
    videos: list[int] = field(default_factory=list)


class VideoCalls:
    """The calls about videos, made of their stored transcripts as a run makes them."""

    def __init__(
        self, plan: SummarizationPlan, settings: PipelineSettings, objects: ObjectStore, database: Database
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._objects = objects
        self._store = answer_store(objects)
        self._database = database
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def of(self, video_id: int) -> list[Call[Any]]:
        """Return the calls that a run about a video begins with; none where its run will fail before them.

        Raises:
            ObjectStoreError, DatabaseError: a server is in trouble.
        """
        with _left_to_its_run(video_id, _NO_CALLS):
            return await asyncio.to_thread(self._opening_calls, video_id)
        return []

    async def missing(self, video_id: int) -> list[Call[Any]]:
        """Return those of the calls about a video whose answers are not in the store. Raises what ``of`` raises."""

        async def is_stored(call: Call[Any]) -> bool:
            async with self._at_once:
                text = await self._store.get(call.key)
            return text is not None and read_stored(call, text) is not None

        with _left_to_its_run(video_id, (ObjectTooLargeError,)):
            calls = await self.of(video_id)
            stored = await asyncio.gather(*map(is_stored, calls))
            return [call for call, is_there in zip(calls, stored, strict=True) if not is_there]
        return []

    async def fill(
        self, provider: OpenAIBatches, video_ids: Sequence[int], *, limits: BatchLimits, deadline: float
    ) -> Filling:
        """Take videos in order for as long as their missing calls fit; a video without any always does.

        Args:
            provider: Says what a line looks like.
            video_ids: The videos.
            limits: What the batch may hold.
            deadline: On ``time.monotonic``; after it no further video is taken, but for the first.

        Raises:
            ObjectStoreError, DatabaseError: a server is in trouble.
        """
        filling = Filling()
        hard = replace(PROVIDER_LIMITS, usd=self._most_for_one_video())
        for video_id in video_ids:
            if filling.videos and time.monotonic() > deadline:
                break
            calls = [call for call in await self.missing(video_id) if call.key not in filling.lines]
            lines = {call.key: provider.line(call) for call in calls}
            load = load_of(calls, list(lines.values()), self._plan.spec)
            place = place_of(load, filling.load, limits=limits, hard=hard)
            if place is Place.NEXT:
                break
            filling.videos.append(video_id)
            if place is Place.HERE:
                filling.lines |= lines
                filling.load += load
        return filling

    def _opening_calls(self, video_id: int) -> list[Call[Any]]:
        path = self._database.transcript_path(check_video_id(video_id))
        key = stored_transcript_key(video_id, path)
        stored = self._objects.read(key, max_bytes=self._settings.summary_max_transcript_bytes)
        transcript = parse_transcript(stored.body, key=key)
        parameters, spec = self._plan.parameters, self._plan.spec
        chunks = chunk_transcript(transcript, max_tokens=parameters.chunk_tokens, encoding=spec.encoding)
        return opening_calls(CallFactory(parameters, spec, chunks.language), chunks)

    def _most_for_one_video(self) -> float | None:
        limits = (self._settings.summary_max_cost_per_video_usd, self._settings.summary_max_cost_per_day_usd)
        return min((limit for limit in limits if limit is not None), default=None)


@contextmanager
def _left_to_its_run(video_id: int, foreseen: tuple[type[Exception], ...]) -> Iterator[None]:
    """Keep what is wrong with one video from the others. Other errors of a server are not the video's, and pass."""
    try:
        yield
    except foreseen as error:
        logger.warning("Video %d has no part in a batch; its run will say why: %s", video_id, error)
    except (ObjectStoreError, DatabaseError):
        raise
    except Exception:
        # Whatever it is, its run meets it too, and fails where people look for it.
        logger.exception("Video %d has no part in a batch, for a reason that nobody foresaw.", video_id)
