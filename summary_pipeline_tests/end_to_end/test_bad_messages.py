"""Messages that are no events are quarantined whole, and the stream goes on."""

from dataclasses import dataclass

import pytest
from kafka.consumer.fetcher import ConsumerRecord

from summary_pipeline_tests.end_to_end.neighbour import DEAD_LETTERS, TRANSCRIBED, Neighbour
from summary_pipeline_tests.waiting import eventually

pytestmark = pytest.mark.end_to_end

NO_JSON = b'{"id": "4c0f4e44-\xff\xfe'


@dataclass(frozen=True)
class Quarantine:
    """Where two bad messages stood, what became of them, and the video whose good event came after."""

    sent: dict[bytes, ConsumerRecord]
    found: dict[bytes, ConsumerRecord]
    following: int


@pytest.fixture(scope="module")
def quarantine(neighbour: Neighbour) -> Quarantine:
    video_id, object_key = neighbour.add_video()
    # All with one key, so that they stand in one partition and the good one behind the bad ones.
    sent = {
        b"no JSON": neighbour.produce(NO_JSON, key=b"lighthouse", headers=[("trace", b"no JSON")]),
        b"tombstone": neighbour.produce(None, key=b"lighthouse", headers=[("trace", b"tombstone")]),
    }
    neighbour.announce(video_id, object_key, message_key=b"lighthouse")
    neighbour.wait_for_status("indexing", video_id)

    def found() -> dict[bytes, ConsumerRecord]:
        letters = neighbour.messages(DEAD_LETTERS)
        return {trace: letter for letter in letters if (trace := dict(letter.headers).get("trace")) in sent}

    return Quarantine(sent, eventually(found, "two dead letters", until=lambda seen: len(seen) == 2), video_id)


@pytest.mark.parametrize(("which", "value"), [(b"no JSON", NO_JSON), (b"tombstone", None)])
def test_a_dead_letter_has_the_original_bytes_and_key(
    quarantine: Quarantine, which: bytes, value: bytes | None
) -> None:
    assert quarantine.found[which].value == value
    assert quarantine.found[which].key == b"lighthouse"


@pytest.mark.parametrize(("which", "reason"), [(b"no JSON", b"not_utf8"), (b"tombstone", b"tombstone")])
def test_a_dead_letters_headers_say_where_it_stood_and_why_it_is_there(
    quarantine: Quarantine, which: bytes, reason: bytes
) -> None:
    sent, headers = quarantine.sent[which], dict(quarantine.found[which].headers)
    assert headers["__connect.errors.topic"] == TRANSCRIBED.encode()
    assert headers["__connect.errors.partition"] == str(sent.partition).encode()
    assert headers["__connect.errors.offset"] == str(sent.offset).encode()
    assert headers["__connect.errors.exception.message"].startswith(reason)


def test_a_bad_message_is_dead_lettered_once(quarantine: Quarantine, neighbour: Neighbour) -> None:
    letters = [dict(letter.headers)["trace"] for letter in neighbour.messages(DEAD_LETTERS)]
    assert sorted(letters) == sorted(quarantine.sent)


def test_the_event_behind_the_bad_messages_is_summarized(quarantine: Quarantine, neighbour: Neighbour) -> None:
    assert neighbour.video(quarantine.following)["status"] == "indexing"
