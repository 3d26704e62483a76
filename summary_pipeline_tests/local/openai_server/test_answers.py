import json
import time
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it publishes no types
import pytest

from summary_pipeline.local.openai_server.answers import compose_answer
from summary_pipeline.local.openai_server.chat_request import ChatRequest
from summary_pipeline.local.openai_server.vocabulary import count_tokens
from summary_pipeline.summarization.cited_lines import read_partial
from summary_pipeline.summarization.language_model import JsonSchema
from summary_pipeline.summarization.sentences import count_sentences, split_sentences
from summary_pipeline.summarization.structured import read_final
from summary_pipeline_tests.local.openai_server.requests import (
    ARABIC,
    CAPTIONS,
    CHINESE,
    ENGLISH,
    final_request,
    partial_request,
    request,
    summaries_data,
    transcript_data,
)

LANGUAGES = pytest.mark.parametrize(
    ("snippets", "language"), [(ENGLISH, "en"), (CHINESE, "zh"), (ARABIC, "ar"), (CAPTIONS, "en")]
)


def answered(wanted: ChatRequest) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(compose_answer(wanted, "extractive"))
    assert wanted.schema is not None
    jsonschema.validate(content, wanted.schema.schema)
    return content


@LANGUAGES
def test_every_sentence_of_a_final_summary_stands_in_the_transcript(snippets: tuple[str, ...], language: str) -> None:
    answer = answered(final_request(transcript_data(snippets)))
    speech = " ".join(snippets).lower()
    assert answer["language"] == language
    assert 4 <= len(answer["sentences"]) <= 6
    for sentence in answer["sentences"]:
        assert sentence.rstrip(".。").lower() in speech
        assert count_sentences(sentence) == 1


@LANGUAGES
def test_sentences_keep_their_order(snippets: tuple[str, ...], language: str) -> None:
    sentences = answered(final_request(transcript_data(snippets)))["sentences"]
    speech = " ".join(snippets).lower()
    places = [speech.index(sentence.rstrip(".。").lower()) for sentence in sentences]
    assert places == sorted(places)
    assert language


@LANGUAGES
def test_a_part_is_summarized_within_its_limit(snippets: tuple[str, ...], language: str) -> None:
    wanted = partial_request(transcript_data(snippets * 3), limit=200)
    content = compose_answer(wanted, "extractive")
    answer = read_partial(content)
    assert count_tokens(content) <= 200
    speech = " ".join(snippets * 3).lower()
    assert [said.at for said in answer.statements] == [0]
    assert all(
        sentence.rstrip(".。").lower() in speech
        for said in answer.statements
        for sentence in split_sentences(said.text)
    )
    assert language


def test_cited_markers_stand_in_the_data_and_chapters_increase() -> None:
    snippets = tuple(f"{text} This was said in chapter {n // 40}." for n, text in enumerate(ENGLISH * 30))
    answer = answered(final_request(transcript_data(snippets), limit=1000))
    shown = transcript_data(snippets)
    starts = [chapter["at"] for chapter in answer["chapters"]]
    assert len(starts) > 2
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    for cited in (*answer["chapters"], *answer["key_points"]):
        assert f"\n[{cited['at']}] " in shown


def test_partial_summaries_are_reduced_to_their_own_sentences() -> None:
    data = summaries_data(8)
    answer = read_final(compose_answer(final_request(data), "extractive"))
    assert all(sentence in data for sentence in answer.sentences)
    starts = [chapter.at for chapter in answer.chapters]
    assert starts[0] == 0
    assert len(starts) == 5
    assert set(starts) <= {50 * n for n in range(16)}
    assert all(point.text in data for point in answer.key_points)


def test_partial_summaries_are_merged_into_one() -> None:
    data = summaries_data(6)
    answer = read_partial(compose_answer(partial_request(data), "extractive"))
    assert len(answer.statements) == 5
    for said in answer.statements:
        assert f"[{said.at}] {said.text}\n" in data


def test_too_few_sentences_are_made_enough() -> None:
    answer = answered(final_request(transcript_data(("One single sentence about lighthouses and their keepers.",))))
    assert len(answer["sentences"]) == 4


def test_a_transcript_without_speech_still_gets_a_valid_answer() -> None:
    assert answered(final_request(transcript_data(("...",))))["language"] == "und"


def test_a_schema_of_another_client_gets_a_document_that_satisfies_it() -> None:
    properties = {"title": {"type": "string"}, "score": {"type": "integer", "minimum": 1}}
    schema = {"type": "object", "properties": properties, "required": ["title", "score"], "additionalProperties": False}
    answer = answered(request(" ".join(ENGLISH), schema=JsonSchema("rating", schema)))
    assert answer["score"] == 1
    assert answer["title"]


def test_a_schema_of_ours_with_other_properties_is_not_taken_for_ours() -> None:
    schema = {"type": "object", "properties": {"x": {"type": "null"}}, "required": ["x"], "additionalProperties": False}
    assert answered(request(transcript_data(ENGLISH), schema=JsonSchema("final_summary", schema))) == {"x": None}


def test_a_plain_chat_gets_an_extract_of_the_last_message() -> None:
    content = compose_answer(request(" ".join(ENGLISH)), "extractive")
    assert count_sentences(content) == 5
    assert "Fresnel" in content


def test_json_mode_gets_an_object() -> None:
    wanted = request(" ".join(ENGLISH) + " Answer in JSON.", response_format={"type": "json_object"})
    assert set(json.loads(compose_answer(wanted, "extractive"))) == {"summary"}


def test_the_leading_style_takes_the_first_sentences() -> None:
    answer = read_final(compose_answer(final_request(transcript_data(ENGLISH)), "leading"))
    assert answer.sentences == ENGLISH[:5]


def test_the_same_request_gets_the_same_answer() -> None:
    wanted = final_request(transcript_data(ENGLISH))
    assert compose_answer(wanted, "extractive") == compose_answer(wanted, "extractive")


def test_the_time_for_an_answer_grows_with_the_length_alone() -> None:
    def seconds(repeats: int) -> float:
        snippets = tuple(f"{text[:-1]}, as number {n} in the book says." for n, text in enumerate(ENGLISH * repeats))
        wanted = final_request(transcript_data(snippets))

        def once() -> float:
            started = time.process_time()
            compose_answer(wanted, "extractive")
            return time.process_time() - started

        return min(once() for _ in range(3))

    # Eight times the text. In proportion to its square it would be 64 times as long.
    assert seconds(200) <= 32 * seconds(25)
