import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.answering import read_stored, text_to_store
from summary_pipeline.summarization.batching import (
    PROVIDER_LIMITS,
    TICK_LIMITS,
    BatchLimits,
    BatchStatus,
    Load,
    NextStep,
    Place,
    load_of,
    next_step,
    place_of,
    reason_against_batches,
)
from summary_pipeline.summarization.calls import CallFactory
from summary_pipeline.summarization.chunking import chunk_transcript
from summary_pipeline.summarization.cost import Usage, call_cost, highest_call_cost
from summary_pipeline.summarization.errors import AnswerError, TruncatedAnswerError
from summary_pipeline.summarization.language_model import Completion, FinishReason
from summary_pipeline.summarization.mapping import opening_calls
from summary_pipeline.summarization.model_registry import DEFAULT_MODEL, ModelSpec, built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.transcript import Snippet, Transcript

SPEC = built_in_registry().lookup(DEFAULT_MODEL)
LIMITS = BatchLimits(requests=10, bytes=1_000, usd=1.0)
HARD = BatchLimits(requests=20, bytes=2_000, usd=1.0)

loads = st.just(Load()) | st.builds(Load, st.integers(1, 30), st.integers(1, 3_000), st.floats(0, 2))


def transcript(sentences: int) -> Transcript:
    texts = (f"Sentence {number} tells of lighthouse keeper {number % 17}." for number in range(sentences))
    return Transcript(snippets=tuple(Snippet(index=n, text=text, start=None, end=None) for n, text in enumerate(texts)))


@given(st.lists(loads))
def test_a_batch_never_exceeds_what_no_batch_may(videos: list[Load]) -> None:
    filled = Load()
    for load in videos:
        if place_of(load, filled, limits=LIMITS, hard=HARD) is Place.HERE:
            filled += load
    assert HARD.hold(filled)


@given(st.lists(loads))
def test_videos_that_wait_for_the_next_batch_find_room_in_an_empty_one(videos: list[Load]) -> None:
    filled = Load()
    for load in videos:
        place = place_of(load, filled, limits=LIMITS, hard=HARD)
        if place is Place.NEXT:
            assert place_of(load, Load(), limits=LIMITS, hard=HARD) is Place.HERE
            filled = Load()
        elif place is Place.HERE:
            filled += load


def test_a_video_that_is_more_than_one_tick_takes_has_a_batch_of_its_own() -> None:
    large = Load(requests=15, bytes=10)
    assert place_of(large, Load(), limits=LIMITS, hard=HARD) is Place.HERE
    assert place_of(large, Load(requests=1), limits=LIMITS, hard=HARD) is Place.NEXT


@pytest.mark.parametrize("load", [Load(requests=21), Load(bytes=2_001), Load(usd=1.1)])
def test_a_video_that_is_more_than_any_batch_may_be_goes_into_none(load: Load) -> None:
    assert place_of(load, Load(), limits=LIMITS, hard=HARD) is Place.NONE


def test_without_money_left_an_affordable_video_waits() -> None:
    limits = replace(LIMITS, usd=0.1)
    assert place_of(Load(usd=0.2), Load(), limits=limits, hard=HARD) is Place.NEXT


def test_a_video_without_calls_goes_along_even_without_money() -> None:
    assert place_of(Load(), Load(), limits=replace(LIMITS, usd=0.0), hard=HARD) is Place.HERE


def test_a_tick_takes_less_than_the_provider() -> None:
    assert TICK_LIMITS.requests <= PROVIDER_LIMITS.requests
    assert TICK_LIMITS.bytes <= PROVIDER_LIMITS.bytes


@pytest.mark.parametrize(
    ("status", "codes", "submissions", "step"),
    [
        (BatchStatus.WORKING, [], 1, NextStep.WAIT),
        (BatchStatus.ENDING, [], 1, NextStep.WAIT),
        (BatchStatus.ENDED, [], 1, NextStep.COLLECT),
        (BatchStatus.CANCELLED, [], 1, NextStep.COLLECT_AND_STOP),
        (BatchStatus.UNKNOWN, [], 1, NextStep.GO_LIVE),
        (BatchStatus.REFUSED, ["token_limit_exceeded"], 1, NextStep.SUBMIT_AGAIN),
        (BatchStatus.REFUSED, ["token_limit_exceeded"], 3, NextStep.GO_LIVE),
        (BatchStatus.REFUSED, ["invalid_json_line"], 1, NextStep.GO_LIVE),
        (BatchStatus.REFUSED, ["token_limit_exceeded", "invalid_url"], 1, NextStep.GO_LIVE),
        (BatchStatus.REFUSED, [], 1, NextStep.GO_LIVE),
    ],
)
def test_what_is_done_about_a_batch(status: BatchStatus, codes: list[str], submissions: int, step: NextStep) -> None:
    assert next_step(status, codes, is_awaited=True, submissions=submissions, most_submissions=3) is step


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (BatchStatus.WORKING, NextStep.CANCEL),
        (BatchStatus.ENDING, NextStep.WAIT),
        (BatchStatus.ENDED, NextStep.COLLECT),
        (BatchStatus.CANCELLED, NextStep.COLLECT_AND_STOP),
    ],
)
def test_what_is_done_about_a_batch_that_no_run_waits_for(status: BatchStatus, step: NextStep) -> None:
    assert next_step(status, [], is_awaited=False, submissions=1, most_submissions=3) is step


def test_batches_cost_half() -> None:
    assert SPEC.price is not None
    assert SPEC.batch_price is not None
    tokens = {"input_tokens": 300_000, "cached_input_tokens": 1_000, "cache_write_input_tokens": 9_000}
    live = call_cost(SPEC.price, **tokens, output_tokens=500)
    batch = call_cost(SPEC.batch_price, **tokens, output_tokens=500)
    assert live is not None
    assert batch == pytest.approx(live / 2)


def test_the_load_of_calls_is_their_highest_price_in_a_batch() -> None:
    chunks = chunk_transcript(transcript(50), max_tokens=200, encoding=SPEC.encoding)
    calls = opening_calls(CallFactory(SummarizationParameters(single_call=False), SPEC), chunks)
    load = load_of(calls, [b"12345"] * len(calls), SPEC)
    assert (load.requests, load.bytes) == (len(calls), 5 * len(calls))
    highest = [
        highest_call_cost(SPEC.price, input_tokens=call.input_tokens, output_tokens=call.request.max_output_tokens)
        for call in calls
    ]
    assert load.usd == pytest.approx(sum(cost or 0.0 for cost in highest) / 2)


def test_a_short_transcript_opens_with_the_call_about_all_of_it() -> None:
    chunks = chunk_transcript(transcript(20), max_tokens=200, encoding=SPEC.encoding)
    (call,) = opening_calls(CallFactory(SummarizationParameters(), SPEC), chunks)
    assert call.name == "final_summary"


def test_a_model_without_a_batch_price_has_no_batches() -> None:
    unknown = ModelSpec.model_validate({"name": "my-model"})
    assert "batch_price_factor" in (reason_against_batches(SummarizationParameters(), unknown) or "")
    assert unknown.batch_price is None


def test_answers_that_runs_would_not_read_are_not_asked_for() -> None:
    assert "SUMMARY_FORCE" in (reason_against_batches(SummarizationParameters(force=True), SPEC) or "")
    assert reason_against_batches(SummarizationParameters(), SPEC) is None


FINAL = {"key_points": [], "chapters": [], "topics": [], "language": "en"}
USAGE = Usage(calls=1, batch_calls=1, input_tokens=9, output_tokens=3, cost_usd=0.5)


def answer(sentences: int, finish_reason: FinishReason = "stop") -> Completion:
    text = json.dumps({**FINAL, "sentences": [f"Keeper {number} wound the clock." for number in range(sentences)]})
    return Completion(text=text, finish_reason=finish_reason, model="m-1", input_tokens=9, output_tokens=3)


def test_an_answer_of_a_batch_is_read_as_one_that_was_asked_for() -> None:
    chunks = chunk_transcript(transcript(40), max_tokens=8_000, encoding=SPEC.encoding)
    (call,) = opening_calls(CallFactory(SummarizationParameters(), SPEC), chunks)
    found = read_stored(call, text_to_store(call, answer(5), SPEC, usage=USAGE))
    assert found is not None
    assert (len(found.answer.sentences), found.model, found.usage, found.from_store) == (5, "m-1", USAGE, True)


def test_an_answer_that_would_be_asked_for_again_is_not_stored() -> None:
    chunks = chunk_transcript(transcript(40), max_tokens=8_000, encoding=SPEC.encoding)
    (call,) = opening_calls(CallFactory(SummarizationParameters(), SPEC), chunks)
    with pytest.raises(TruncatedAnswerError):
        text_to_store(call, answer(5, "length"), SPEC, usage=USAGE)
    with pytest.raises(AnswerError, match="9 sentences"):
        text_to_store(call, answer(9), SPEC, usage=USAGE)
