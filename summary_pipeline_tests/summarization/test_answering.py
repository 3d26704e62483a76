import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from summary_pipeline.summarization.answering import Answerer, DirectCalls
from summary_pipeline.summarization.calls import Call, CallFactory
from summary_pipeline.summarization.chunk_store import ChunkStore, MemoryChunkStore
from summary_pipeline.summarization.chunking import chunk_transcript
from summary_pipeline.summarization.cited_lines import PartialAnswer
from summary_pipeline.summarization.errors import (
    AnswerError,
    ContextExceededError,
    EmptyAnswerError,
    MalformedAnswerError,
    RefusedError,
    TruncatedAnswerError,
)
from summary_pipeline.summarization.language_model import Completion, CompletionRequest, TransientModelError
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.structured import FinalAnswer
from summary_pipeline_tests.summarization.scripted_model import (
    ENCODING,
    Reply,
    ScriptedModel,
    completion,
    faithful,
    faithful_answer,
    faithful_lines,
    speech,
)

PARAMETERS = SummarizationParameters()
SPEC = built_in_registry().lookup(PARAMETERS.model)
CHUNKS = chunk_transcript(speech(600))
FACTORY = CallFactory(PARAMETERS, SPEC, "en")
MAP_CALL: Call[PartialAnswer] = FACTORY.map_call(CHUNKS.chunks[0], of=3, encoding=ENCODING)
FINAL_CALL: Call[FinalAnswer] = FACTORY.single_call(
    CHUNKS.chunks, transcript_tokens=CHUNKS.transcript_tokens, encoding=ENCODING
)


def answerer(model: ScriptedModel, *, store: ChunkStore | None = None, force: bool = False) -> Answerer:
    return Answerer(
        DirectCalls(model),
        SPEC,
        store=MemoryChunkStore() if store is None else store,
        at_once=asyncio.Semaphore(4),
        force=force,
    )


def in_turn(*replies: Reply) -> Reply:
    turns: Iterator[Reply] = iter(replies)

    def reply(request: CompletionRequest) -> Completion:
        return next(turns)(request)

    return reply


def refusing(request: CompletionRequest) -> Completion:
    return completion(request, "", refusal="I can't help with that.")


def refusing_in_words(request: CompletionRequest) -> Completion:
    return completion(request, "I'm sorry, but I can't help with that.")


def filtered(request: CompletionRequest) -> Completion:
    return completion(request, "", finish_reason="content_filter")


def empty(request: CompletionRequest) -> Completion:
    return completion(request, " \n")


def cut_off(request: CompletionRequest) -> Completion:
    return completion(request, "[0] It be", finish_reason="length")


def spent_on_thinking(request: CompletionRequest) -> Completion:
    return completion(request, "", finish_reason="length")


def malformed(request: CompletionRequest) -> Completion:
    return completion(request, "A summary in prose with a secret word: zanzibar.")


@pytest.mark.parametrize(
    ("first", "note"),
    [
        (refusing, "it was a refusal"),
        (refusing_in_words, "it was a refusal"),
        (empty, "it was empty"),
        (cut_off, "it was cut off"),
        (spent_on_thinking, "it was cut off"),
        (malformed, "it had not the form asked for: no line starts with the [number]"),
    ],
)
async def test_an_unusable_answer_is_asked_for_once_more_and_differently(first: Reply, note: str) -> None:
    model = ScriptedModel(in_turn(first, faithful))
    answered = await answerer(model).answer(MAP_CALL)
    assert answered.answer.statements[0].text.startswith("What snippet")
    assert answered.usage.calls == 2
    assert answered.usage.input_tokens > MAP_CALL.input_tokens
    assert model.requests[0] != model.requests[1]
    assert note in model.requests[1].messages[1].content


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (refusing, RefusedError, "declined to answer for chunk 1 of 3"),
        (refusing_in_words, RefusedError, "declined to answer for chunk 1 of 3"),
        (empty, EmptyAnswerError, "empty answer for chunk 1 of 3"),
        (cut_off, TruncatedAnswerError, "limit of 400 output tokens for chunk 1 of 3"),
        (malformed, MalformedAnswerError, "for chunk 1 of 3 has not the form that was asked for"),
    ],
)
async def test_a_second_unusable_answer_is_a_typed_error_without_text_of_the_answer(
    reply: Reply, error: type[AnswerError], message: str
) -> None:
    model = ScriptedModel(reply)
    store = MemoryChunkStore()
    with pytest.raises(error, match=message) as caught:
        await answerer(model, store=store).answer(MAP_CALL)
    assert len(model.requests) == 2
    assert "zanzibar" not in str(caught.value)
    assert store.entries == {}


async def test_asking_again_is_pointless_where_a_filter_stopped_the_answer() -> None:
    model = ScriptedModel(filtered)
    with pytest.raises(RefusedError, match="content filter"):
        await answerer(model).answer(MAP_CALL)
    assert len(model.requests) == 1


async def test_the_error_is_that_of_the_second_answer() -> None:
    with pytest.raises(EmptyAnswerError):
        await answerer(ScriptedModel(in_turn(malformed, empty))).answer(MAP_CALL)


async def test_more_room_is_given_only_to_an_answer_that_was_cut_off() -> None:
    model = ScriptedModel(in_turn(cut_off, faithful))
    await answerer(model).answer(MAP_CALL)
    assert [request.max_output_tokens for request in model.requests] == [200, 400]
    model = ScriptedModel(in_turn(malformed, faithful))
    await answerer(model).answer(MAP_CALL)
    assert [request.max_output_tokens for request in model.requests] == [200, 200]


async def test_a_complete_looking_answer_that_was_cut_off_is_not_trusted() -> None:
    def looks_complete(request: CompletionRequest) -> Completion:
        return completion(request, faithful_lines(request), finish_reason="length")

    with pytest.raises(TruncatedAnswerError):
        await answerer(ScriptedModel(looks_complete)).answer(MAP_CALL)


def with_sentences(count: int) -> Reply:
    return lambda request: completion(
        request, {**faithful_answer(request), "sentences": [f"Sentence {number} ends." for number in range(count)]}
    )


async def test_a_summary_with_too_many_sentences_is_asked_for_again() -> None:
    model = ScriptedModel(in_turn(with_sentences(9), with_sentences(5)))
    answered = await answerer(model).answer(FINAL_CALL)
    assert len(answered.answer.sentences) == 5
    assert answered.notes == ()
    assert "9 sentences instead of 4 to 6" in model.requests[1].messages[1].content


async def test_a_wrong_number_of_sentences_is_no_reason_to_fail() -> None:
    answered = await answerer(ScriptedModel(with_sentences(9))).answer(FINAL_CALL)
    assert answered.notes == ("In the answer for the final summary, the summary has 9 sentences instead of 4 to 6.",)


@pytest.mark.parametrize("second", [empty, malformed])
async def test_a_usable_first_answer_outlives_an_unusable_second_one(second: Reply) -> None:
    answered = await answerer(ScriptedModel(in_turn(with_sentences(3), second))).answer(FINAL_CALL)
    assert len(answered.answer.sentences) == 3
    assert answered.usage.calls == 2
    assert answered.notes != ()


async def test_a_usable_first_answer_outlives_a_call_that_failed() -> None:
    def failing(_: CompletionRequest) -> Completion:
        raise TransientModelError("502")

    answered = await answerer(ScriptedModel(in_turn(with_sentences(3), failing))).answer(FINAL_CALL)
    assert len(answered.answer.sentences) == 3


async def test_an_answer_is_paid_for_once() -> None:
    store, model = MemoryChunkStore(), ScriptedModel()
    first = await answerer(model, store=store).answer(MAP_CALL)
    second = await answerer(model, store=store).answer(MAP_CALL)
    assert len(model.requests) == 1
    assert (first.from_store, second.from_store) == (False, True)
    assert second == replace(first, from_store=True)


async def test_force_asks_again_and_stores_the_new_answer() -> None:
    store, model = MemoryChunkStore(), ScriptedModel()
    await answerer(model, store=store).answer(MAP_CALL)
    store.entries = dict.fromkeys(store.entries, "old")
    await answerer(model, store=store, force=True).answer(MAP_CALL)
    assert len(model.requests) == 2
    assert "old" not in store.entries.values()


@pytest.mark.parametrize(
    "damaged", ["", "{", "null", '{"format": 2}', '{"format": 1, "text": "no answer", "model": "m", "usage": {}}']
)
async def test_a_damaged_entry_is_ignored_with_a_warning_and_replaced(
    damaged: str, caplog: pytest.LogCaptureFixture
) -> None:
    store, model = MemoryChunkStore(), ScriptedModel()
    store.entries[MAP_CALL.key] = damaged
    with caplog.at_level(logging.WARNING):
        answered = await answerer(model, store=store).answer(MAP_CALL)
    assert not answered.from_store
    assert "stored answer for chunk 1 of 3" in caplog.text
    assert (await answerer(model, store=store).answer(MAP_CALL)).from_store


class BrokenStore(MemoryChunkStore):
    async def get(self, key: str, /) -> str | None:
        raise ConnectionError(key)


async def test_a_store_that_can_not_be_asked_stops_the_work_before_anything_is_paid() -> None:
    model = ScriptedModel()
    with pytest.raises(ConnectionError):
        await answerer(model, store=BrokenStore()).answer(MAP_CALL)
    assert model.requests == []


class SlowStore(MemoryChunkStore):
    def __init__(self) -> None:
        super().__init__()
        self.writing = asyncio.Event()
        self.may_finish = asyncio.Event()

    async def put(self, key: str, text: str, /) -> None:
        self.writing.set()
        await self.may_finish.wait()
        await super().put(key, text)


async def test_an_answer_that_came_is_stored_even_if_its_task_is_cancelled() -> None:
    store = SlowStore()
    task = asyncio.ensure_future(answerer(ScriptedModel(), store=store).answer(MAP_CALL))
    await store.writing.wait()
    task.cancel()
    await asyncio.sleep(0)
    store.may_finish.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(store.entries) == [MAP_CALL.key]


async def test_a_request_that_can_not_fit_is_not_sent() -> None:
    model = ScriptedModel()
    too_large = replace(MAP_CALL, input_tokens=SPEC.context_window)
    with pytest.raises(ContextExceededError):
        await answerer(model).answer(too_large)
    assert model.requests == []
