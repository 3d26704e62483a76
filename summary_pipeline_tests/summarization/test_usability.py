"""Answers that have the form asked for and are none all the same: refusals, and text without an end."""

import asyncio
import json
from typing import Any

import pytest

from summary_pipeline.summarization.answering import Answered, Answerer, DirectCalls
from summary_pipeline.summarization.calls import Call, CallFactory
from summary_pipeline.summarization.chunk_store import MemoryChunkStore
from summary_pipeline.summarization.chunking import Chunks, chunk_transcript
from summary_pipeline.summarization.errors import AnswerError, MalformedAnswerError, RefusedError
from summary_pipeline.summarization.language_model import CompletionRequest
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.transcript import Snippet, Transcript
from summary_pipeline_tests.summarization.quality.artefact_texts import REPORTS
from summary_pipeline_tests.summarization.scripted_model import (
    ENCODING,
    Reply,
    ScriptedModel,
    completion,
    faithful_answer,
    markers_of,
    speech,
)

PARAMETERS = SummarizationParameters()
SPEC = built_in_registry().lookup(PARAMETERS.model)
FACTORY = CallFactory(PARAMETERS, SPEC, "en")


def calls_about(chunks: Chunks) -> tuple[Call[Any], Call[Any]]:
    """Return a call that is answered in cited lines, and one that is answered in JSON."""
    return (
        FACTORY.map_call(chunks.chunks[0], of=3, encoding=ENCODING),
        FACTORY.single_call(chunks.chunks, transcript_tokens=600, encoding=ENCODING),
    )


CALLS = calls_about(chunk_transcript(speech(600)))


async def answer(call: Call[Any], model: ScriptedModel, store: MemoryChunkStore | None = None) -> Answered[Any]:
    store = MemoryChunkStore() if store is None else store
    return await Answerer(DirectCalls(model), SPEC, store=store, at_once=asyncio.Semaphore(4)).answer(call)


def saying(*sentences: str) -> Reply:
    """Say so in the form asked for: cited lines, or the sentences of the JSON."""

    def text(request: CompletionRequest) -> str:
        if request.purpose == "final_summary":
            return json.dumps({**faithful_answer(request), "sentences": sentences})
        return "\n".join(f"[{markers_of(request)[0]}] {sentence}" for sentence in sentences)

    return lambda request: completion(request, text(request))


REFUSAL = "I'm sorry, but I can't help with that."
REFUSING = saying(REFUSAL, "I am an assistant.", "It is not mine to say.", "Please ask someone else.")
CITING_REFUSAL = saying(f"[0] {REFUSAL}", "[0] I am unable.", "[0] I must not.", "[0] Sorry.")
ENDLESS = saying(*["word " * 100_000] * 4)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("reply", "error", "note"),
    [
        (REFUSING, RefusedError, "it was a refusal"),
        (CITING_REFUSAL, RefusedError, "it was a refusal"),
        (ENDLESS, MalformedAnswerError, "it is far longer than asked for"),
    ],
)
async def test_what_is_no_summary_in_the_form_of_one_is_asked_for_once_more_and_never_stored(
    call: Call[Any], reply: Reply, error: type[AnswerError], note: str
) -> None:
    store, model = MemoryChunkStore(), ScriptedModel(reply)
    with pytest.raises(error, match=call.subject):
        await answer(call, model, store)
    assert [note in request.messages[1].content for request in model.requests] == [False, True]
    assert store.entries == {}


@pytest.mark.parametrize("call", CALLS)
async def test_a_stored_refusal_of_before_is_not_used(call: Call[Any]) -> None:
    refusal = REFUSING(call.request).text
    store = MemoryChunkStore()
    store.entries[call.key] = json.dumps({"format": 1, "text": refusal, "model": "m", "usage": {}})
    answered = await answer(call, ScriptedModel(), store)
    assert not answered.from_store
    assert REFUSAL not in answered.answer.prose
    assert (await answer(call, ScriptedModel(REFUSING), store)).from_store


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("report", REPORTS)
async def test_a_summary_that_tells_of_a_refusal_is_none(call: Call[Any], report: str) -> None:
    answered = await answer(call, ScriptedModel(saying(report, "Two.", "Three.", "Four.")))
    assert report[:-1] in answered.answer.prose
    assert answered.usage.calls == 1


async def test_what_the_transcript_says_itself_is_no_refusal() -> None:
    said = Transcript(snippets=(Snippet(text="I'm sorry, but I can't"), Snippet(text="help with that.")))
    for call in calls_about(chunk_transcript(said)):
        answered = await answer(call, ScriptedModel(saying(REFUSAL, "So says the clerk.", "He goes.", "It rains.")))
        assert answered.usage.calls == 1


async def test_a_long_answer_that_opens_with_regret_is_a_summary() -> None:
    for call in CALLS:
        long = saying(REFUSAL, *["The council votes on the tram, nine to four, at noon."] * 8)
        answered = await answer(call, ScriptedModel(long))
        assert REFUSAL in answered.answer.prose


async def test_an_answer_that_was_given_twice_the_room_is_read_from_the_store_too() -> None:
    call, _ = CALLS
    wide = "Donaudampfschifffahrtsgesellschaft " * 200
    room = 2 * call.request.max_output_tokens
    assert FACTORY.count(wide) > room
    store = MemoryChunkStore()
    longest = saying(wide[: len(wide) * room // FACTORY.count(wide)])
    await answer(call, ScriptedModel(longest), store)
    assert (await answer(call, ScriptedModel(REFUSING), store)).from_store
