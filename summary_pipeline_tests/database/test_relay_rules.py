import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.database.relay_rules import RelaySettings, backoff_seconds, message_key

SETTINGS = RelaySettings(backoff_seconds=5, longest_backoff_seconds=300, longest_outage_seconds=30)


def test_waits_double_up_to_a_limit() -> None:
    waits = [backoff_seconds(SETTINGS, failures, outage=False) for failures in range(1, 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_waits_for_an_outage_stay_short() -> None:
    assert [backoff_seconds(SETTINGS, failures, outage=True) for failures in range(1, 6)] == [5, 10, 20, 30, 30]


@given(failures=st.integers(0, 10**9), outage=st.booleans())
def test_any_number_of_failures_has_a_wait(failures: int, *, outage: bool) -> None:
    assert 5 <= backoff_seconds(SETTINGS, failures, outage=outage) <= 300


@pytest.mark.parametrize(
    ("payload", "key"),
    [
        ({"videoId": 7}, "7"),
        ({"videoId": "7"}, "7"),
        ({"videoId": " 7 "}, "7"),
        ({"videoId": None}, None),
        ({"videoId": True}, None),
        ({"videoId": 7.5}, None),
        ({"videoId": ""}, None),
        ({"videoId": [7]}, None),
        ({}, None),
        ([7], None),
        (7, None),
        ({"videoId": 7, "text": "\x00"}, "7"),
    ],
)
def test_the_key_is_the_video_id_as_a_string(payload: object, key: str | None) -> None:
    assert message_key(json.dumps(payload)) == key


@pytest.mark.parametrize("payload", ["[" * 10_000, '{"videoId": 7, "text": "\\ud800"}', "", "{"])
def test_a_payload_that_can_not_be_read_has_no_key(payload: str) -> None:
    assert message_key(payload) is None
