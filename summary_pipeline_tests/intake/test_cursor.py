import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.intake.cursor import (
    Cursor,
    CursorError,
    OffsetOutOfRangeError,
    OutOfRange,
    PartitionState,
    StartOffsets,
    UnreadablePartition,
    parse_cursor,
    start_offsets,
)

TOPIC = "video.transcribed"


def choose(cursor: Cursor | None, out_of_range: OutOfRange = "earliest", **partition: int | None) -> StartOffsets:
    state = PartitionState(
        low=partition.get("low") or 0, high=partition["high"] or 0, committed=partition.get("committed")
    )
    return start_offsets(
        cursor,
        cluster_id="cluster",
        topic=TOPIC,
        partitions={0: state},
        unreadable={},
        out_of_range=out_of_range,
    )


def cursor_of_two(*, cluster_id: str = "cluster") -> Cursor:
    return Cursor(cluster_id=cluster_id, topic=TOPIC, offsets={0: 7, 1: 500})


def cursor_at(offset: int, *, cluster_id: str = "cluster") -> Cursor:
    return Cursor(cluster_id=cluster_id, topic=TOPIC, offsets={0: offset})


def test_without_a_cursor_reading_starts_at_the_groups_committed_offset() -> None:
    assert choose(None, high=9, committed=4).offsets == {0: 4}


def test_without_cursor_and_committed_offset_reading_starts_at_the_earliest_message() -> None:
    assert choose(None, low=2, high=9).offsets == {0: 2}


def test_the_cursor_wins_over_the_groups_committed_offset() -> None:
    assert choose(cursor_at(7), high=9, committed=4).offsets == {0: 7}


def test_a_partition_that_the_cursor_does_not_know_starts_at_its_earliest_message() -> None:
    chosen = start_offsets(
        cursor_at(7),
        cluster_id="cluster",
        topic=TOPIC,
        partitions={0: PartitionState(0, 9, None), 1: PartitionState(3, 9, 8)},
        unreadable={},
        out_of_range="earliest",
    )
    assert chosen.offsets == {0: 7, 1: 3}


def test_the_cursor_of_another_cluster_is_not_used_and_a_warning_says_so() -> None:
    chosen = choose(cursor_at(7, cluster_id="an older one"), high=9)
    assert chosen.offsets == {0: 0}
    assert "an older one" in chosen.warnings[0]


@pytest.mark.parametrize(("policy", "offset"), [("earliest", 5), ("latest", 9)])
def test_an_offset_that_kafka_no_longer_holds_is_replaced_as_the_setting_says(policy: OutOfRange, offset: int) -> None:
    chosen = choose(cursor_at(2), policy, low=5, high=9)
    assert chosen.offsets == {0: offset}
    assert "Offset 2 of video.transcribed[0]" in chosen.warnings[0]


@pytest.mark.parametrize("offset", [4, 10])
def test_an_offset_out_of_range_stops_the_sensor_where_a_person_has_to_decide(offset: int) -> None:
    with pytest.raises(OffsetOutOfRangeError, match="SUMMARY_KAFKA_OUT_OF_RANGE"):
        choose(cursor_at(offset), "error", low=5, high=9)


def choose_without(partition: int, cursor: Cursor | None, *, committed: int | None = None) -> StartOffsets:
    """Choose where to read partition 0 while ``partition`` can't be read."""
    return start_offsets(
        cursor,
        cluster_id="cluster",
        topic=TOPIC,
        partitions={0: PartitionState(0, 9, None)},
        unreadable={partition: UnreadablePartition(committed, "it has no leader")},
        out_of_range="error",
    )


def test_a_partition_that_cannot_be_read_keeps_its_place_while_the_others_are_read() -> None:
    chosen = choose_without(1, cursor_of_two())
    assert (chosen.offsets, chosen.kept) == ({0: 7}, {1: 500})


def test_a_partition_that_cannot_be_read_is_named_with_the_reason_its_place_and_where_to_look() -> None:
    (warning,) = choose_without(1, cursor_of_two()).warnings
    assert "video.transcribed[1] can't be read now (it has no leader)" in warning
    assert "kafka-topics.sh --describe --topic video.transcribed" in warning
    assert "goes on at offset 500" in warning


def test_without_a_cursor_a_partition_that_cannot_be_read_keeps_the_groups_committed_offset() -> None:
    chosen = choose_without(1, None, committed=300)
    assert (chosen.offsets, chosen.kept) == ({0: 0}, {1: 300})


def test_the_cursor_of_another_cluster_says_nothing_of_a_partition_that_cannot_be_read() -> None:
    another = cursor_of_two(cluster_id="an older one")
    assert choose_without(1, another).kept == {}
    assert choose_without(1, another, committed=300).kept == {1: 300}


def test_an_added_partition_that_cannot_be_read_yet_starts_at_its_earliest_message_later() -> None:
    chosen = choose_without(2, cursor_of_two())
    assert chosen.kept == {}
    assert "goes on at its earliest message" in chosen.warnings[0]


def test_a_partition_that_the_topic_no_longer_has_is_forgotten() -> None:
    # The topic was made anew with fewer. Were one added again, an old offset in it would skip messages.
    cursor = Cursor(cluster_id="cluster", topic=TOPIC, offsets={0: 7, 1: 500, 5: 40})
    chosen = choose_without(1, cursor)
    assert (chosen.offsets, chosen.kept) == ({0: 7}, {1: 500})


@given(st.dictionaries(st.integers(0, 5), st.integers(0, 100)), st.sets(st.integers(0, 5)))
def test_whichever_partitions_can_be_read_the_next_cursor_holds_every_offset_of_this_one(
    offsets: dict[int, int], readable: set[int]
) -> None:
    chosen = start_offsets(
        Cursor(cluster_id="cluster", topic=TOPIC, offsets=offsets),
        cluster_id="cluster",
        topic=TOPIC,
        partitions={number: PartitionState(0, 100, 3) for number in readable},
        unreadable={number: UnreadablePartition(None, "away") for number in range(6) if number not in readable},
        out_of_range="error",
    )
    assert {**chosen.kept, **chosen.offsets} == {**dict.fromkeys(readable, 0), **offsets}
    assert len(chosen.warnings) == 6 - len(readable)


def test_no_stored_cursor_is_no_error() -> None:
    assert parse_cursor(None) is None
    assert parse_cursor("") is None


@pytest.mark.parametrize("text", ["{}", "offsets", '{"version": 2, "cluster_id": "c", "topic": "t", "offsets": {}}'])
def test_a_cursor_that_cannot_be_read_is_an_error_that_says_what_to_do(text: str) -> None:
    with pytest.raises(CursorError, match="clear it in the"):
        parse_cursor(text)


@given(st.dictionaries(st.integers(0, 500), st.integers(0, 2**62)), st.text(min_size=1))
def test_a_stored_cursor_is_read_back_as_it_was(offsets: dict[int, int], cluster_id: str) -> None:
    cursor = Cursor(cluster_id=cluster_id, topic=TOPIC, offsets=offsets)
    assert parse_cursor(cursor.model_dump_json()) == cursor


@given(low=st.integers(0, 100), length=st.integers(0, 100), wanted=st.none() | st.integers(0, 300))
def test_whatever_the_cursor_says_reading_starts_where_kafka_has_messages(
    low: int, length: int, wanted: int | None
) -> None:
    cursor = None if wanted is None else cursor_at(wanted)
    assert low <= choose(cursor, low=low, high=low + length).offsets[0] <= low + length


def test_a_cursor_of_before_recent_outcomes_were_kept_is_read() -> None:
    cursor = parse_cursor('{"version": 1, "cluster_id": "c", "topic": "t", "offsets": {"0": 5}}')
    assert cursor is not None
    assert (cursor.offsets, cursor.recent) == ({0: 5}, "")


def test_recent_outcomes_that_are_none_are_no_cursor() -> None:
    with pytest.raises(CursorError, match="recent"):
        parse_cursor('{"cluster_id": "c", "topic": "t", "offsets": {}, "recent": "bad"}')
