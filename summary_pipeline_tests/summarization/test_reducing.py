import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary_pipeline.summarization.chunk_store import MemoryChunkStore
from summary_pipeline.summarization.cost import Usage
from summary_pipeline.summarization.errors import CostLimitError, CoverageError, ReductionError
from summary_pipeline.summarization.language_model import Completion, CompletionRequest
from summary_pipeline.summarization.model_registry import ModelRegistry, built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.progress import Progress
from summary_pipeline.summarization.summarizer import Summarizer
from summary_pipeline.summarization.summary import ChunkSummaries, FinalSummary, KeyPoint, PartialSummary
from summary_pipeline_tests.summarization.scripted_model import (
    ScriptedModel,
    completion,
    data_of,
    faithful,
    faithful_answer,
    kind_of,
    markers_of,
    sent_tokens,
)

PARAMETERS = SummarizationParameters(concurrency=8)


def partials(count: int, *, words: int = 70) -> ChunkSummaries:
    return ChunkSummaries(
        partials=tuple(
            PartialSummary(
                chunks=(index,),
                tokens=8_000,
                statements=(
                    KeyPoint(
                        text=f"Statement {index} {'word ' * words}".strip(), snippet=index * 10, start=index * 60.0
                    ),
                ),
                model="m",
                prompt_name="chunk_summary",
                prompt_version="v1",
                usage=Usage(calls=1, input_tokens=8_400, output_tokens=150, cost_usd=0.001),
            )
            for index in range(count)
        ),
        chunk_count=count,
        transcript_tokens=8_000 * count,
        snippet_count=10 * count,
        encoding="o200k_base",
        language="en",
    )


def small_model(context: int) -> ModelRegistry:
    return built_in_registry().extended(
        f'{{"small": {{"context_window": {context}, "supports_json_schema": true, "max_output_tokens": 800}}}}'
    )


async def reduce(model: ScriptedModel, summaries: ChunkSummaries, **change: object) -> FinalSummary:
    return await Summarizer(model, parameters=PARAMETERS.model_copy(update=change)).reduce(summaries)


async def test_partial_summaries_that_fit_take_one_call() -> None:
    model = ScriptedModel()
    final = await reduce(model, partials(64))
    assert model.kinds == ["final_summary"]
    assert final.provenance.reduce_levels == 1
    assert final.provenance.coverage == 1.0


async def test_chapters_take_their_times_from_the_snippets_that_are_cited() -> None:
    final = await reduce(ScriptedModel(), partials(6))
    assert [(chapter.snippet, chapter.start) for chapter in final.chapters] == [
        (index * 10, index * 60.0) for index in range(6)
    ]
    assert final.key_points == (KeyPoint(text="The video begins.", snippet=0, start=0.0),)


async def test_partial_summaries_are_shown_in_order_however_they_come() -> None:
    model = ScriptedModel()
    summaries = partials(5)
    shuffled = summaries.model_copy(update={"partials": tuple(reversed(summaries.partials))})
    await reduce(model, shuffled)
    data = data_of(model.requests[0])
    assert [data.index(f"Statement {index} ") for index in range(5)] == sorted(
        data.index(f"Statement {index} ") for index in range(5)
    )


async def test_groups_of_five_above_ten_are_within_reach() -> None:
    model = ScriptedModel()
    final = await reduce(model, partials(12), reduce_group_size=5)
    assert sorted(model.kinds) == ["final_summary", "partial_merge", "partial_merge", "partial_merge"]
    assert model.kinds[-1] == "final_summary"
    assert final.provenance.reduce_levels == 2
    model = ScriptedModel()
    await reduce(model, partials(10), reduce_group_size=5)
    assert model.kinds == ["final_summary"]


async def test_a_small_context_is_packed_as_far_as_it_goes() -> None:
    model = ScriptedModel()
    parameters = PARAMETERS.model_copy(update={"model": "small"})
    final = await Summarizer(model, parameters=parameters, registry=small_model(4_000)).reduce(partials(60))
    assert final.provenance.coverage == 1.0
    assert final.provenance.reduce_levels > 1
    for request in model.requests:
        assert sent_tokens(request) + request.max_output_tokens <= 4_000
    assert len(model.requests) == 3


async def test_a_context_too_small_to_merge_two_is_an_error_before_any_call() -> None:
    model = ScriptedModel()
    parameters = PARAMETERS.model_copy(update={"model": "small"})
    with pytest.raises(ReductionError):
        await Summarizer(model, parameters=parameters, registry=small_model(2_000)).reduce(partials(40, words=400))
    assert model.requests == []


async def test_a_merge_starts_when_its_own_parts_are_there() -> None:
    """Ten groups of five, then two groups over those: the first of the two must not wait for the tenth group."""
    order: list[str] = []
    last_group = asyncio.Event()

    async def pause() -> None:
        request = model.requests[-1]
        data = data_of(request)
        if kind_of(request) == "partial_merge":
            if "Statement 54 " in data:
                await last_group.wait()
            elif "Merged" in data:
                order.append("second level")
                last_group.set()

    def reply(request: CompletionRequest) -> Completion:
        if kind_of(request) == "partial_merge":
            return completion(request, f"[{markers_of(request)[0]}] Merged.")
        return faithful(request)

    model = ScriptedModel(reply, pause=pause)
    async with asyncio.timeout(5):
        final = await reduce(model, partials(55), reduce_group_size=5, concurrency=20)
    assert order
    assert final.provenance.reduce_levels == 3


@pytest.mark.parametrize("lost", [0, 3, 11])
async def test_a_missing_partial_summary_is_found_before_any_call(lost: int) -> None:
    model = ScriptedModel()
    summaries = partials(12)
    kept = tuple(partial for partial in summaries.partials if partial.chunks != (lost,))
    with pytest.raises(CoverageError, match=f"cover 88000 of 96000 tokens. Chunks missing: {lost};"):
        await reduce(model, summaries.model_copy(update={"partials": kept}))
    assert model.requests == []


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 40), st.none() | st.integers(2, 6), st.integers(5, 120))
async def test_everything_reaches_the_last_call_through_any_reduction(
    count: int, group: int | None, words: int
) -> None:
    seen: set[int] = set()

    def reply(request: CompletionRequest) -> Completion:
        """Merge by handing on the first citation of each part, so that the last call shows which parts arrived."""
        cited = [int(line.split("]")[0][1:]) for line in data_of(request).splitlines() if line.startswith("[")]
        if kind_of(request) == "final_summary":
            seen.update(cited)
            return completion(request, faithful_answer(request))
        return completion(request, "\n".join(f"[{at}] Merged {at}." for at in cited))

    final = await reduce(ScriptedModel(reply), partials(count, words=words), reduce_group_size=group)
    assert seen == {index * 10 for index in range(count)}
    assert final.provenance.coverage == 1.0
    starts = [chapter.start for chapter in final.chapters if chapter.start is not None]
    assert starts == sorted(starts)


async def test_usage_is_what_this_run_spent_and_what_stored_answers_had_cost() -> None:
    store = MemoryChunkStore()
    summaries = partials(12)
    summarizer = Summarizer(
        ScriptedModel(), parameters=PARAMETERS.model_copy(update={"reduce_group_size": 5}), store=store
    )
    first = await summarizer.reduce(summaries)
    assert first.provenance.usage.calls == 12 + 3 + 1
    assert first.provenance.stored_answers == 0
    from_store = summaries.model_copy(
        update={"partials": tuple(p.model_copy(update={"from_store": True}) for p in summaries.partials)}
    )
    second = await summarizer.reduce(from_store)
    assert second.provenance.usage == Usage()
    assert second.provenance.stored_usage == first.provenance.usage
    assert second.provenance.stored_answers == 16
    assert second.summary == first.summary


async def test_provenance_says_how_the_summary_came_about() -> None:
    final = await reduce(ScriptedModel(), partials(12), reduce_group_size=5)
    provenance = final.provenance
    assert provenance.requested_model == PARAMETERS.model
    assert provenance.answered_by == ("m", f"{PARAMETERS.model}-2026-01-01")
    assert final.model == f"{PARAMETERS.model}-2026-01-01"
    assert set(provenance.prompt_versions) == {"chunk_summary", "partial_merge", "final_summary"}
    assert provenance.parameters["reduce_group_size"] == 5
    assert (provenance.chunk_count, provenance.covered_tokens, provenance.single_call) == (12, 96_000, False)


async def test_what_the_map_phase_spent_counts_against_the_limit_of_the_video() -> None:
    model = ScriptedModel()
    with pytest.raises(CostLimitError, match=r"\$0.0120 are spent"):
        await reduce(model, partials(12), max_cost_per_video_usd=0.0121)
    assert model.requests == []


async def test_an_answer_without_a_valid_language_falls_back_with_a_note() -> None:
    def no_language(request: CompletionRequest) -> Completion:
        return completion(request, {**faithful_answer(request), "language": "English, I think"})

    final = await reduce(ScriptedModel(no_language), partials(2))
    assert final.language == "en"
    assert final.notes == ("The answer names no valid language.",)


async def test_what_exceeds_the_limits_asked_for_is_cut_with_a_note_and_the_first_ones_are_kept() -> None:
    def generous(request: CompletionRequest) -> Completion:
        markers = markers_of(request)
        return completion(
            request,
            {
                **faithful_answer(request),
                "key_points": [{"at": markers[0], "text": f"Point {number}"} for number in range(40)],
                "chapters": [{"at": at, "title": f"Section {at}"} for at in reversed(markers)],
                "topics": ["speech", "speech", "", *(f"topic {number}" for number in range(40))],
            },
        )

    model = ScriptedModel(generous)
    final = await reduce(model, partials(12))
    shown = markers_of(model.requests[-1])
    assert len(shown) > 8
    assert [point.text for point in final.key_points] == ["Point 0", "Point 1", "Point 2", "Point 3"]
    assert [chapter.snippet for chapter in final.chapters] == sorted(shown)[:8]
    assert final.topics == ("speech", "topic 0", "topic 1", "topic 2", "topic 3")
    assert final.notes == (
        "Of 40 key points the first 4 were kept: no more were asked for.",
        f"Of {len(shown)} chapters the first 8 were kept: no more were asked for.",
        "Of 41 topics the first 5 were kept: no more were asked for.",
    )


async def test_markers_that_a_model_leaves_in_its_last_answer_reach_no_reader() -> None:
    def cites(request: CompletionRequest) -> Completion:
        answer = faithful_answer(request)
        first = markers_of(request)[0]
        return completion(
            request,
            {
                **answer,
                "sentences": [f"The tram stays [{first}].", "Version [99] is left.", *answer["sentences"][2:]],
                "key_points": [{"at": first, "text": f"The tram stays [{first}, 99]"}],
                "chapters": [{"at": first, "title": f"Trams [{first}]"}],
            },
        )

    final = await reduce(ScriptedModel(cites), partials(3))
    assert final.summary.startswith("The tram stays. Version [99] is left.")
    assert final.key_points[0].text == "The tram stays"
    assert final.chapters[0].title == "Trams"


async def test_progress_is_told_for_merges_and_the_last_call() -> None:
    told: list[Progress] = []
    parameters = PARAMETERS.model_copy(update={"reduce_group_size": 5})
    await Summarizer(ScriptedModel(), parameters=parameters, on_progress=told.append).reduce(partials(12))
    assert told == [Progress("reduce", done, 4, 0) for done in (1, 2, 3, 4)]
