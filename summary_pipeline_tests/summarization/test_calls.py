import json

import pytest

from summary_pipeline.summarization.calls import (
    CallFactory,
    map_code_version,
    reduce_code_version,
    require_fit,
    sentence_limits,
)
from summary_pipeline.summarization.chunking import Chunks, chunk_transcript
from summary_pipeline.summarization.errors import ContextExceededError
from summary_pipeline.summarization.model_registry import ModelSpec, built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.tokens import count_tokens
from summary_pipeline.summarization.transcript import Snippet, Transcript
from summary_pipeline_tests.summarization.scripted_model import ENCODING, data_of, sent_tokens, speech

PARAMETERS = SummarizationParameters()
SPEC = built_in_registry().lookup(PARAMETERS.model)


def spec(**fields: object) -> ModelSpec:
    return ModelSpec.model_validate({**SPEC.model_dump(), **fields})


def two_chunks() -> Chunks:
    return chunk_transcript(speech(1_500), max_tokens=1_000)


@pytest.mark.parametrize(
    "change",
    [
        {"final_output_tokens": 600},
        {"merge_output_tokens": 300},
        {"reduce_group_size": 5},
        {"min_sentences": 3},
    ],
)
def test_what_only_concerns_the_reduce_phase_leaves_the_map_phase_s_version_alone(change: dict[str, int]) -> None:
    changed = PARAMETERS.model_copy(update=change)
    assert map_code_version(changed, SPEC) == map_code_version(PARAMETERS, SPEC)
    assert reduce_code_version(changed, SPEC) != reduce_code_version(PARAMETERS, SPEC)


@pytest.mark.parametrize("change", [{"concurrency": 64}, {"force": True}, {"max_cost_per_video_usd": 1.0}])
def test_what_changes_no_answer_changes_no_version(change: dict[str, int]) -> None:
    changed = PARAMETERS.model_copy(update=change)
    assert map_code_version(changed, SPEC) == map_code_version(PARAMETERS, SPEC)
    assert reduce_code_version(changed, SPEC) == reduce_code_version(PARAMETERS, SPEC)


def test_versions_change_with_model_language_and_map_answers() -> None:
    longer = PARAMETERS.model_copy(update={"map_output_tokens": 300})
    spanish = PARAMETERS.model_copy(update={"summary_language": "es"})
    other = built_in_registry().lookup("gpt-6.1-terra")
    versions = {
        map_code_version(PARAMETERS, SPEC),
        map_code_version(longer, SPEC),
        map_code_version(spanish, SPEC),
        map_code_version(PARAMETERS, other),
        map_code_version(PARAMETERS.model_copy(update={"single_call": False}), SPEC),
    }
    assert len(versions) == 5
    assert reduce_code_version(longer, SPEC) == reduce_code_version(PARAMETERS, SPEC)


def test_the_temperature_counts_only_for_models_that_take_one() -> None:
    hot = PARAMETERS.model_copy(update={"temperature": 1.0})
    warm = spec(takes_temperature=True)
    assert map_code_version(hot, SPEC) == map_code_version(PARAMETERS, SPEC)
    assert map_code_version(hot, warm) != map_code_version(PARAMETERS, warm)


def test_requests_carry_what_the_model_takes_and_nothing_else() -> None:
    chunk = two_chunks().chunks[0]
    thinking = CallFactory(PARAMETERS, spec(reasoning_effort="low", reasoning_tokens=3_000))
    request = thinking.map_call(chunk, of=2, encoding=ENCODING).request
    assert (request.temperature, request.reasoning_effort, request.max_output_tokens) == (None, "low", 3_200)
    plain = CallFactory(PARAMETERS, spec(takes_temperature=True, reasoning_effort=None))
    request = plain.map_call(chunk, of=2, encoding=ENCODING).request
    assert (request.temperature, request.reasoning_effort, request.max_output_tokens) == (0.3, None, 200)
    assert request.json_schema is None


def test_the_output_limit_never_exceeds_the_model_s() -> None:
    factory = CallFactory(PARAMETERS, spec(max_output_tokens=150))
    assert factory.map_call(two_chunks().chunks[0], of=2, encoding=ENCODING).request.max_output_tokens == 150


def test_a_model_without_strict_schemas_is_told_the_schema_in_words() -> None:
    factory = CallFactory(PARAMETERS, spec(supports_json_schema=False))
    found = two_chunks()
    call = factory.single_call(found.chunks, transcript_tokens=found.transcript_tokens, encoding=ENCODING)
    assert call.request.json_schema is None
    instructions, schema = call.request.messages[0].content.split('JSON schema "final_summary":\n')
    assert "chapters" in instructions
    assert json.loads(schema)["required"] == ["sentences", "key_points", "chapters", "topics", "language"]


def test_what_is_said_of_a_part_needs_no_schema_whatever_the_model_takes() -> None:
    chunk = two_chunks().chunks[0]
    for model in (spec(supports_json_schema=False), spec(supports_json_schema=True)):
        request = CallFactory(PARAMETERS, model).map_call(chunk, of=2, encoding=ENCODING).request
        assert request.json_schema is None
        assert "JSON" not in request.messages[0].content


def test_the_language_is_the_transcript_s_unless_a_setting_says_otherwise() -> None:
    chunk = two_chunks().chunks[0]
    own = CallFactory(PARAMETERS, SPEC, "fr").map_call(chunk, of=2, encoding=ENCODING).request.messages[0].content
    assert "in their main language (fr)" in own
    told = PARAMETERS.model_copy(update={"summary_language": "es"})
    other = CallFactory(told, SPEC, "fr").map_call(chunk, of=2, encoding=ENCODING).request.messages[0].content
    assert "in language es" in other


def test_the_key_is_that_of_the_question_and_not_of_its_place() -> None:
    factory = CallFactory(PARAMETERS, SPEC)
    chunk = two_chunks().chunks[1]
    moved = chunk.model_copy(update={"index": 5})
    assert factory.map_call(chunk, of=2, encoding=ENCODING).key == factory.map_call(moved, of=9, encoding=ENCODING).key
    longer = CallFactory(PARAMETERS.model_copy(update={"map_output_tokens": 201}), SPEC)
    assert longer.map_call(chunk, of=2, encoding=ENCODING).key != factory.map_call(chunk, of=2, encoding=ENCODING).key


@pytest.mark.parametrize("encoding", [ENCODING, "cl100k_base"])
def test_estimates_are_not_below_what_is_sent_and_not_far_above(encoding: str) -> None:
    factory = CallFactory(PARAMETERS, SPEC)
    chunks = chunk_transcript(speech(9_000), max_tokens=8_000, encoding=encoding)
    single = factory.single_call(chunks.chunks, transcript_tokens=chunks.transcript_tokens, encoding=encoding)
    pairs = [(single.request, single.input_tokens)]
    for chunk in chunks.chunks:
        call = factory.map_call(chunk, of=2, encoding=encoding)
        pairs.append((call.request, call.input_tokens))
    for request, estimate in pairs:
        assert sent_tokens(request) <= estimate <= 1.15 * sent_tokens(request)


@pytest.mark.parametrize("encoding", [ENCODING, "cl100k_base"])
@pytest.mark.parametrize("said", ["101.", "“No.”", "ครับ.", "네.", "对。", "はい、", "- Yes!", "XQZ.", "word"])
def test_the_estimate_holds_for_the_shortest_snippets_of_any_script(said: str, encoding: str) -> None:
    transcript = Transcript(snippets=tuple(Snippet(text=said, start=float(number)) for number in range(2_000)))
    chunks = chunk_transcript(transcript, max_tokens=8_000, encoding=encoding).chunks
    call = CallFactory(PARAMETERS, spec(encoding=encoding)).map_call(chunks[0], of=len(chunks), encoding=encoding)
    sent = sum(count_tokens(message.content, encoding) for message in call.request.messages)
    assert sent <= call.input_tokens


def test_a_request_that_does_not_fit_says_by_how_much() -> None:
    small = spec(context_window=900, max_input_tokens=None)
    call = CallFactory(PARAMETERS, small).map_call(two_chunks().chunks[0], of=2, encoding=ENCODING)
    with pytest.raises(
        ContextExceededError, match=r"chunk 1 of 2 weighs about \d+ tokens; .* takes 700 beside an answer of 200"
    ):
        require_fit(call, small)


@pytest.mark.parametrize(
    ("tokens", "limits"), [(10, (1, 6)), (80, (2, 6)), (159, (3, 6)), (160, (4, 6)), (10**6, (4, 6))]
)
def test_a_short_transcript_is_asked_for_fewer_sentences(tokens: int, limits: tuple[int, int]) -> None:
    assert sentence_limits(PARAMETERS, tokens) == limits


def test_the_second_attempt_shows_the_same_data_and_says_what_was_wrong() -> None:
    call = CallFactory(PARAMETERS, SPEC).map_call(two_chunks().chunks[0], of=2, encoding=ENCODING)
    again = call.again("it was empty.", max_output_tokens=400)
    assert data_of(again) == data_of(call.request)
    assert again.messages[1].content.endswith("Your answer before this one could not be used: it was empty.")
    assert again.max_output_tokens == 400
