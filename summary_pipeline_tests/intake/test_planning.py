import json
from collections.abc import Collection
from uuid import UUID

import pytest

from summary_pipeline.intake.planning import (
    RECENT_MESSAGES,
    ReceivedMessage,
    RejectedMessage,
    TickPlan,
    TooManyRejectedError,
    plan_tick,
    recent_outcomes,
    refuse_mass_rejection,
)


def event_id(number: int) -> str:
    return str(UUID(int=number, version=4))


def message(offset: int, *, id: str | None = None, video_id: int = 7, value: bytes | None = None) -> ReceivedMessage:  # noqa: A002 -- the payload's own name
    payload = {"id": id or event_id(offset), "videoId": video_id, "transcriptFileKey": f"transcripts/{video_id}/t.json"}
    return ReceivedMessage(
        topic="video.transcribed",
        partition=0,
        offset=offset,
        key=None,
        value=json.dumps(payload).encode() if value is None else value,
    )


def nothing_processed(_ids: Collection[str]) -> set[str]:
    return set()


def test_each_new_event_is_accepted_in_the_order_of_the_messages() -> None:
    plan = plan_tick([message(1), message(2), message(3)], processed=nothing_processed)
    assert [item.message.offset for item in plan.accepted] == [1, 2, 3]


def test_several_events_of_one_video_are_all_accepted() -> None:
    plan = plan_tick([message(1, video_id=5), message(2, video_id=5)], processed=nothing_processed)
    assert [item.event.video_id for item in plan.accepted] == [5, 5]


def test_an_event_that_had_its_effect_is_a_repeat() -> None:
    plan = plan_tick([message(1), message(2)], processed=lambda _ids: {event_id(1)})
    assert [item.message.offset for item in plan.accepted] == [2]
    assert [item.message.offset for item in plan.repeats] == [1]


def test_the_same_event_twice_in_one_tick_is_accepted_once() -> None:
    plan = plan_tick([message(1, id=event_id(9)), message(2, id=event_id(9))], processed=nothing_processed)
    assert [item.message.offset for item in plan.accepted] == [1]
    assert [item.message.offset for item in plan.repeats] == [2]


def test_a_bad_message_is_rejected_and_those_around_it_are_accepted() -> None:
    plan = plan_tick([message(1), message(2, value=b"\xff"), message(3)], processed=nothing_processed)
    assert [item.message.offset for item in plan.accepted] == [1, 3]
    assert [(item.message.offset, item.reason) for item in plan.rejected] == [(2, "not_utf8: byte 0 is not UTF-8")]


def test_a_tick_without_a_valid_event_does_not_ask_the_database() -> None:
    def unreachable(_ids: Collection[str]) -> set[str]:
        raise ConnectionError

    assert len(plan_tick([message(1, value=b"{")], processed=unreachable).rejected) == 1


def rejected_plan(number: int) -> TickPlan:
    return TickPlan(rejected=tuple(RejectedMessage(message(i), "not_json: broken") for i in range(number)))


def test_a_tick_in_which_most_messages_are_bad_is_refused() -> None:
    with pytest.raises(TooManyRejectedError, match=r"6 of 10 messages.*video.transcribed\[0\]@0: not_json: broken"):
        refuse_mass_rejection(rejected_plan(6), read=10, share=0.5)


@pytest.mark.parametrize(
    ("bad", "read", "share"), [(5, 10, 0.5), (9, 9, 0.5), (9, 9, 0.0), (0, 0, 0.5), (0, 10, 0.0), (10, 10, 1.0)]
)
def test_a_few_bad_messages_are_not_refused(bad: int, read: int, share: float) -> None:
    refuse_mass_rejection(rejected_plan(bad), read=read, share=share)


def test_a_share_of_nothing_refuses_the_first_bad_message() -> None:
    with pytest.raises(TooManyRejectedError):
        refuse_mass_rejection(rejected_plan(1), read=10, share=0.0)


def dead_lettered(kinds: str, *, per_tick: int, share: float = 0.5) -> int:
    """Return how many of these messages, ``x`` for a bad one, are dead-lettered before the sensor stops."""
    recent, count = "", 0
    for start in range(0, len(kinds), per_tick):
        tick = kinds[start : start + per_tick]
        messages = [message(start + i, value=b"{" if kind == "x" else None) for i, kind in enumerate(tick)]
        plan = plan_tick(messages, processed=nothing_processed)
        recent = recent_outcomes(recent, messages, plan)
        try:
            refuse_mass_rejection(plan, read=len(messages), share=share, recent=recent)
        except TooManyRejectedError:
            return count
        count += len(plan.rejected)
    return count


@pytest.mark.parametrize("per_tick", [1, 2, 5, 9])
def test_ticks_that_are_too_small_to_judge_are_judged_together(per_tick: int) -> None:
    assert dead_lettered("x" * 1000, per_tick=per_tick) < 10


@pytest.mark.parametrize("per_tick", [1, 5, 9])
def test_a_good_past_excuses_no_more_than_its_share_of_the_recent_messages(per_tick: int) -> None:
    assert dead_lettered("." * 1000 + "x" * 1000, per_tick=per_tick) <= RECENT_MESSAGES * 0.5


@pytest.mark.parametrize("per_tick", [1, 5, 9, 10, 200])
def test_bad_messages_among_as_many_good_ones_do_not_stop_the_stream(per_tick: int) -> None:
    assert dead_lettered(".x" * 500, per_tick=per_tick) == 500


@pytest.mark.parametrize("per_tick", [1, 10])
def test_where_a_person_lets_all_pass_small_ticks_pass_too(per_tick: int) -> None:
    assert dead_lettered("x" * 100, per_tick=per_tick, share=1.0) == 100


def test_good_messages_are_not_stopped_by_bad_ones_of_the_past() -> None:
    refuse_mass_rejection(TickPlan(), read=1, share=0.5, recent="x" * 49 + ".")


def test_a_stop_by_the_past_says_that_it_counts_the_past() -> None:
    with pytest.raises(TooManyRejectedError, match="11 of 12 messages, earlier ticks' included, are no valid"):
        refuse_mass_rejection(rejected_plan(1), read=1, share=0.5, recent="." + "x" * 11)


def test_outcomes_stand_in_the_order_of_the_messages_and_the_oldest_are_dropped() -> None:
    messages = [message(1), message(2, value=b"{"), message(3)]
    plan = plan_tick(messages, processed=lambda _ids: {event_id(3)})
    assert recent_outcomes("", messages, plan) == ".x."
    assert recent_outcomes("x" * RECENT_MESSAGES, messages, plan) == "x" * (RECENT_MESSAGES - 3) + ".x."
