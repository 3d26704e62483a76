from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.local.openai_server.request_data import (
    Passage,
    find_data,
    find_described_schema,
    split_text,
)
from summary_pipeline_tests.local.openai_server.requests import CAPTIONS, ENGLISH, summaries_data, transcript_data


def test_a_transcript_is_found_with_its_markers() -> None:
    data = find_data(transcript_data(ENGLISH))
    assert data is not None
    assert data.passages[0].marker == 0
    assert " ".join(passage.text for passage in data.passages) == " ".join(ENGLISH)


def test_instructions_around_the_data_are_not_data() -> None:
    data = find_data("Be brief.\n<data transcript 412>\n[3] Speech.\nMore.\n</data 412>\nThank you.")
    assert data is not None
    assert data.passages == (Passage(3, "Speech.\nMore."),)


def test_a_closing_line_with_another_id_does_not_end_the_data() -> None:
    data = find_data("<data transcript 41>\n[0] One.\n</data 42>\nTwo.\n</data 41>")
    assert data is not None
    assert data.passages[0].text.endswith("Two.")


def test_summaries_are_found_line_by_line() -> None:
    data = find_data(summaries_data(2))
    assert data is not None
    assert data.of_summaries
    assert [passage.marker for passage in data.passages] == [0, 50, 100, 150]
    assert data.passages[3].text == "The council paid for the harbours."


def test_a_prompt_without_data_lines_has_no_data() -> None:
    assert find_data("Write a summary of this: [0] text") is None


def test_a_schema_that_instructions_describe_is_found() -> None:
    found = find_described_schema('Be brief.\nAnswer with JSON only. JSON schema "chunk_summary":\n{"type":"object"}')
    assert found is not None
    assert (found.name, found.schema) == ("chunk_summary", {"type": "object"})
    assert find_described_schema('JSON schema "broken":\n{"type":}') is None
    assert find_described_schema("Be brief.") is None


def test_captions_without_punctuation_are_cut_into_pieces_that_can_be_chosen() -> None:
    pieces = split_text(" ".join(CAPTIONS))
    assert max(map(len, pieces)) <= 160
    assert " ".join(pieces) == " ".join(CAPTIONS)


@given(st.text(max_size=2000))
def test_cutting_loses_no_letter(text: str) -> None:
    letters = [character for character in text if character.isalnum()]
    assert [character for piece in split_text(text) for character in piece if character.isalnum()] == letters
