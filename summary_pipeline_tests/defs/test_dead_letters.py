"""What becomes of messages that are no events: both places have them before the cursor moves."""

import uuid
from collections.abc import Iterator

import pytest
from confluent_kafka import KafkaError, Message
from sqlalchemy import text

from summary_pipeline.database.dead_letters import StoredLetter, dead_letter, list_dead_letters
from summary_pipeline.database.errors import PermanentDatabaseError
from summary_pipeline.database.outbox_producer import MessageRejectedError
from summary_pipeline.intake.cursor import parse_cursor
from summary_pipeline.intake.planning import TooManyRejectedError
from summary_pipeline_tests.defs.platform import Platform
from summary_pipeline_tests.defs.sensing import Sensor, sensor_on
from summary_pipeline_tests.kafka_faults import RefusingKafka, refusing_kafka
from summary_pipeline_tests.kafka_support import headers_of, read_all

pytestmark = pytest.mark.servers

DEAD_LETTERS = "video.transcribed.dlq"


@pytest.fixture
def sensor(platform: Platform, kafka_address: str, monkeypatch: pytest.MonkeyPatch) -> Sensor:
    return sensor_on(kafka_address, platform, monkeypatch)


@pytest.fixture
def refusing() -> Iterator[RefusingKafka]:
    with refusing_kafka() as kafka:
        yield kafka


@pytest.fixture
def sensor_on_refusing(platform: Platform, refusing: RefusingKafka, monkeypatch: pytest.MonkeyPatch) -> Sensor:
    return sensor_on(refusing.address, platform, monkeypatch)


def in_table(sensor: Sensor) -> list[StoredLetter]:
    engine = sensor.platform.engine
    return [dead_letter(engine, row.id) for row in list_dead_letters(engine)][::-1]


def in_topic(sensor: Sensor, trace: bytes) -> list[Message]:
    letters = read_all(sensor.bootstrap, DEAD_LETTERS)
    return [letter for letter in letters if headers_of(letter).get("trace") == trace]


def mark() -> bytes:
    return str(uuid.uuid4()).encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"not json", "not_json: expected ident at line 1 column 2"),
        (None, "tombstone: the message has no value"),
        (b"\xff\xfe\x00", "not_utf8: byte 0 is not UTF-8"),
        (b'{"id": "\x00"}', "not_json: control character"),
        (b"[" * 500_000, "too_deep: recursion limit exceeded"),
        (b'{"x": "' + b"x" * 1_100_000 + b'"}', "too_large: 1100009 bytes"),
    ],
    ids=["no JSON", "tombstone", "no UTF-8", "NUL", "deep", "large"],
)
def test_a_bad_message_is_kept_as_it_came_in_topic_and_table_and_does_not_stop_the_stream(
    sensor_on_refusing: Sensor, value: bytes | None, reason: str
) -> None:
    # The mock cluster takes messages of any size.
    sensor, trace = sensor_on_refusing, mark()
    sensor.writer.write(value, key=b"\x007", headers=[("trace", trace)])
    event_id = sensor.announce(8)
    assert sensor.events(sensor.tick()) == [event_id]
    (stored,) = in_table(sensor)
    assert (stored.letter.key, stored.letter.value, stored.letter.headers) == (b"\x007", value, (("trace", trace),))
    assert stored.letter.reason.startswith(reason)
    (letter,) = in_topic(sensor, trace)
    assert (letter.key(), letter.value()) == (b"\x007", value)
    assert headers_of(letter)["__connect.errors.exception.message"] == stored.letter.reason.encode()


def test_a_dead_letter_says_where_it_stood(sensor: Sensor) -> None:
    trace = mark()
    sensor.writer.write(b"not json", headers=[("trace", trace)], partition=0)
    sensor.tick()
    cursor = parse_cursor(sensor.cursor)
    assert cursor is not None
    (stored,) = in_table(sensor)
    place = (cursor.cluster_id, "video.transcribed", 0, cursor.offsets[0] - 1)
    assert (stored.letter.cluster_id, stored.letter.topic, stored.letter.partition, stored.letter.offset) == place
    (letter,) = in_topic(sensor, trace)
    headers = headers_of(letter)
    assert headers["__connect.errors.topic"] == b"video.transcribed"
    assert headers["__connect.errors.partition"] == b"0"
    assert headers["__connect.errors.offset"] == str(cursor.offsets[0] - 1).encode()
    assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"


def test_a_tick_that_was_never_stored_keeps_its_dead_letters_once_in_the_table(sensor: Sensor) -> None:
    sensor.writer.write(b"not json")
    stored = sensor.cursor
    sensor.tick()
    sensor.cursor = stored
    sensor.tick()
    assert len(in_table(sensor)) == 1


def refuse_rows(sensor: Sensor) -> None:
    engine = sensor.platform.engine
    schema = engine.get_execution_options()["schema_translate_map"][None]
    with engine.begin() as connection:
        connection.execute(text(f'ALTER TABLE "{schema}".dead_letters ADD CONSTRAINT refuse CHECK (false) NOT VALID'))


def test_where_the_table_refuses_the_tick_fails_and_the_offset_stays(sensor: Sensor) -> None:
    trace = mark()
    sensor.writer.write(b"not json", headers=[("trace", trace)])
    refuse_rows(sensor)
    stored = sensor.cursor
    with pytest.raises(PermanentDatabaseError, match="keeping 1 dead letter"):
        sensor.tick()
    assert sensor.cursor == stored
    assert in_topic(sensor, trace) == []


@pytest.mark.parametrize("code", [KafkaError.POLICY_VIOLATION, KafkaError.INVALID_RECORD])
def test_where_the_topic_refuses_the_tick_fails_and_the_offset_stays(
    sensor_on_refusing: Sensor, refusing: RefusingKafka, code: int
) -> None:
    sensor, trace = sensor_on_refusing, mark()
    sensor.writer.write(b"not json", headers=[("trace", trace)])
    event_id = sensor.announce(8)
    refusing.refuse(code, times=2)  # with the value, and without it
    stored = sensor.cursor
    with pytest.raises(MessageRejectedError, match=r"video\.transcribed\.dlq"):
        sensor.tick()
    assert sensor.cursor == stored
    assert sensor.events(sensor.tick()) == [event_id]
    assert (len(in_table(sensor)), len(in_topic(sensor, trace))) == (1, 1)


def test_what_is_too_large_for_the_topic_stands_there_without_its_value_and_in_the_table_with_it(
    sensor_on_refusing: Sensor, refusing: RefusingKafka
) -> None:
    sensor, marker = sensor_on_refusing, mark()
    sensor.writer.write(marker, key=b"7", headers=[("huge", b"x" * 100)])
    refusing.refuse(KafkaError.MSG_SIZE_TOO_LARGE)
    sensor.tick()
    (letter,) = read_all(sensor.bootstrap, DEAD_LETTERS)
    assert (letter.key(), letter.value()) == (None, None)
    assert {name.rpartition(".")[2] for name in headers_of(letter)} >= {"topic", "partition", "offset"}
    assert "huge" not in headers_of(letter)
    assert [stored.letter.value for stored in in_table(sensor)] == [marker]


def test_mostly_bad_messages_stop_the_sensor_and_move_nothing(sensor: Sensor) -> None:
    letters = len(read_all(sensor.bootstrap, DEAD_LETTERS))
    for _ in range(10):
        sensor.writer.write(b"broken")
    stored = sensor.cursor
    with pytest.raises(TooManyRejectedError, match=r"10 of 10.*SUMMARY_MAX_REJECTED_SHARE=1"):
        sensor.tick()
    assert sensor.cursor == stored
    assert len(read_all(sensor.bootstrap, DEAD_LETTERS)) == letters
    assert in_table(sensor) == []


def test_a_person_can_have_them_dead_lettered_all_the_same(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_MAX_REJECTED_SHARE", "1")
    for _ in range(10):
        sensor.writer.write(b"broken")
    sensor.tick()
    assert len(in_table(sensor)) == 10


def bad_one_by_one(sensor: Sensor, ticks: int) -> int:
    """Let a tick find each bad message alone; return how many ticks went through."""
    for done in range(ticks):
        sensor.writer.write(b"broken")
        try:
            sensor.tick()
        except TooManyRejectedError:
            return done
    return ticks


def test_a_slow_producer_of_bad_messages_stops_the_sensor_as_a_fast_one_does(sensor: Sensor) -> None:
    assert bad_one_by_one(sensor, 12) == 9
    stored = sensor.cursor
    with pytest.raises(TooManyRejectedError, match="10 of 10 messages"):
        sensor.tick()
    assert (sensor.cursor, len(in_table(sensor))) == (stored, 9)


def test_what_a_person_let_pass_is_not_held_against_what_comes_after(
    sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad_one_by_one(sensor, 12)
    monkeypatch.setenv("SUMMARY_MAX_REJECTED_SHARE", "1")
    sensor.tick()
    monkeypatch.delenv("SUMMARY_MAX_REJECTED_SHARE")
    sensor.writer.write(b"broken")
    sensor.tick()
    assert len(in_table(sensor)) == 11
