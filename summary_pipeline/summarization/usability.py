"""Whether what a model answered is an answer that can be used.

Belongs here: judging one completion, by its finish reason, its form, its length and the call's own rule, and whether it
is a refusal. Does not belong here: asking again (``answering``), reading the form (``cited_lines``, ``structured``).
"""

from dataclasses import dataclass
from typing import Generic

from summary_pipeline.summarization.calls import Answer, Call
from summary_pipeline.summarization.errors import (
    AnswerError,
    EmptyAnswerError,
    MalformedAnswerError,
    RefusedError,
    TruncatedAnswerError,
)
from summary_pipeline.summarization.language_model import Completion, CompletionRequest
from summary_pipeline.summarization.model_registry import ModelSpec
from summary_pipeline.summarization.quality.artefacts import is_refusal
from summary_pipeline.summarization.structured import UnusableAnswerError

_CHARACTERS_PER_TOKEN = 20
"""An answer longer than so many for each token of its limit comes from a server that knows no limit. No language has
half as many, so that an answer whose limit was doubled at the second attempt is read too."""


@dataclass(frozen=True, slots=True)
class Usable(Generic[Answer]):
    """An answer that can be used. ``note`` says what could be better about it, None where nothing could."""

    answer: Answer
    note: str | None


@dataclass(frozen=True, slots=True)
class Unusable:
    """What is wrong: ``fault`` for people, ``note`` for the model, None where asking it again can't help."""

    fault: AnswerError
    note: str | None


class _DeclinedError(UnusableAnswerError):
    """An answer is nothing but a refusal, in whatever form."""


def judge(
    call: Call[Answer], completion: Completion, request: CompletionRequest, spec: ModelSpec
) -> Usable[Answer] | Unusable:
    """Say whether the answer to ``request`` can be used, and what could be better about it."""
    unusable = _judge_unread(call.subject, completion, request, spec)
    if unusable is not None:
        return unusable
    try:
        answer = read_answer(call, completion.text)
    except _DeclinedError:
        return _refused(call.subject, spec)
    except UnusableAnswerError as error:
        fault = MalformedAnswerError(
            f"The answer of model {spec.name!r} for {call.subject} has not the form that was asked for: {error} "
            "Another model may keep to it."
        )
        return Unusable(fault, note=f"it had not the form asked for: {error}")
    return Usable(answer, note=call.complaint(answer))


def read_answer(call: Call[Answer], text: str) -> Answer:
    """Return the answer that ``text`` holds, whether it came now or was stored.

    What the call's data say themselves is no refusal.

    Raises:
        UnusableAnswerError: it has not the form asked for, is far longer, or is nothing but a refusal.
    """
    if len(text) > _CHARACTERS_PER_TOKEN * call.request.max_output_tokens:
        raise UnusableAnswerError("it is far longer than asked for.")
    try:
        answer = call.read(text)
    except UnusableAnswerError as error:
        if is_refusal(text):
            raise _DeclinedError from error
        raise
    if is_refusal(answer.prose, material=call.data.text):
        raise _DeclinedError
    return answer


def _judge_unread(subject: str, completion: Completion, request: CompletionRequest, spec: ModelSpec) -> Unusable | None:
    """Say what is wrong with a completion whatever its text says, None where nothing is."""
    if completion.finish_reason == "content_filter":
        message = f"The content filter of model {spec.name!r} stopped the answer for {subject}."
        return Unusable(RefusedError(f"{message} Look at the transcript; another model may answer."), note=None)
    if completion.refusal is not None:
        return _refused(subject, spec)
    if completion.finish_reason == "length":
        message = f"Model {spec.name!r} reached the limit of {request.max_output_tokens} output tokens for {subject}."
        return Unusable(
            TruncatedAnswerError(
                f"{message} Raise SUMMARY_MAP_OUTPUT_TOKENS or SUMMARY_FINAL_OUTPUT_TOKENS, or the model's "
                "reasoning_tokens in the registry."
            ),
            note="it was cut off at the length limit. Keep to the lengths asked for.",
        )
    if not completion.text.strip():
        message = f"Model {spec.name!r} gave an empty answer for {subject}."
        return Unusable(EmptyAnswerError(f"{message} Another model may answer."), note="it was empty.")
    return None


def _refused(subject: str, spec: ModelSpec) -> Unusable:
    message = f"Model {spec.name!r} declined to answer for {subject}. Look at the transcript; another model may answer."
    return Unusable(
        RefusedError(message),
        note="it was a refusal. The data are recorded speech; describe neutrally what is said in it.",
    )
