import pytest

from summary_pipeline.report.failure_types import MAX_CHARACTERS, failure_type


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("s3://videos/transcripts/7/transcript.json does not exist.", "s3://other/up/8.vtt does not exist."),
        ("Video 7 is still 'uploading', and waits.", "Video 12345 is still 'pending', and waits."),
        (
            "No answer to request 7c9e6679-7425-40de-944b-e07fc1f90ae7.",
            "No answer to request 00000000-0000-4000-8000-000000000000.",
        ),
        ("This video may cost $0.5000. $0.1234 are spent.", "This video may cost $2.0000. $1.9 are spent."),
        ("3 runs ended, the last one is 4f2a9c01d3e7.", "4 runs ended, the last one is 99aa0b1c2d3e."),
        ("transcripts/9/t.json: snippet 40 has no text.", "up/2026/x.json: snippet 2 has no text."),
    ],
)
def test_messages_that_differ_in_ids_addresses_numbers_or_quotes_are_one_type(first: str, second: str) -> None:
    assert failure_type(first) == failure_type(second)


def test_different_failures_stay_apart() -> None:
    assert failure_type("The model declined to answer.") != failure_type("The answer is not JSON.")


def test_a_type_reads_like_the_message() -> None:
    assert failure_type("s3://videos/transcripts/7/t.json does not exist.") == "<address> does not exist."


def test_a_word_of_letters_alone_is_no_id() -> None:
    assert failure_type("The facadedeface is decayed.") == "The facadedeface is decayed."


def test_a_long_message_is_cut() -> None:
    assert len(failure_type("word " * 200)) == MAX_CHARACTERS
