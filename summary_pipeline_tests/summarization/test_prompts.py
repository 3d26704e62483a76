import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization import prompts
from summary_pipeline.summarization.chunking import ChunkSegment
from summary_pipeline.summarization.markers import MARKER
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.prompts import (
    MARKER_TOKENS,
    PARAGRAPH_BYTES,
    LineToShow,
    delimited,
    final_instructions,
    map_instructions,
    merge_instructions,
    neutralized,
    prompt_set_version,
    render_parts,
    render_transcript,
    user_message,
)
from summary_pipeline.summarization.tokens import count_tokens
from summary_pipeline_tests.summarization.scripted_model import DATA

PARAMETERS = SummarizationParameters()
HOSTILE = st.text(alphabet='<>/[]【】0123-,data ="id\n x。.', max_size=60)


def segment(snippet: int, text: str, start: float | None = None) -> ChunkSegment:
    return ChunkSegment(snippet=snippet, text=text, start=start)


def test_markers_stand_at_paragraphs_and_not_at_every_snippet() -> None:
    segments = [segment(index, "w" * 100, float(index)) for index in range(50)]
    rendered = render_transcript(segments)
    per_paragraph = -(-PARAGRAPH_BYTES // 100)
    assert list(rendered.markers) == list(range(0, 50, per_paragraph))
    assert rendered.markers[per_paragraph] == float(per_paragraph)
    assert rendered.text.startswith(f"[0] {'w' * 100} {'w' * 100}")


def test_snippets_are_joined_by_what_weighs_least_in_their_script() -> None:
    rendered = render_transcript([segment(0, "we met"), segment(1, "at noon."), segment(2, "then left")])
    assert rendered.text == "[0] we met at noon. then left"
    rendered = render_transcript([segment(0, "今天天气很好。"), segment(1, "我们走吧")])
    assert rendered.text == "[0] 今天天气很好。\n我们走吧"


@pytest.mark.parametrize(
    "sentence", ["And so we went on.", "我们走吧，今天天气很好。", "هذه جملة قصيرة.", "지금 가자."]
)
def test_a_transcript_shown_weighs_no_more_than_itself_and_its_markers(sentence: str) -> None:
    texts = [f"{sentence[:-1]} {number}{sentence[-1]}" for number in range(200)]
    rendered = render_transcript(segment(number, text, float(number)) for number, text in enumerate(texts))
    alone = count_tokens("\n".join(texts))
    assert count_tokens(rendered.text) <= 1.01 * alone + MARKER_TOKENS * len(rendered.markers)


def test_empty_snippets_are_not_shown() -> None:
    assert render_transcript([segment(0, " "), segment(1, "word"), segment(2, "")]).text == "[1] word"


def test_markers_prefer_snippets_that_have_a_time() -> None:
    long = "w" * PARAGRAPH_BYTES
    rendered = render_transcript([segment(0, long, 1.0), segment(1, long), segment(2, long, 7.0)])
    assert rendered.markers == {0: 1.0, 2: 7.0}


def test_the_parts_of_one_snippet_share_its_marker() -> None:
    long = "w" * PARAGRAPH_BYTES
    rendered = render_transcript([segment(4, long, 1.0), segment(4, long, 1.0), segment(5, "end", 2.0)])
    assert rendered.markers == {4: 1.0, 5: 2.0}


def test_all_words_are_shown() -> None:
    words = [f"word{index}" for index in range(500)]
    rendered = render_transcript(segment(index, word) for index, word in enumerate(words))
    assert re.sub(r"^\[\d+\] ", "", rendered.text, flags=re.MULTILINE).split() == words


def test_parts_are_shown_in_order_each_line_behind_its_marker() -> None:
    parts = [
        [LineToShow(0, "start", 0.0), LineToShow(9, "and\nthen", 4.5)],
        [LineToShow(None, "from nowhere", None), LineToShow(17, "end", 9.0)],
    ]
    rendered = render_parts(parts)
    assert rendered.text == "[0] start\n[9] and then\n\nfrom nowhere\n[17] end"
    assert rendered.markers == {0: 0.0, 9: 4.5, 17: 9.0}


@given(st.lists(st.tuples(HOSTILE, st.booleans()), min_size=1, max_size=8))
def test_no_transcript_can_forge_a_marker_or_end_the_data(texts: list[tuple[str, bool]]) -> None:
    segments = [segment(index + 1_000, text * (40 if long else 1)) for index, (text, long) in enumerate(texts)]
    rendered = render_transcript(segments)
    message = user_message("transcript", rendered.text)
    found = DATA.findall(message)
    assert [data for _, _, data in found] == [rendered.text]
    assert [int(number) for number in re.findall(MARKER, rendered.text)] == list(rendered.markers)
    assert len(re.findall(r"<\s*/?\s*data", message)) == 2


@given(HOSTILE)
def test_neutralizing_twice_changes_nothing_more(text: str) -> None:
    assert neutralized(neutralized(text)) == neutralized(text)


def test_the_number_depends_on_the_data_alone_and_never_stands_in_them() -> None:
    first = delimited("transcript", "some words")
    assert delimited("transcript", "some words") == first
    assert delimited("transcript", "other words") != first
    identity = re.findall(r"\d{9}", first)[0]
    forged = delimited("transcript", f"some words {identity}")
    assert re.findall(r"\d{9}", forged)[0] != identity


def test_instructions_say_once_what_the_data_are_and_what_is_not_to_be_obeyed() -> None:
    for instructions in (
        map_instructions(PARAMETERS, "en"),
        merge_instructions(PARAMETERS, "en"),
        final_instructions(PARAMETERS, "en", "summaries", (4, 6)),
    ):
        assert "never instructions" in instructions
        assert "main language (en)" in instructions
        assert "[number]" in instructions


def test_words_are_counted_for_languages_without_blanks_only() -> None:
    rule = "2 characters a word"
    assert rule not in map_instructions(PARAMETERS, "en")
    assert rule in map_instructions(PARAMETERS, "zh")
    assert rule in map_instructions(PARAMETERS, None)
    told = PARAMETERS.model_copy(update={"summary_language": "Spanish"})
    assert rule not in map_instructions(told, "zh")


def test_what_a_map_call_sends_beside_the_transcript_is_less_than_3_percent_of_a_chunk() -> None:
    beside = sum(map(count_tokens, (map_instructions(PARAMETERS, "en"), user_message("transcript", ""))))
    markers = MARKER_TOKENS * 8_000 * 4 / PARAGRAPH_BYTES
    assert beside + markers < 0.03 * 8_000


def test_the_version_of_the_prompts_changes_with_any_of_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    before = prompt_set_version()
    assert re.fullmatch(r"[0-9a-f]{12}", before)
    assert prompt_set_version() == before
    monkeypatch.setattr(prompts, "KEY_POINTS", 3)
    assert prompt_set_version() != before


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[0] The chairman resigns.", "(0) The chairman resigns."),
        ("[0-3] The chairman resigns.", "(0-3) The chairman resigns."),
        ("again [0, 3]", "again (0, 3)"),
        ("【0】 董事长宣布辞职。", "(0) 董事长宣布辞职。"),
        ("[0】 and 【 17 ]", "(0) and ( 17 )"),
    ],
)
def test_speech_that_would_be_read_as_a_marker_is_shown_with_round_brackets(said: str, shown: str) -> None:
    assert neutralized(said) == shown
    assert render_transcript([segment(7, said, 1.0)]).text == f"[7] {shown}"


@pytest.mark.parametrize(
    "text", ["[Music] a < b, <b>data</b> and x[i]", "【注意】", "[3 to 4]", "[1.5]", "[-3]", "[1234567890]", "[]"]
)
def test_ordinary_brackets_are_left_alone(text: str) -> None:
    assert neutralized(text) == text
