"""Whole ticks of arbitrary messages: nothing raises, and every message has exactly one outcome."""

import json
from collections.abc import Collection, Sequence

from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.intake.dead_letters import dead_letter_headers, rejected_letter
from summary_pipeline.intake.planning import (
    AcceptedEvent,
    ReceivedMessage,
    RejectedMessage,
    TooManyRejectedError,
    plan_tick,
    refuse_mass_rejection,
)
from summary_pipeline_tests.contract.test_events_fuzz import DOCUMENTS, VALID, keys, values
from summary_pipeline_tests.fuzzing import damaged, fuzzed, in_time

IDS = [f"0b6cbf1e-6a52-4c5e-9a3e-0d5f5f0c7a1{number}" for number in range(6)]
few_events = st.builds(
    lambda event_id, video_id: json.dumps({**VALID, "id": event_id, "videoId": video_id}).encode(),
    st.sampled_from(IDS),
    st.integers(1, 3),
)
headers = st.lists(st.tuples(st.text(max_size=8), st.none() | st.binary(max_size=8)), max_size=3).map(tuple)
messages = st.lists(st.tuples(few_events | damaged(DOCUMENTS) | values, st.none() | keys, headers), max_size=15).map(
    lambda contents: [
        ReceivedMessage("video.transcribed", offset % 3, offset, key, value, own)
        for offset, (value, key, own) in enumerate(contents)
    ]
)


@fuzzed
@given(messages, st.sets(st.sampled_from(IDS)))
def test_every_message_of_a_tick_is_accepted_rejected_or_a_repeat(batch: list[ReceivedMessage], done: set[str]) -> None:
    def processed(ids: Collection[str]) -> set[str]:
        return done & set(ids)

    with in_time(sum(len(message.value or b"") for message in batch)):
        plan = plan_tick(batch, processed=processed)
    outcomes: list[Sequence[AcceptedEvent | RejectedMessage]] = [plan.accepted, plan.rejected, plan.repeats]
    sorted_out = [item.message for outcome in outcomes for item in outcome]
    assert sorted(message.offset for message in sorted_out) == [message.offset for message in batch]
    accepted = [item.event.id for item in plan.accepted]
    assert len(set(accepted)) == len(accepted)
    assert not set(accepted) & done
    assert {item.event.id for item in plan.repeats} <= done | set(accepted)
    for outcome in outcomes:
        offsets = [item.message.offset for item in outcome]
        assert offsets == sorted(offsets)


@fuzzed
@given(messages, st.floats(0, 1))
def test_every_rejected_message_makes_a_dead_letter_or_the_tick_is_refused(
    batch: list[ReceivedMessage], share: float
) -> None:
    plan = plan_tick(batch, processed=lambda _ids: set())
    try:
        refuse_mass_rejection(plan, read=len(batch), share=share)
    except TooManyRejectedError:
        assert len(plan.rejected) > share * len(batch)
        return
    for rejected in plan.rejected:
        letter = rejected_letter(rejected, cluster_id="cluster")
        assert (letter.key, letter.value) == (rejected.message.key, rejected.message.value)
        told = dead_letter_headers(letter, consumer="summary-pipeline")
        assert tuple(told[: len(letter.headers)]) == letter.headers
