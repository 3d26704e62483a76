"""Carrying one row of ``answer_batches`` one step further.

Belongs here: what is done in each of a row's states, with the provider and the store of answers. Does not belong here:
whose turn it is and in which order rows are worked on (``answer_batches``), the decisions (``summarization.batching``),
the rows (``database.batches``), the provider (``openai_batches``).
"""

import asyncio
import datetime as dt
import logging
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from summary_pipeline.database import batches
from summary_pipeline.database.batches import BatchRow, BatchState, Submission
from summary_pipeline.resources.batch_costs import BatchCosts, answered_by
from summary_pipeline.resources.batch_filling import VideoCalls
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.resources.openai_batches import BatchResult, OpenAIBatches, SubmittedBatch
from summary_pipeline.resources.summarizer import answer_store, plan_of
from summary_pipeline.settings import Settings
from summary_pipeline.summarization.answering import text_to_store
from summary_pipeline.summarization.batching import (
    TICK_LIMITS,
    BatchLimits,
    Load,
    NextStep,
    next_step,
    reason_against_batches,
)
from summary_pipeline.summarization.calls import Call
from summary_pipeline.summarization.cost import Usage, completion_usage
from summary_pipeline.summarization.errors import AnswerError
from summary_pipeline.summarization.language_model import PermanentModelError
from summary_pipeline.summarization.prompts import prompt_set_version

logger = logging.getLogger(__name__)

MOST_SUBMISSIONS: Final = 96
NO_ROOM_PAUSE: Final = dt.timedelta(minutes=15)
"""With ``MOST_SUBMISSIONS``: requests wait a day for room at the provider."""
NO_MONEY_PAUSE: Final = dt.timedelta(hours=1)
LISTING_MARGIN: Final = dt.timedelta(hours=1)
"""How far the provider's clock and ours may be apart."""
NOT_AWAITED: Final = "No run waits for it any more."
NOTHING_TO_ASK: Final = "Nothing is to be asked: its answers are in the store already, or its runs say what is wrong."
MOVED: Final = "it was moved by somebody else meanwhile and is left to them."
_AT_ONCE: Final = 16
"""Objects that are written at once."""
_REFUSED_FOR_GOOD: Final = frozenset({400, 404, 413, 422})
"""Statuses that say that these requests can't be a batch. Others, such as 401, a person can mend meanwhile."""


class BatchSteps:
    """One turn's means."""

    def __init__(
        self,
        settings: Settings,
        objects: ObjectStore,
        database: Database,
        provider: OpenAIBatches,
        deadline: float,
    ) -> None:
        self._settings = settings
        self._plan = plan_of(settings.pipeline)
        self._calls = VideoCalls(self._plan, settings.pipeline, objects, database)
        self._costs = BatchCosts(self._plan, self._calls, deadline)
        self._store = answer_store(objects)
        self._database = database
        self._engine = database.engine
        self._provider = provider
        self._deadline = deadline
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def step(self, row: BatchRow, *, is_awaited: bool) -> str:
        """Carry ``row`` one step further and say what was done.

        Args:
            row: An open row.
            is_awaited: Whether a run waits for its answers. Without one, nothing more is spent on it.

        Raises:
            LanguageModelError, ObjectStoreError: a server is in trouble; the row stays as it was recorded last.
            DatabaseError: the database is in trouble.
        """
        match row.state:
            case BatchState.REQUESTED:
                if not is_awaited:
                    return self._end(row, BatchState.CANCELLED, note=NOT_AWAITED)
                return await self._begin(row, until=self._deadline)
            case BatchState.SUBMITTING:
                return await self._find_or_begin(row, is_awaited=is_awaited)
            case BatchState.SUBMITTED if not is_awaited:
                return await self._abandon(row)
            case BatchState.SUBMITTED | BatchState.ABANDONED:
                return await self._look(row)
            case _:
                return "it is its runs' turn."

    async def _begin(self, row: BatchRow, *, until: float) -> str:
        """Fill a batch from the front of the row's videos and submit it; what is left becomes a row of its own."""
        refusal = reason_against_batches(self._plan.parameters, self._plan.spec)
        if refusal is not None:
            return self._end(row, BatchState.ANSWERED, note=f"{refusal} The runs make their calls live.")
        limit = self._settings.pipeline.summary_max_cost_per_day_usd
        filling = await self._calls.fill(self._provider, row.video_ids, limits=self._affordable(limit), deadline=until)
        submission = self._submission(filling.videos, filling.load)
        begun = bool(filling.videos) and batches.begin_submission(
            self._engine, row, submission, day=_today(), limit_usd=limit
        )
        if not begun:
            note = f"SUMMARY_MAX_COST_PER_DAY_USD (${limit}) leaves nothing for it today; it waits."
            is_left = batches.postpone(self._engine, row, utc_now() + NO_MONEY_PAUSE, note)
            return note if is_left else MOVED
        now = replace(
            row,
            state=BatchState.SUBMITTING,
            video_ids=tuple(filling.videos),
            submission_key=submission.key,
            requests=submission.requests,
            reserved_usd=submission.usd if limit is not None else 0.0,
            reserved_on=_today(),
        )
        return await self._submit(now, filling.lines)

    async def _find_or_begin(self, row: BatchRow, *, is_awaited: bool) -> str:
        """Go on after a crash or an error between beginning a submission and remembering the provider's id."""
        since = row.changed_at.replace(tzinfo=dt.UTC) - LISTING_MARGIN
        found = await self._provider.find(row.submission_key or "", since=since)
        if found is not None:
            return self._submitted(row, found)
        if not is_awaited:
            return self._end(row, BatchState.CANCELLED, note=NOT_AWAITED)
        if not batches.record_end(self._engine, row, BatchState.REQUESTED, spent_usd=0.0):
            return MOVED
        # It may have been more than could be sent in the rest of a turn: half the time for filling makes it less.
        now = time.monotonic()
        again = replace(row, state=BatchState.REQUESTED, submissions=row.submissions - 1, reserved_usd=0.0)
        return await self._begin(again, until=now + (self._deadline - now) / 2)

    async def _submit(self, row: BatchRow, lines: dict[str, bytes]) -> str:
        if not lines:
            return self._end(row, BatchState.ANSWERED, note=NOTHING_TO_ASK)
        try:
            submitted = await self._provider.submit(row.submission_key or "", b"".join(lines.values()))
        except PermanentModelError as error:
            if error.status not in _REFUSED_FOR_GOOD:
                raise
            return self._end(row, BatchState.ANSWERED, note=f"{error} The runs make their calls live.")
        return self._submitted(row, submitted)

    def _submitted(self, row: BatchRow, submitted: SubmittedBatch) -> str:
        batches.record_submitted(self._engine, row.id, submitted.id)
        return f"{row.requests} requests about {len(row.video_ids)} videos were submitted as {submitted.id}."

    async def _abandon(self, row: BatchRow) -> str:
        """Remember that no run waits before the provider is told, so that nobody takes our cancel for a person's."""
        is_abandoned = batches.record_abandoned(self._engine, row)
        return await self._look(replace(row, state=BatchState.ABANDONED)) if is_abandoned else MOVED

    async def _look(self, row: BatchRow) -> str:
        state = await self._provider.state(row.batch_id or "")
        step = next_step(
            state.status,
            state.codes,
            is_awaited=row.state is BatchState.SUBMITTED,
            submissions=row.submissions,
            most_submissions=MOST_SUBMISSIONS,
        )
        match step:
            case NextStep.CANCEL:
                await self._provider.cancel(state.id)
                note = f"{NOT_AWAITED} The provider was told to cancel it."
                batches.postpone(self._engine, row, utc_now(), note)
                return note
            case NextStep.WAIT:
                note = f"{state.completed} of {state.total} requests are done."
                # Behind all others that something can be done about.
                batches.postpone(self._engine, row, utc_now(), note)
                return note
            case NextStep.COLLECT | NextStep.COLLECT_AND_STOP:
                return await self._collect(row, state, is_cancelled=step is NextStep.COLLECT_AND_STOP)
            case NextStep.SUBMIT_AGAIN:
                note = f"The provider has no room for it now ({state.problem}); it is submitted again later."
                said = self._end(row, BatchState.REQUESTED, note=note)
                batches.postpone(
                    self._engine, replace(row, state=BatchState.REQUESTED), utc_now() + NO_ROOM_PAUSE, note
                )
                return said
            case NextStep.GO_LIVE:
                note = f"{row.batch_id} brought nothing ({state.problem}). The runs make their calls live."
                return self._end(row, BatchState.ANSWERED, note=note)

    async def _collect(self, row: BatchRow, state: SubmittedBatch, *, is_cancelled: bool) -> str:
        """Store the answers of an ended batch, video by video, as far as the time allows."""
        try:
            results = await self._provider.results(state)
        except PermanentModelError as error:
            if error.status not in _REFUSED_FOR_GOOD:
                raise
            return self._end(row, BatchState.ANSWERED, note=f"Its answers are lost: {error} The runs call live.")
        kept, unusable = row.answers_kept, row.answers_unusable
        handled: set[str] = set()
        for done, video_id in enumerate(row.video_ids[row.videos_collected :], start=row.videos_collected):
            if done > row.videos_collected and time.monotonic() > self._deadline:
                batches.record_collected(self._engine, row, videos=done, kept=kept, unusable=unusable)
                return f"the answers about {done} of {len(row.video_ids)} videos are stored so far."
            calls = {call.key: call for call in await self._calls.of(video_id)}
            new = [key for key in calls if key in results and key not in handled]
            handled.update(new)  # another video may say the same
            stored = await asyncio.gather(*(self._keep(calls[key], results[key], video_id) for key in new))
            kept += sum(stored)
            unusable += len(stored) - sum(stored)
        batches.record_collected(self._engine, row, videos=len(row.video_ids), kept=kept, unusable=unusable)
        problems = [result.problem for result in results.values() if result.problem]
        end, rest = _end_of(row, is_cancelled=is_cancelled)
        is_told = is_cancelled or kept < row.requests
        note = f"{kept} of {row.requests} answers were stored. {rest if is_told else ''}".strip()
        if problems:
            note += f" {len(problems)} requests brought no answer, the first because: {problems[0]}"
        completions = {key: result.completion for key, result in results.items() if result.completion is not None}
        usage = await self._costs.charged(row, completions)
        answered = answered_by(completions.values(), usage) if completions else None
        is_ended = batches.record_end(self._engine, row, end, spent_usd=usage.cost_usd, answered=answered, note=note)
        return note if is_ended else MOVED

    async def _keep(self, call: Call[Any], result: BatchResult, video_id: int) -> bool:
        """Store one answer about a video; tell whether it could be used."""
        if result.completion is None:
            return False
        usage = completion_usage(self._plan.spec.batch_price, result.completion)
        try:
            text = text_to_store(call, result.completion, self._plan.spec, usage=_by_batch(usage))
        except AnswerError as error:
            logger.warning("An answer of a batch is not used: %s", error)
            return False
        except Exception:
            # Whatever it is, it shall not hold up the other answers; the run asks for this one live.
            logger.exception("An answer about video %d is not used, for a reason that nobody foresaw.", video_id)
            return False
        async with self._at_once:
            await self._store.put(call.key, text)
        return True

    def _submission(self, video_ids: Sequence[int], load: Load) -> Submission:
        return Submission(
            key=uuid.uuid4().hex,
            model=self._plan.spec.name,
            prompt_version=prompt_set_version(),
            video_ids=video_ids,
            requests=load.requests,
            usd=load.usd,
        )

    def _affordable(self, limit_usd: float | None) -> BatchLimits:
        if limit_usd is None:
            return TICK_LIMITS
        spending = self._database.spending_on(_today())
        return replace(TICK_LIMITS, usd=max(0.0, limit_usd - spending.committed_usd))

    def _end(self, row: BatchRow, state: BatchState, *, note: str) -> str:
        """End a row that brought nothing and cost nothing."""
        is_ended = batches.record_end(self._engine, row, state, spent_usd=0.0, note=note)
        return note if is_ended else MOVED


def _end_of(row: BatchRow, *, is_cancelled: bool) -> tuple[BatchState, str]:
    """Return how a batch with answers ends, and what that means for runs."""
    if not is_cancelled:
        return BatchState.ANSWERED, "The runs make the missing calls live."
    if row.state is BatchState.ABANDONED:
        return BatchState.CANCELLED, "Runs that wait since it was cancelled get another batch."
    return BatchState.STOPPING, "No runs start, because it was cancelled."


def _by_batch(usage: Usage) -> Usage:
    return usage.model_copy(update={"batch_calls": usage.calls})


def utc_now() -> dt.datetime:
    """Return the time, UTC without a zone, as rows have it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
