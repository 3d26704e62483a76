"""A judge: a language model that rates a summary by criteria, beside the offline score and never instead of it.

Belongs here: asking, and reading ratings off answers. Does not belong here: wording (``judge_questions``), which
summaries are judged, and what becomes of a judgement.

The method is that of G-Eval (Y. Liu et al., "G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment", 2023,
arXiv 2303.16634): one digit for each criterion, weighted by the probabilities of the digits where the model gives them,
else averaged over 20 samples. A single answer would put most summaries on the same digit.
"""

import asyncio
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from summary_pipeline.summarization.answering import as_executor
from summary_pipeline.summarization.cost import Budget, Usage, completion_usage, highest_call_cost
from summary_pipeline.summarization.expense import Expense
from summary_pipeline.summarization.gate import Gate
from summary_pipeline.summarization.language_model import (
    CallExecutor,
    Completion,
    CompletionRequest,
    LanguageModel,
    Message,
)
from summary_pipeline.summarization.model_registry import ModelSpec
from summary_pipeline.summarization.progress import gather_or_cancel
from summary_pipeline.summarization.quality.judge_questions import (
    CRITERIA,
    LONG_TRANSCRIPT_TOKENS,
    VERSION,
    Question,
    questions_about,
)
from summary_pipeline.summarization.tokens import count_tokens

SAMPLES: Final = 20
TOP_LOGPROBS: Final = 20
"""The most that OpenAI's API gives."""
_LOWEST, _HIGHEST = 1, 5
_DIGIT = re.compile(r"^\W*([1-5])\b(?!\s*[/.,]\s*\d)")
_LEAST_PROBABILITY = 0.5
"""Probability that a digit is answered at all, below which the first token says too little."""
_FRAME_TOKENS = 16


class JudgeError(Exception):
    """The judge's answers are no ratings. The message holds none of their text."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of one summary. ``score`` is the mean of ``criteria``, which lie within 0 to 1."""

    score: float
    criteria: Mapping[str, float]
    usage: Usage


def judge_name(model: str) -> str:
    """Return the name under which judgements are kept: another model, or other questions, is another judge."""
    return f"{model} judge/{VERSION}"


def is_sampled(event_id: str, share: float) -> bool:
    """Say whether the summary that ``event_id`` announces is among the ``share`` (0 to 1) that is judged.

    The same event always is or is not, and one that is stays so when the share grows.
    """
    digest = hashlib.sha256(f"judge\0{event_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64 < share


class Judge:
    """Judges summaries with one model.

    Args:
        model: makes the calls, at its own pace.
        spec: what is known of the model.
        budget: a limit on spending; what a judgement may cost is set aside before its first call.
        at_once: most calls at once.
    """

    def __init__(
        self, model: LanguageModel | CallExecutor, *, spec: ModelSpec, budget: Budget | None = None, at_once: int = 5
    ) -> None:
        self._executor = as_executor(model)
        self._spec = spec
        self._budget = budget
        self._at_once = asyncio.Semaphore(at_once)

    async def judge(self, transcript: str, summary: str) -> Judgement:
        """Judge one summary.

        Raises:
            CostLimitError: it may cost more than the budget allows. Raised before the first call.
            JudgeError: the model does not answer with digits, or a price is unknown that a limit needs.
            LanguageModelError: a call brought no answer.
        """
        questions = questions_about(transcript, summary, is_long=self._is_long(transcript))
        spending = _Spending(self._budget)
        gate = Gate(self._at_once)
        try:
            await spending.reserve(sum(map(self._highest_cost, questions)))
            ratings = await gather_or_cancel(self._rate(question, spending, gate) for question in questions)
        finally:
            await spending.settle()
        criteria = {}
        for criterion in CRITERIA:
            given = [rating for asked, rating in zip(questions, ratings, strict=True) if asked.criterion == criterion]
            criteria[criterion] = round((sum(given) / len(given) - _LOWEST) / (_HIGHEST - _LOWEST), 4)
        score = round(sum(criteria.values()) / len(criteria), 4)
        return Judgement(score=score, criteria=criteria, usage=spending.usage)

    async def _rate(self, question: Question, spending: "_Spending", gate: Gate) -> float:
        """Return a rating from 1 to 5."""
        async with gate.place():
            if self._spec.supports_logprobs:
                completion = await self._ask(question, spending, top_logprobs=TOP_LOGPROBS)
                rating = expected_rating(completion.first_token)
                if rating is not None:
                    return rating
            texts = await self._samples(question, spending)
        rating = mean_rating(texts)
        if rating is None:
            raise JudgeError(
                f"Model {self._spec.name!r} does not answer with a digit when it judges {question.criterion}. "
                "Set SUMMARY_JUDGE_MODEL to another model."
            )
        return rating

    async def _samples(self, question: Question, spending: "_Spending") -> list[str]:
        """Return 20 answers: by one request, or by as many as a server needs that gives fewer a request."""
        texts: list[str] = []
        while len(texts) < SAMPLES:
            if texts:
                await spending.reserve(self._cost(question, SAMPLES - len(texts)))
            completion = await self._ask(question, spending, samples=SAMPLES - len(texts))
            texts += completion.samples or (completion.text,)
        return texts

    async def _ask(
        self, question: Question, spending: "_Spending", *, samples: int = 1, top_logprobs: int | None = None
    ) -> Completion:
        request = CompletionRequest(
            model=self._spec.name,
            messages=(Message("system", question.instructions), Message("user", question.text)),
            max_output_tokens=self._output_tokens,
            # Samples have to differ; with probabilities given, what is drawn does not matter.
            temperature=1.0 if self._spec.takes_temperature else None,
            purpose=f"judge_{question.criterion}",
            reasoning_effort=self._spec.reasoning_effort,
            samples=samples,
            top_logprobs=top_logprobs,
        )
        weight = self._input_tokens(question) + samples * self._output_tokens
        expense = Expense(usd=self._cost(question, samples))
        try:
            completion = await self._executor(request, estimated_tokens=weight, attempts=expense)
        finally:
            spending.lost_usd += expense.lost_usd
        spending.usage += completion_usage(self._spec.price, completion)
        return completion

    @property
    def _output_tokens(self) -> int:
        return 1 + self._spec.reasoning_tokens

    def _input_tokens(self, question: Question) -> int:
        return count_tokens(question.instructions + question.text, self._spec.encoding) + _FRAME_TOKENS

    def _is_long(self, transcript: str) -> bool:
        # No token is longer than some hundred characters; counting a very long text can be spared.
        limit = min(LONG_TRANSCRIPT_TOKENS, self._spec.input_limit // 2)
        return len(transcript) > limit * 100 or count_tokens(transcript, self._spec.encoding) > limit

    def _highest_cost(self, question: Question) -> float:
        """Return the most that a question costs: asked once and, where that gives no digit, sampled.

        Raises:
            JudgeError: there is a limit on cost and the model has no price.
        """
        if self._spec.price is None and self._budget is not None:
            raise JudgeError(
                f"No price is known for model {self._spec.name!r}, so no limit on cost can be kept and nothing is "
                "judged. Give its price in the file that SUMMARY_MODEL_REGISTRY names."
            )
        once = self._cost(question, 1) if self._spec.supports_logprobs else 0.0
        return once + self._cost(question, SAMPLES)

    def _cost(self, question: Question, samples: int) -> float:
        weight, written = self._input_tokens(question), samples * self._output_tokens
        return highest_call_cost(self._spec.price, input_tokens=weight, output_tokens=written) or 0.0


class _Spending:
    """The money of one judgement: set aside before it is spent, and settled also where it comes to nothing."""

    def __init__(self, budget: Budget | None) -> None:
        self._budget = budget
        self._reserved = 0.0
        self.usage = Usage()
        self.lost_usd = 0.0

    async def reserve(self, usd: float) -> None:
        """Set ``usd`` aside, if there is a budget."""
        if self._budget is not None:
            await self._budget.reserve(usd)
            self._reserved += usd

    async def settle(self) -> None:
        """Give back what was set aside, and record what was spent."""
        if self._budget is not None and self._reserved:
            # Where the provider counts no tokens, the highest price is what is known.
            spent = self._reserved if self.usage.cost_usd is None else self.usage.cost_usd
            await self._budget.settle(reserved_usd=self._reserved, spent_usd=spent + self.lost_usd)


def expected_rating(first_token: Mapping[str, float] | None) -> float | None:
    """Return the expected digit, given log-probabilities of first tokens; None where a digit is not likely at all."""
    if first_token is None:
        return None
    masses: dict[int, float] = {}
    for token, logprob in first_token.items():
        digit = token.strip()
        if digit in {"1", "2", "3", "4", "5"}:
            masses[int(digit)] = masses.get(int(digit), 0.0) + math.exp(min(0.0, logprob))
    total = sum(masses.values())
    if total < _LEAST_PROBABILITY:
        return None
    return sum(digit * mass for digit, mass in masses.items()) / total


def mean_rating(texts: Sequence[str]) -> float | None:
    """Return the mean of the digits in ``texts``; None where fewer than half of them are one."""
    digits = [int(match[1]) for text in texts if (match := _DIGIT.match(text))]
    if not texts or len(digits) < len(texts) / 2:
        return None
    return sum(digits) / len(digits)
