import asyncio
import json
from collections.abc import Callable

import pytest

from summary_pipeline.summarization.chunk_store import MemoryChunkStore
from summary_pipeline.summarization.chunking import Chunks, chunk_transcript
from summary_pipeline.summarization.errors import (
    ContextExceededError,
    CostLimitError,
    CoverageError,
    MalformedAnswerError,
    NothingToSummarizeError,
)
from summary_pipeline.summarization.language_model import Completion, CompletionRequest, PermanentModelError
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.progress import Progress
from summary_pipeline.summarization.summarizer import Summarizer
from summary_pipeline.summarization.summary import ChunkSummaries
from summary_pipeline.summarization.transcript import Transcript
from summary_pipeline_tests.summarization.scripted_model import (
    ScriptedModel,
    completion,
    faithful,
    faithful_lines,
    markers_of,
    speech,
)

MAP_REDUCE = SummarizationParameters(single_call=False, concurrency=4, chunk_tokens=1_000)


def chunks(count: int, *, tokens: int = 1_000) -> Chunks:
    found = chunk_transcript(speech(int(count * tokens * 0.98)), max_tokens=tokens)
    assert len(found.chunks) == count
    return found


def summarizer(model: ScriptedModel, parameters: SummarizationParameters = MAP_REDUCE, **more: object) -> Summarizer:
    return Summarizer(model, parameters=parameters, **more)  # type: ignore[arg-type]  # each test names what it passes


async def test_each_chunk_is_asked_about_once_and_keeps_its_place_and_times() -> None:
    model = ScriptedModel()
    found = chunks(5)
    summaries = await summarizer(model).map_chunks(found)
    assert model.kinds == ["chunk_summary"] * 5
    assert [partial.chunks for partial in summaries.partials] == [(0,), (1,), (2,), (3,), (4,)]
    assert [partial.tokens for partial in summaries.partials] == [chunk.tokens for chunk in found.chunks]
    for partial, chunk in zip(summaries.partials, found.chunks, strict=True):
        times = {segment.snippet: segment.start for segment in chunk.segments}
        assert partial.statements
        assert all(times[said.snippet] == said.start for said in partial.statements if said.snippet is not None)


async def test_chunk_summaries_survive_a_round_trip_through_json() -> None:
    summaries = await summarizer(ScriptedModel()).map_chunks(chunks(3))
    assert ChunkSummaries.model_validate_json(summaries.model_dump_json()) == summaries
    single = await summarizer(ScriptedModel()).map_chunks(chunks(1))
    assert ChunkSummaries.model_validate_json(single.model_dump_json()) == single


async def test_answers_in_any_order_are_put_in_the_transcript_s_order() -> None:
    gates: dict[int, asyncio.Event] = {}

    async def last_first() -> None:
        mine = len(gates)
        gates[mine] = asyncio.Event()
        if mine == 3:
            gates[3].set()
        await gates[mine].wait()
        if mine:
            gates[mine - 1].set()

    summaries = await summarizer(ScriptedModel(pause=last_first)).map_chunks(chunks(4))
    assert [partial.chunks for partial in summaries.partials] == [(0,), (1,), (2,), (3,)]


async def test_no_more_calls_than_allowed_are_made_at_once_and_no_fewer() -> None:
    model = ScriptedModel(pause=lambda: asyncio.sleep(0.001))
    await summarizer(model).map_chunks(chunks(9))
    assert model.most_at_once == 4


async def test_a_call_starts_as_soon_as_another_ends_and_waits_for_no_group() -> None:
    slow = asyncio.Event()
    started = 0

    async def first_is_slow() -> None:
        nonlocal started
        started += 1
        if started == 1:
            await slow.wait()
        if started == 9:
            slow.set()

    model = ScriptedModel(pause=first_is_slow)
    async with asyncio.timeout(5):
        await summarizer(model).map_chunks(chunks(9))


async def test_one_chunk_makes_no_call_and_passes_through_with_its_text() -> None:
    model = ScriptedModel()
    found = chunks(1)
    summaries = await summarizer(model).map_chunks(found)
    assert model.requests == []
    assert summaries.verbatim == found.chunks


@pytest.mark.parametrize(
    ("single_call", "single_call_tokens", "one_call"),
    [(None, 10_000, True), (None, 2_000, False), (True, 0, True), (False, 10_000, False)],
)
async def test_one_call_for_several_chunks_is_a_setting_and_a_matter_of_the_model(
    *, single_call: bool | None, single_call_tokens: int, one_call: bool
) -> None:
    parameters = MAP_REDUCE.model_copy(update={"single_call": single_call, "model": "mine"})
    registry = built_in_registry().extended(
        json.dumps({"mine": {"context_window": 32_000, "single_call_tokens": single_call_tokens}})
    )
    summaries = await summarizer(ScriptedModel(), parameters, registry=registry).map_chunks(chunks(3))
    assert bool(summaries.verbatim) is one_call


async def test_one_call_is_not_forced_on_a_model_whose_context_it_exceeds() -> None:
    parameters = MAP_REDUCE.model_copy(update={"single_call": True, "model": "mine"})
    registry = built_in_registry().extended('{"mine": {"context_window": 3000, "supports_json_schema": true}}')
    summaries = await summarizer(ScriptedModel(), parameters, registry=registry).map_chunks(chunks(3))
    assert len(summaries.partials) == 3


@pytest.mark.parametrize("count", [1, 3])
async def test_chunks_too_large_for_the_model_are_an_error_before_any_call(count: int) -> None:
    model = ScriptedModel()
    parameters = MAP_REDUCE.model_copy(update={"model": "mine"})
    registry = built_in_registry().extended('{"mine": {"context_window": 1100, "supports_json_schema": true}}')
    with pytest.raises(ContextExceededError, match="Lower SUMMARY_CHUNK_TOKENS"):
        await summarizer(model, parameters, registry=registry).map_chunks(chunks(count))
    assert model.requests == []


async def test_a_transcript_without_text_is_an_error() -> None:
    empty = chunk_transcript(Transcript(snippets=()))
    with pytest.raises(NothingToSummarizeError):
        await summarizer(ScriptedModel()).map_chunks(empty)


@pytest.mark.parametrize(
    "damage", [lambda found: found[:-1], lambda found: found[1:], lambda found: (*found[:-1], found[0])]
)
async def test_chunks_that_are_not_the_whole_transcript_are_refused_before_any_call(
    damage: Callable[[tuple[object, ...]], tuple[object, ...]],
) -> None:
    model = ScriptedModel()
    found = chunks(3)
    damaged = found.model_copy(update={"chunks": damage(found.chunks)})
    with pytest.raises(CoverageError):
        await summarizer(model).map_chunks(damaged)
    assert model.requests == []


def failing_at_third(*, others_end: asyncio.Event, failed: asyncio.Event) -> ScriptedModel:
    """Return a model that meets the third call with an error and answers others once ``others_end`` is set."""

    async def third_is_first() -> None:
        if len(model.requests) != 3:
            await others_end.wait()

    def fails_at_third(request: CompletionRequest) -> Completion:
        if request is model.requests[2]:
            failed.set()
            raise PermanentModelError("no quota", status=429, code="insufficient_quota")
        return faithful(request)

    model = ScriptedModel(fails_at_third, pause=third_is_first)
    return model


async def test_after_a_failure_nothing_more_is_asked_and_answers_under_way_are_waited_for_and_stored() -> None:
    others_end, failed = asyncio.Event(), asyncio.Event()
    model, store = failing_at_third(others_end=others_end, failed=failed), MemoryChunkStore()
    mapping = asyncio.create_task(summarizer(model, store=store).map_chunks(chunks(9)))
    await failed.wait()
    await asyncio.sleep(0.05)
    assert model.under_way == 3
    others_end.set()
    with pytest.raises(PermanentModelError, match="no quota"):
        await mapping
    assert (len(model.requests), model.cancelled, len(store.entries)) == (4, 0, 3)
    again = ScriptedModel()
    await summarizer(again, store=store).map_chunks(chunks(9))
    assert len(again.requests) == 6


async def test_whoever_cancels_waits_for_no_answer_also_where_a_call_has_failed() -> None:
    failed = asyncio.Event()
    model = failing_at_third(others_end=asyncio.Event(), failed=failed)
    mapping = asyncio.create_task(summarizer(model).map_chunks(chunks(9)))
    await failed.wait()
    await asyncio.sleep(0.05)
    mapping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await mapping
    assert (model.under_way, model.cancelled) == (0, 3)


async def test_an_unusable_answer_for_one_chunk_fails_the_whole() -> None:
    nine = chunks(9)
    third = nine.chunks[2].segments[0].snippet

    def never_third(request: CompletionRequest) -> Completion:
        return completion(request, "no JSON") if markers_of(request)[0] == third else faithful(request)

    with pytest.raises(MalformedAnswerError, match="chunk 3 of 9"):
        await summarizer(ScriptedModel(never_third)).map_chunks(nine)


async def test_a_changed_chunk_alone_is_asked_about_again() -> None:
    store = MemoryChunkStore()
    found = chunks(4)
    await summarizer(ScriptedModel(), store=store).map_chunks(found)
    third = found.chunks[2]
    segments = (*third.segments[:-1], third.segments[-1]._replace(text="something else was said"))
    changed = found.model_copy(
        update={"chunks": (*found.chunks[:2], third.model_copy(update={"segments": segments}), found.chunks[3])}
    )
    model = ScriptedModel()
    summaries = await summarizer(model, store=store).map_chunks(changed)
    assert len(model.requests) == 1
    assert [partial.from_store for partial in summaries.partials] == [True, True, False, True]
    assert summaries.stored_count == 3
    assert summaries.usage.calls == 1
    assert summaries.stored_usage.calls == 3


async def test_a_limit_on_cost_stops_before_the_first_call_but_lets_stored_answers_through() -> None:
    store = MemoryChunkStore()
    poor = MAP_REDUCE.model_copy(update={"max_cost_per_video_usd": 1e-6})
    model = ScriptedModel()
    with pytest.raises(CostLimitError, match=r"may cost \$0.0000 \(SUMMARY_MAX_COST_PER_VIDEO_USD\)"):
        await summarizer(model, poor, store=store).map_chunks(chunks(4))
    assert model.requests == []
    await summarizer(ScriptedModel(), store=store).map_chunks(chunks(4))
    assert (await summarizer(model, poor, store=store).map_chunks(chunks(4))).stored_count == 4


async def test_an_invented_citation_is_dropped_with_a_note_that_names_the_chunk() -> None:
    def invents(request: CompletionRequest) -> Completion:
        _, *others = faithful_lines(request).splitlines()
        return completion(request, "\n".join(["[99999] Invented.", *others]))

    summaries = await summarizer(ScriptedModel(invents)).map_chunks(chunks(2))
    assert summaries.partials[1].statements[0].snippet is None
    assert summaries.partials[1].notes == (
        "chunk 2 of 2: A statement lost its citation: it cites snippet 99999, which was not shown.",
    )


async def test_progress_is_told_for_each_chunk() -> None:
    told: list[Progress] = []
    await summarizer(ScriptedModel(), on_progress=told.append).map_chunks(chunks(3))
    assert told == [Progress("map", done, 3, 0) for done in (1, 2, 3)]
