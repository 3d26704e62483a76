"""The draw of a chaos run."""

from collections import Counter

import pytest

from summary_pipeline.contract.events import InvalidEventError, parse_video_transcribed
from summary_pipeline_tests.chaos.experiment import targets
from summary_pipeline_tests.chaos.script import BAD_KEY, Script, write_script
from summary_pipeline_tests.chaos.snapshot import events_of

PARTS = targets("apache")


@pytest.fixture(scope="module")
def script() -> Script:
    return write_script(1, events=300, kills=60, parts=PARTS)


def test_a_seed_fixes_the_script(script: Script) -> None:
    assert write_script(1, events=300, kills=60, parts=PARTS) == script
    assert write_script(2, events=300, kills=60, parts=PARTS) != script


def test_there_are_as_many_messages_and_kills_as_asked_for(script: Script) -> None:
    assert (len(script.sent), len(script.kills)) == (300, 60)
    assert [message.at for message in script.sent] == sorted(message.at for message in script.sent)
    assert [kill.at for kill in script.kills] == sorted(kill.at for kill in script.kills)


def test_every_part_is_killed_equally_often(script: Script) -> None:
    counts = Counter(kill.part for kill in script.kills)
    assert set(counts) == set(PARTS)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_each_kind_of_message_occurs(script: Script) -> None:
    ids = Counter(message.event_id for message in script.sent if message.event_id is not None)
    videos = Counter(event.video_id for event in events_of(script))
    assert any(message.event_id is None for message in script.sent)
    assert max(ids.values()) > 1
    assert max(videos.values()) > 1
    assert any(not event.has_transcript for event in events_of(script))


def test_what_is_meant_to_be_valid_is_and_the_rest_is_not(script: Script) -> None:
    for message in script.sent:
        if message.event_id is not None:
            event = parse_video_transcribed(message.value, message.key)
            assert (event.id, event.video_id, event.ts) == (message.event_id, message.video_id, message.ts)
        else:
            assert message.key.startswith(BAD_KEY)
            with pytest.raises(InvalidEventError):
                parse_video_transcribed(message.value, message.key)


def test_an_uploaded_transcript_is_there_for_every_event_that_is_to_succeed(script: Script) -> None:
    uploaded = {upload.key for upload in script.uploads}
    for message in script.sent:
        if message.event_id is not None:
            key = parse_video_transcribed(message.value, message.key).transcript_file_key
            assert (key in uploaded) == message.has_transcript


def test_the_mock_broker_is_not_killed_because_it_would_forget_its_messages() -> None:
    assert set(targets("apache")) - set(targets("mock")) == {"kafka"}
