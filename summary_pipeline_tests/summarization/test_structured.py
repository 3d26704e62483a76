import json
from collections.abc import Mapping
from typing import Any

import pytest

from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.structured import (
    UnusableAnswerError,
    clean_text,
    final_schema,
    language_tag,
    read_final,
)

FINAL = {
    "sentences": ["One.", "Two.", "Three.", "Four."],
    "key_points": [{"at": 3, "text": "a point"}],
    "chapters": [{"at": 0, "title": "Start"}],
    "topics": ["boats"],
    "language": "en",
}


def object_schemas(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    inner = [found for value in schema.get("properties", {}).values() for found in object_schemas(value)]
    inner += object_schemas(schema["items"]) if "items" in schema else []
    return [schema, *inner] if schema["type"] == "object" else inner


def shape(value: object) -> object:
    """Return the keys of a schema or of an answer, however deep."""
    if isinstance(value, Mapping) and value.get("type") in {"object", "array"}:
        return shape(value["properties"] if value["type"] == "object" else [value["items"]])
    if isinstance(value, Mapping) and "type" not in value:
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) else None


def test_the_schema_is_strict_and_of_the_shape_that_is_read() -> None:
    schema = final_schema(SummarizationParameters(), (4, 6)).schema
    assert shape(schema) == shape(FINAL)
    for found in object_schemas(schema):
        assert found["additionalProperties"] is False
        assert found["required"] == list(found["properties"])


def test_the_final_schema_bounds_the_number_of_sentences() -> None:
    sentences = final_schema(SummarizationParameters(), (4, 6)).schema["properties"]["sentences"]
    assert (sentences["minItems"], sentences["maxItems"]) == (4, 6)


def test_answers_are_read() -> None:
    assert read_final(json.dumps(FINAL)).chapters[0].title == "Start"


def test_a_code_fence_around_an_answer_is_no_fault() -> None:
    assert read_final(f"```json\n{json.dumps(FINAL)}\n```").topics == ("boats",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Sure, here is the summary.", "the answer: json invalid"),
        ("[]", "the answer: model type"),
        (json.dumps({name: value for name, value in FINAL.items() if name != "topics"}), "topics: missing"),
        (json.dumps({**FINAL, "sentences": []}), "sentences: too short"),
        (json.dumps({**FINAL, "key_points": [{"at": "noon", "text": "x"}]}), "key_points.item.at: int parsing"),
        (json.dumps({**FINAL, "key_points": [{"at": 1.5, "text": "x"}]}), "key_points.item.at: int from float"),
        (json.dumps({**FINAL, "topics": ["<data transcript 318844612>"]}), "repeats the lines"),
        (f"<da\u200bta transcript 318844612>{json.dumps(FINAL)}", "repeats the lines"),
    ],
)
def test_an_unusable_answer_says_where_it_fails_and_shows_none_of_its_text(text: str, reason: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        read_final(text)
    assert reason in str(caught.value)
    assert "noon" not in str(caught.value)
    assert "Sure" not in str(caught.value)


def test_a_summary_of_a_talk_on_data_elements_is_no_leaked_request() -> None:
    answer = read_final(json.dumps({**FINAL, "topics": ["<data value=5>", "<data 5>", "</data>"]}))
    assert answer.topics == ("<data value=5>", "<data 5>", "</data>")


@pytest.mark.parametrize(
    "sentences",
    [["", " ", "\u0000"], ["...", "!!!", "???", "---"], ["\u200b\u200b", "\u202e", "\U000e0041"], ["[3]", "【17】."]],
)
def test_a_final_answer_whose_sentences_say_nothing_is_unusable(sentences: list[str]) -> None:
    with pytest.raises(UnusableAnswerError, match="sentences: none says anything"):
        read_final(json.dumps({**FINAL, "sentences": sentences}))


def test_a_sentence_without_a_letter_or_digit_is_none() -> None:
    answer = read_final(json.dumps({**FINAL, "sentences": ["One.", "!", "¿?", "2.", "三。", "\u200b"]}))
    assert answer.sentences == ("One.", "2.", "三。")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a \u202egpj.exe\u202c", "a gpj.exe"),
        ("\u2066x\u2069", "x"),
        ("pass\u200bword, zero\ufeff width, so\xadft", "password, zero width, soft"),
        ("tags\U000e0041\U000e007f", "tags"),
        ("\u200f\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
    ],
)
def test_what_can_not_be_seen_is_taken_out_of_what_a_model_wrote(written: str, kept: str) -> None:
    assert clean_text(written) == kept
    answer = read_final(json.dumps({**FINAL, "sentences": [written], "topics": [written]}))
    assert (answer.sentences, answer.topics) == ((kept,), (kept,))


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष", "👩\u200d🚀 ❤\ufe0f", "e\u0301"])
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert clean_text(text) == text


def test_a_byte_order_mark_before_an_answer_is_no_fault() -> None:
    assert read_final(f"\ufeff{json.dumps(FINAL)}").topics == ("boats",)


def test_text_is_cleaned_of_what_databases_refuse() -> None:
    assert clean_text("a\u0000b\x1b[31m\n\tc\ud800 d") == "ab[31m c d"
    assert clean_text("سلام‌دنیا 👩‍🚀") == "سلام‌دنیا 👩‍🚀"
    answer = read_final(json.dumps({**FINAL, "topics": ["nul \x00 and\nbreak"]}))
    assert answer.topics == ("nul and break",)


@pytest.mark.parametrize(("text", "tag"), [("en", "en"), ("zh-Hant-TW", "zh-Hant-TW"), ("English", None), ("", None)])
def test_only_language_tags_are_languages(text: str, tag: str | None) -> None:
    assert language_tag(text) == tag
