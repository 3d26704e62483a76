import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.database import dead_letters
from summary_pipeline.database.dead_letters import (
    ReplayResult,
    UnknownDeadLetterError,
    dead_letter,
    list_dead_letters,
    open_dead_letters,
    record_dead_letters,
    replay_dead_letter,
)
from summary_pipeline.database.errors import DatabaseError
from summary_pipeline.database.own_models import DeadLetter as DeadLetterRow
from summary_pipeline_tests.database.lock_waits import await_a_session_that_waits

pytestmark = pytest.mark.servers


def rejected(
    offset: int = 1, *, value: bytes | None = b"{", reason: str = "not_json: broken", **changes: object
) -> DeadLetter:
    values: dict[str, object] = {
        "topic": "video.transcribed",
        "key": b"7",
        "value": value,
        "headers": (),
        "stage": "VALUE_CONVERTER",
        "error_class": "InvalidEventError",
        "reason": reason,
        "cluster_id": "cluster",
        "partition": 0,
        "offset": offset,
        **changes,
    }
    return DeadLetter(**values)  # type: ignore[arg-type]  # the names are the fields'


def given_up(event_id: str, reason: str = "3 runs ended without a result") -> DeadLetter:
    return rejected(cluster_id=None, partition=None, offset=None, event_id=event_id, video_id=7, reason=reason)  # type: ignore[arg-type]  # no place


def ids(engine: Engine) -> list[int]:
    return [letter.id for letter in list_dead_letters(engine)]


def only(engine: Engine) -> dead_letters.StoredLetter:
    (letter_id,) = ids(engine)
    return dead_letter(engine, letter_id)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (None, None),
        (b"", b""),
        (b"\x00\xff", b"\x00\x00 \xff\xfe"),
        (b"7", bytes(range(256)) * 20_000),
    ],
    ids=["tombstone", "empty", "NULs and no UTF-8", "five megabytes"],
)
def test_a_message_is_kept_byte_by_byte(engine: Engine, key: bytes | None, value: bytes | None) -> None:
    letter = rejected(key=key, value=value, headers=(("a", b"\x00\xff"), ("a", None), ("ü", b"")))
    record_dead_letters(engine, [letter])
    assert only(engine).letter == letter


def test_a_reason_that_postgresql_refuses_is_kept_as_far_as_it_can_be(engine: Engine) -> None:
    record_dead_letters(engine, [rejected(reason="a\x00b\ud800c")])
    assert only(engine).letter.reason == "a\ufffdb\ufffdc"


def test_a_message_is_kept_once_however_often_its_tick_is_repeated(engine: Engine) -> None:
    for _ in range(2):
        record_dead_letters(engine, [rejected(1), rejected(2)])
    assert len(ids(engine)) == 2


@pytest.mark.parametrize("change", [{"cluster_id": "other"}, {"topic": "other"}, {"partition": 1}, {"offset": 2}])
def test_a_message_of_another_place_is_another_letter(engine: Engine, change: dict[str, object]) -> None:
    record_dead_letters(engine, [rejected(1), rejected(**{"offset": 1, **change})])  # type: ignore[arg-type]  # as above
    assert len(ids(engine)) == 2


@pytest.mark.parametrize("change", [{"value": b"["}, {"value": None}, {"value": b""}, {"key": b"8"}, {"key": None}])
def test_another_message_at_a_place_that_is_used_again_is_another_letter(
    engine: Engine, change: dict[str, object]
) -> None:
    # The topic was deleted and made anew in the same cluster: its offsets count from 0 again.
    record_dead_letters(engine, [rejected()])
    record_dead_letters(engine, [rejected(**change)])  # type: ignore[arg-type]  # as above
    assert len(ids(engine)) == 2


def test_what_stands_in_the_key_is_told_from_what_stands_in_the_value(engine: Engine) -> None:
    record_dead_letters(engine, [rejected(key=b"78", value=b"9"), rejected(key=b"7", value=b"89")])
    assert len(ids(engine)) == 2


def test_an_event_that_is_given_up_twice_is_one_letter_with_the_newest_reason(engine: Engine) -> None:
    event_id = str(uuid4())
    record_dead_letters(engine, [given_up(event_id, "first"), given_up(str(uuid4()))])
    record_dead_letters(engine, [given_up(event_id, "second")])
    assert sorted(letter.reason for letter in list_dead_letters(engine)) == ["3 runs ended without a result", "second"]


def test_an_event_that_is_given_up_again_after_a_replay_is_open_again(engine: Engine) -> None:
    event_id = str(uuid4())
    record_dead_letters(engine, [given_up(event_id)])
    replay_dead_letter(engine, only(engine).id, lambda _letter: None)
    assert open_dead_letters(engine) == 0
    record_dead_letters(engine, [given_up(event_id)])
    stored = only(engine)
    assert (stored.replays, stored.replayed_at, open_dead_letters(engine)) == (1, None, 1)


def test_all_are_kept_or_none(engine: Engine) -> None:
    with pytest.raises(DatabaseError, match="keeping 2 dead letter"):
        record_dead_letters(engine, [rejected(1), rejected(2, partition=2**40)])
    assert ids(engine) == []


def test_nothing_to_keep_asks_the_database_nothing(empty_engine: Engine) -> None:
    record_dead_letters(empty_engine, [])


def test_the_newest_are_listed_first_over_any_number_of_pages(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "_PAGE", 2)
    record_dead_letters(engine, [rejected(number) for number in range(5)])
    assert [letter.offset for letter in list_dead_letters(engine)] == [4, 3, 2, 1, 0]


def test_a_list_tells_the_size_and_not_the_message(engine: Engine) -> None:
    record_dead_letters(engine, [rejected(1, value=b"12345"), rejected(2, value=None)])
    assert [letter.value_bytes for letter in list_dead_letters(engine)] == [None, 5]


@pytest.mark.parametrize(("asked", "found"), [("UTF", [2]), ("not_", [2, 1]), ("%", [3]), ("100%", [3]), ("\x00", [])])
def test_a_list_can_be_narrowed_by_a_part_of_the_reason(engine: Engine, asked: str, found: list[int]) -> None:
    reasons = {1: "not_json: broken", 2: "not_utf8: byte 0", 3: "wrong by 100%"}
    record_dead_letters(engine, [rejected(offset, reason=reason) for offset, reason in reasons.items()])
    assert [letter.offset for letter in list_dead_letters(engine, reason=asked)] == found


@pytest.mark.parametrize(
    ("asked", "found"),
    [("SWEEP", [2]), ("sweep", [2]), ("eventgivenup", [2]), ("value_converter", [1]), ("VALUE", []), ("Event", [])],
)
def test_a_list_can_be_narrowed_by_a_whole_stage_or_error_class(engine: Engine, asked: str, found: list[int]) -> None:
    record_dead_letters(engine, [rejected(1), rejected(2, stage="SWEEP", error_class="EventGivenUp")])
    assert [letter.offset for letter in list_dead_letters(engine, reason=asked)] == found


def test_a_list_can_be_narrowed_by_age(engine: Engine) -> None:
    record_dead_letters(engine, [rejected(1), rejected(2)])
    long_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=2)
    with Session(engine) as session:
        session.execute(update(DeadLetterRow).where(DeadLetterRow.offset == 1).values(created_at=long_ago))
        session.commit()
    since = long_ago + timedelta(hours=1)
    assert [letter.offset for letter in list_dead_letters(engine, since=since)] == [2]


@pytest.mark.parametrize("letter_id", [0, -1, 12345, 2**63])
def test_an_unknown_letter_is_an_error_that_names_it(engine: Engine, letter_id: int) -> None:
    with pytest.raises(UnknownDeadLetterError, match=f"no dead letter {letter_id}"):
        dead_letter(engine, letter_id)
    with pytest.raises(UnknownDeadLetterError):
        replay_dead_letter(engine, letter_id, lambda _letter: pytest.fail("sent"))


def test_a_replay_sends_the_message_and_is_counted(engine: Engine) -> None:
    record_dead_letters(engine, [rejected()])
    sent: list[DeadLetter] = []
    assert replay_dead_letter(engine, only(engine).id, sent.append) is ReplayResult.REPLAYED
    assert sent == [rejected()]
    stored = only(engine)
    assert stored.replays == 1
    assert stored.replayed_at is not None


def test_a_second_replay_has_to_be_asked_for(engine: Engine) -> None:
    record_dead_letters(engine, [rejected()])
    letter_id = only(engine).id
    sent: list[DeadLetter] = []
    results = [replay_dead_letter(engine, letter_id, sent.append, again=again) for again in (False, False, True)]
    assert results == [ReplayResult.REPLAYED, ReplayResult.ALREADY_REPLAYED, ReplayResult.REPLAYED]
    assert (len(sent), only(engine).replays) == (2, 2)


def test_a_replay_that_was_not_sent_is_not_counted(engine: Engine) -> None:
    record_dead_letters(engine, [rejected()])

    def refuse(_letter: DeadLetter) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        replay_dead_letter(engine, only(engine).id, refuse)
    assert (only(engine).replays, only(engine).replayed_at) == (0, None)


def test_two_people_at_once_replay_a_letter_once(engine: Engine) -> None:
    record_dead_letters(engine, [rejected()])
    letter_id = only(engine).id
    sent: list[DeadLetter] = []
    second: list[ReplayResult] = []
    other = threading.Thread(target=lambda: second.append(replay_dead_letter(engine, letter_id, sent.append)))

    def send(letter: DeadLetter) -> None:
        sent.append(letter)
        other.start()
        await_a_session_that_waits(engine)

    assert replay_dead_letter(engine, letter_id, send) is ReplayResult.REPLAYED
    other.join(30)
    assert (len(sent), second) == (1, [ReplayResult.ALREADY_REPLAYED])
