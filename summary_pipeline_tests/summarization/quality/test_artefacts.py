"""Refusals and instructions are found, and ordinary sentences with their words are not taken for them."""

import pytest

from summary_pipeline.summarization.quality import artefacts, documents, text_units
from summary_pipeline_tests.summarization.quality.artefact_texts import INCOMPLETE, ORDINARY, PROMPTS, REFUSALS, REPORTS

SOURCE = "The harbour authority raised its fees on Monday after a long debate."
GOOD = "The harbour authority raised its fees after a long debate."


def _flags(text: str) -> set[str]:
    summary = documents.read_summary(text_units.normalized(text))
    source = documents.read_source(text_units.cut(SOURCE), SOURCE, summary, "en")
    return set(artefacts.find_artefacts(source, summary))


@pytest.mark.parametrize("text", REFUSALS)
def test_a_model_that_declines_is_understood(text: str) -> None:
    assert artefacts.is_refusal(text)
    assert "refusal" in _flags(text)
    assert "refusal" in _flags(f"{text} {GOOD}")


@pytest.mark.parametrize("text", INCOMPLETE)
def test_what_asks_for_the_material_scores_as_a_refusal(text: str) -> None:
    assert "refusal" in _flags(text)


@pytest.mark.parametrize("text", REPORTS)
def test_a_summary_that_tells_of_a_refusal_is_none(text: str) -> None:
    for whole in (text, f"{text} {GOOD}", f"{GOOD} {text}"):
        assert not artefacts.is_refusal(whole)
        assert "refusal" not in _flags(whole)


@pytest.mark.parametrize("text", PROMPTS)
def test_instructions_before_or_behind_a_summary_are_noticed(text: str) -> None:
    assert "leaked_prompt" in _flags(f"{text} {GOOD}")
    assert "leaked_prompt" in _flags(f"{GOOD} {text}") or " " not in text


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_sentence_is_no_instruction(text: str) -> None:
    assert not _flags(f"{text} {GOOD}")
    assert not _flags(f"{GOOD} {text}")


def test_what_the_source_says_too_is_no_instruction() -> None:
    said = "Your task is to win."
    summary = documents.read_summary(said)
    source = documents.read_source(text_units.cut(said), said, summary, "en")
    assert artefacts.find_artefacts(source, summary) == {}
