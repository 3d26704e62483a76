"""From a question to a usable answer: looked up, or asked for under the limits and judged, at most twice.

Belongs here: the store of answers, the limits on concurrency and cost, the one second attempt.
Does not belong here: repeating calls that brought no answer, and the provider's rate limits (``pacing``), judging one
completion (``usability``).
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from summary_pipeline.summarization.call_shapes import second_limit
from summary_pipeline.summarization.calls import Answer, Call, require_fit
from summary_pipeline.summarization.cancellation import cancelled_after, finish
from summary_pipeline.summarization.chunk_store import ChunkStore
from summary_pipeline.summarization.cost import Budget, Usage, completion_usage, highest_call_cost
from summary_pipeline.summarization.errors import (
    AnswerError,
    CostLimitError,
    TruncatedAnswerError,
)
from summary_pipeline.summarization.expense import Expense
from summary_pipeline.summarization.gate import Gate
from summary_pipeline.summarization.language_model import (
    Attempts,
    CallExecutor,
    Completion,
    CompletionRequest,
    LanguageModel,
    LanguageModelError,
)
from summary_pipeline.summarization.model_registry import ModelSpec
from summary_pipeline.summarization.structured import UnusableAnswerError
from summary_pipeline.summarization.usability import Unusable, Usable, judge, read_answer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answered(Generic[Answer]):
    """A usable answer, who gave it, and what it cost (at the time, where it comes from the store)."""

    answer: Answer
    model: str
    usage: Usage
    from_store: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DirectCalls:
    """A ``CallExecutor`` that makes each call once and at once: for models without limits, and for tests."""

    model: LanguageModel

    async def __call__(self, request: CompletionRequest, *, estimated_tokens: int, attempts: Attempts) -> Completion:  # noqa: ARG002 - the protocol's name
        """Return the model's answer."""
        await attempts.before()
        with attempts.under_way():
            return await self.model.complete(request)


class _StoredAnswer(BaseModel):
    """An entry of the store. The text is kept as it came, and read again as an answer that came now."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    text: str
    model: str
    usage: Usage
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Attempt(Generic[Answer]):
    """What came of one call: the answer, what it and the attempt before it cost, and whether it can be used."""

    completion: Completion
    usage: Usage
    verdict: Usable[Answer] | Unusable


class Answerer:
    """Answers calls to one model. ``budgets`` are asked before each call, all of them.

    Raises what the executor raises, and from ``answer`` an ``AnswerError``, ``CostLimitError`` or
    ``ContextExceededError``.
    """

    def __init__(
        self,
        executor: CallExecutor,
        spec: ModelSpec,
        *,
        store: ChunkStore,
        budgets: Sequence[Budget] = (),
        at_once: asyncio.Semaphore,
        force: bool = False,
    ) -> None:
        self._executor = executor
        self._spec = spec
        self._store = store
        self._budgets = tuple(budgets)
        self._gate = Gate(at_once)
        self._force = force

    async def stored(self, call: Call[Answer]) -> Answered[Answer] | None:
        """Return the stored answer, or None where there is none, it can't be used, or stored answers are not wanted."""
        if self._force:
            return None
        text = await self._store.get(call.key)
        return None if text is None else read_stored(call, text)

    async def ask(self, call: Call[Answer]) -> Answered[Answer]:
        """Ask the model, a second time and differently where the first answer is no good, and store what came of it.

        The place among the calls at once is kept until the answer is stored: whenever the process dies, no more answers
        are lost than calls may be under way.
        """
        require_fit(call, self._spec)
        async with self._gate.place():
            return await self._ask(call)

    async def answer(self, call: Call[Answer]) -> Answered[Answer]:
        """Return the stored answer where there is one, else ask."""
        return await self.stored(call) or await self.ask(call)

    async def require_affordable(self, calls: Iterable[Call[Any]]) -> None:
        """Check that the budgets allow to make all of ``calls`` at their highest price.

        Raises:
            CostLimitError: one of them does not.
        """
        usd = sum(self._highest_cost(call, call.request) for call in calls)
        for budget in self._budgets:
            await budget.require_affordable(usd)

    async def _ask(self, call: Call[Answer]) -> Answered[Answer]:
        attempt = await self._attempt(call, call.request, spent=Usage())
        if attempt.verdict.note is not None:
            attempt = await self._better_attempt(call, attempt)
        verdict = attempt.verdict
        if isinstance(verdict, Unusable):
            raise verdict.fault
        notes = (f"In the answer for {call.subject}, {verdict.note}",) if verdict.note else ()
        if notes:
            await self._keep(call, attempt, notes)
        return Answered(verdict.answer, attempt.completion.model, attempt.usage, notes=notes)

    async def _better_attempt(self, call: Call[Answer], first: _Attempt[Answer]) -> _Attempt[Answer]:
        """Ask again, differently, and return the better of both attempts, with the usage of both."""
        logger.warning("The answer for %s: %s Asking again.", call.subject, first.verdict.note)
        request = _second_request(call, first.verdict, self._spec)
        try:
            second = await self._attempt(call, request, spent=first.usage)
        except (CostLimitError, LanguageModelError):
            if isinstance(first.verdict, Unusable):
                raise
            logger.warning("Asking again failed; the first answer for %s is used.", call.subject, exc_info=True)
            return first
        if isinstance(second.verdict, Usable) or isinstance(first.verdict, Unusable):
            return second
        return replace(first, usage=second.usage)

    def _highest_cost(self, call: Call[Any], request: CompletionRequest) -> float:
        """Return the most that a request may cost in US dollars, 0 where no price is known."""
        tokens = {"input_tokens": call.input_tokens, "output_tokens": request.max_output_tokens}
        return highest_call_cost(self._spec.price, **tokens) or 0.0

    async def _attempt(self, call: Call[Answer], request: CompletionRequest, *, spent: Usage) -> _Attempt[Answer]:
        """Make one call under the limits. ``spent`` is what the attempt before this one cost.

        Where another call has failed, and this one is cancelled for that, its answer is waited for and kept all the
        same: it will have to be paid for.
        """
        highest = self._highest_cost(call, request)
        expense = Expense(self._budgets, highest)

        async def grace() -> None:
            if self._gate.is_closed:
                await expense.at_rest()

        making = asyncio.ensure_future(self._make(call, request, expense, highest, spent=spent))
        return await cancelled_after(making, grace)

    async def _make(
        self, call: Call[Answer], request: CompletionRequest, expense: Expense, highest: float, *, spent: Usage
    ) -> _Attempt[Answer]:
        """Make one call, and store an answer that nothing is wrong with before its cost is recorded, which may fail."""
        cost = 0.0
        try:
            estimated = call.input_tokens + request.max_output_tokens
            completion = await self._executor(request, estimated_tokens=estimated, attempts=expense)
            usage = completion_usage(self._spec.price, completion)
            cost = highest if usage.cost_usd is None else usage.cost_usd
            attempt = _Attempt(completion, spent + usage, judge(call, completion, request, self._spec))
            if isinstance(attempt.verdict, Usable) and attempt.verdict.note is None:
                await self._keep(call, attempt)
        finally:
            await expense.settle(cost)
        return attempt

    async def _keep(self, call: Call[Answer], attempt: _Attempt[Answer], notes: tuple[str, ...] = ()) -> None:
        """Store an answer, even when the task that asked is cancelled meanwhile: it has been paid for."""
        completion = attempt.completion
        entry = _StoredAnswer(text=completion.text, model=completion.model, usage=attempt.usage, notes=notes)
        writing = asyncio.ensure_future(self._store.put(call.key, entry.model_dump_json()))
        await finish(writing, or_else=f"The answer for {call.subject} could not be stored and will be paid for again")


def read_stored(call: Call[Answer], text: str) -> Answered[Answer] | None:
    """Return the answer that ``text`` of the store holds, or None where it can't be used."""
    try:
        entry = _StoredAnswer.model_validate_json(text)
        answer = read_answer(call, entry.text)
    except (ValidationError, UnusableAnswerError):
        logger.warning("The stored answer for %s (%s) can't be used; the model is asked again.", call.subject, call.key)
        return None
    return Answered(answer, entry.model, entry.usage, from_store=True, notes=entry.notes)


def text_to_store(call: Call[Any], completion: Completion, spec: ModelSpec, *, usage: Usage) -> str:
    """Return what the store keeps of an answer that came another way than by an ``Answerer``, such as in a batch.

    Raises:
        AnswerError: an ``Answerer`` would ask a second time; the message says why.
    """
    verdict = judge(call, completion, call.request, spec)
    if isinstance(verdict, Unusable):
        raise verdict.fault
    if verdict.note is not None:
        raise AnswerError(f"The answer of model {spec.name!r} for {call.subject} could be better: {verdict.note}")
    return _StoredAnswer(text=completion.text, model=completion.model, usage=usage).model_dump_json()


def _second_request(call: Call[Answer], verdict: Usable[Answer] | Unusable, spec: ModelSpec) -> CompletionRequest:
    limit = call.request.max_output_tokens
    if isinstance(verdict, Unusable) and isinstance(verdict.fault, TruncatedAnswerError):
        limit = max(limit, min(second_limit(spec, limit), spec.context_window - call.input_tokens))
    return call.again(verdict.note or "", max_output_tokens=limit)


def as_executor(model: LanguageModel | CallExecutor) -> CallExecutor:
    """Return something that makes calls: ``model`` itself where it does, else one call at a time to it."""
    return model if callable(model) else DirectCalls(model)
