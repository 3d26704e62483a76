"""``summary-pipeline dlq`` on real PostgreSQL and Kafka."""

import json
import uuid
from datetime import datetime

import pytest
from confluent_kafka import KafkaError
from sqlalchemy import Engine

from summary_pipeline.contract.dead_letter import DeadLetter
from summary_pipeline.database.dead_letters import list_dead_letters, record_dead_letters
from summary_pipeline_tests.commands.conftest import Run, RunOnTerminal
from summary_pipeline_tests.kafka_faults import refusing_kafka
from summary_pipeline_tests.kafka_support import TopicWriter, headers_of, read_all

pytestmark = pytest.mark.servers


def put(
    engine: Engine,
    value: bytes | None = b"{",
    *,
    reason: str = "not_json: broken",
    key: bytes | None = b"7",
    event_id: str | None = None,
) -> int:
    """Keep a dead letter and return its id."""
    letter = DeadLetter(
        topic="video.transcribed",
        key=key,
        value=value,
        headers=(("trace", b"abc"),),
        stage="VALUE_CONVERTER",
        error_class="InvalidEventError",
        reason=reason,
        cluster_id=str(uuid.uuid4()),
        partition=0,
        offset=14,
        event_id=event_id,
    )
    record_dead_letters(engine, [letter])
    return next(list_dead_letters(engine)).id


@pytest.fixture
def kafka(engine: Engine, kafka_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    assert engine  # which names another Kafka
    monkeypatch.setenv("KAFKA_BROKERS", kafka_address)
    TopicWriter(kafka_address, "video.transcribed")
    return kafka_address


def produced(bootstrap: str, value: bytes) -> list[tuple[object, dict[str, object]]]:
    messages = [message for message in read_all(bootstrap, "video.transcribed") if message.value() == value]
    return [(message.key(), headers_of(message)) for message in messages]


def test_an_empty_table_is_no_error(engine: Engine, run: Run) -> None:
    assert engine
    result = run("dlq", "list")
    assert (result.exit_code, result.output) == (0, "0 dead letter(s).\n")


def test_a_list_shows_where_why_and_how_large(engine: Engine, run: Run) -> None:
    letter_id = put(engine, b"12345")
    result = run("dlq", "list")
    (line,) = [line for line in result.output.splitlines() if "not_json" in line]
    cells = line.split(maxsplit=7)
    assert cells[0] == str(letter_id)
    assert cells[2:] == ["video.transcribed[0]@14", "-", "-", "5", "never", "not_json: broken"]
    assert "1 dead letter(s)." in result.output


def test_a_narrow_terminal_breaks_no_time_and_no_place_and_leaves_out_details(
    engine: Engine, run_on_terminal: RunOnTerminal
) -> None:
    reason = "not_json: the value is no JSON, which is told at such length that it takes more than one line"
    letter_ids = [put(engine, reason=reason, event_id=str(uuid.uuid4())) for _ in range(5)]
    title, reason_title, *lines, count = run_on_terminal("dlq", "list", columns=80)
    assert (title.split(), reason_title, count) == (
        ["id", "since", "(UTC)", "from", "video"],
        "    reason",
        "5 dead letter(s).",
    )
    assert lines[1::2] == [f"    {reason}"] * 5
    cells = [line.split() for line in lines[::2]]
    assert [(letter_id, *others) for letter_id, _, *others in cells] == [
        (str(letter_id), "video.transcribed[0]@14", "-") for letter_id in reversed(letter_ids)
    ]
    assert all(datetime.fromisoformat(since).tzinfo is None for _, since, *_ in cells)


def test_a_wide_terminal_and_a_pipe_have_a_line_for_each_letter(
    engine: Engine, run: Run, run_on_terminal: RunOnTerminal
) -> None:
    put(engine, reason="not_json: " + "x" * 150)
    wide = run_on_terminal("dlq", "list", columns=250)
    assert wide[0].split() == ["id", "since", "(UTC)", "from", "event", "video", "bytes", "replayed", "reason"]
    assert len(wide) == 3
    assert run("dlq", "list").output.splitlines() == wide


def test_a_list_can_be_narrowed_and_read_by_programs(engine: Engine, run: Run) -> None:
    put(engine, reason="not_json: broken")
    wanted = put(engine, None, reason="tombstone: the message has no value")
    result = run("dlq", "list", "--reason", "TOMB", "--since", "2024-01-01", "--json")
    (letter,) = [json.loads(line) for line in result.output.splitlines()]
    assert (letter["id"], letter["value_bytes"], letter["replays"], letter["replayed_at"]) == (wanted, None, 0, None)
    assert letter["created_at"].endswith("+00:00")
    assert run("dlq", "list", "--since", "2999-01-01T00:00:00+02:00", "--json").output == ""


def test_a_list_is_narrowed_by_stage_too_and_says_that_others_may_be_there(engine: Engine, run: Run) -> None:
    put(engine)
    assert "1 dead letter(s) match." in run("dlq", "list", "--reason", "value_converter").output
    assert run("dlq", "list", "--reason", "not_jsn").output == "0 dead letter(s) match.\n"


def test_a_letter_is_shown_whole(engine: Engine, run: Run) -> None:
    output = run("dlq", "show", put(engine, '{"ü": 1}'.encode())).output
    lines = dict(line.split(maxsplit=1) for line in output.splitlines())
    assert lines["from"].startswith("video.transcribed[0]@14 of cluster ")
    assert lines["reason"] == "not_json: broken"
    assert lines["header"] == "trace: abc (3 bytes)"
    assert lines["key"] == "7 (1 bytes)"
    assert lines["value"] == '{"ü": 1} (9 bytes)'
    assert lines["replayed"] == "never"


def test_bytes_that_are_no_text_are_shown_in_hexadecimal_and_long_ones_are_cut(engine: Engine, run: Run) -> None:
    assert "value     ff 00 (in hexadecimal, 2 bytes)" in run("dlq", "show", put(engine, b"\xff\x00")).output
    output = run("dlq", "show", put(engine, b"x" * 100_000)).output
    assert "x ... (the beginning of 100000 bytes)" in output
    assert len(output) < 5000
    assert "value     none" in run("dlq", "show", put(engine, None)).output


def test_what_a_terminal_would_obey_is_shown_and_not_sent(engine: Engine, run: Run) -> None:
    letter_id = put(engine, b"\x1b[2J\x00", reason="a\x1b[31mb", key=b"\x1b]0;x\x07")
    for output in (run("dlq", "show", letter_id).output, run("dlq", "list").output):
        assert not set(output) & {"\x1b", "\x00", "\x07"}
        assert r"a\x1b[31mb" in output


@pytest.mark.parametrize("command", ["show", "replay"])
def test_an_unknown_letter_is_an_error(engine: Engine, run: Run, command: str) -> None:
    assert engine
    result = run("dlq", command, 99999)
    assert result.exit_code == 1
    assert "There is no dead letter 99999." in result.stderr


def test_a_replay_produces_the_original_bytes_and_says_so(engine: Engine, run: Run, kafka: str) -> None:
    value = uuid.uuid4().bytes
    letter_id = put(engine, value, key=b"\xff")
    result = run("dlq", "replay", letter_id)
    assert (result.exit_code, result.output) == (0, f"{letter_id}: replayed.\n1 of 1 dead letter(s) replayed.\n")
    assert produced(kafka, value) == [(b"\xff", {"trace": b"abc"})]
    assert "1 time(s), last 2" in run("dlq", "show", letter_id).output


def test_a_second_replay_needs_the_word_again(engine: Engine, run: Run, kafka: str) -> None:
    value = uuid.uuid4().bytes
    letter_id = put(engine, value)
    run("dlq", "replay", letter_id)
    second = run("dlq", "replay", letter_id)
    assert second.exit_code == 1
    assert f"{letter_id}: left out, it was replayed before; --again" in second.stderr
    assert run("dlq", "replay", letter_id, "--again").exit_code == 0
    assert len(produced(kafka, value)) == 2


def test_one_unknown_letter_among_others_replays_none(engine: Engine, run: Run, kafka: str) -> None:
    value = uuid.uuid4().bytes
    assert run("dlq", "replay", put(engine, value), 99999).exit_code == 1
    assert produced(kafka, value) == []


def test_all_means_those_that_nobody_replayed(engine: Engine, run: Run, kafka: str) -> None:
    values = [uuid.uuid4().bytes for _ in range(3)]
    first, *others = [put(engine, value) for value in values]
    run("dlq", "replay", first)
    result = run("dlq", "replay", "--all")
    assert result.output.splitlines() == [
        *(f"{other}: replayed." for other in others),
        "2 of 2 dead letter(s) replayed.",
    ]
    assert [len(produced(kafka, value)) for value in values] == [1, 1, 1]


@pytest.mark.parametrize("arguments", [(), ("--all", "1"), ("0",), ("x",)])
def test_it_has_to_be_said_what_is_replayed(engine: Engine, run: Run, arguments: tuple[str, ...]) -> None:
    assert engine
    assert run("dlq", "replay", *arguments).exit_code == 2


def test_what_kafka_does_not_take_is_not_counted_as_replayed(
    engine: Engine, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter_id = put(engine)
    with refusing_kafka() as kafka:
        monkeypatch.setenv("KAFKA_BROKERS", kafka.address)
        kafka.refuse(KafkaError.POLICY_VIOLATION)
        result = run("dlq", "replay", letter_id)
    assert result.exit_code == 1
    assert "Kafka did not take a message to 'video.transcribed'" in result.stderr
    assert "replayed  never" in run("dlq", "show", letter_id).output
