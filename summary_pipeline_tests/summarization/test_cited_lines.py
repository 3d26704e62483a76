import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.cited_lines import read_partial
from summary_pipeline.summarization.structured import UnusableAnswerError

MARKED = "[3] The tram stays.\n[40] Works start in March."
STATEMENTS = [(3, "The tram stays."), (40, "Works start in March.")]


def statements(text: str) -> list[tuple[int | None, str]]:
    return [(said.at, said.text) for said in read_partial(text).statements]


@pytest.mark.parametrize(
    "text",
    [
        MARKED,
        MARKED.replace("\n", "\n\n"),
        MARKED.replace("\n", " "),
        f"```\n{MARKED}\n```",
        f"Here is the summary:\n{MARKED}",
        "- [3] The tram stays.\n- [40] Works start in March.",
        "1. [ 3 ] The tram stays.\n2. [40] Works start in March.",
        "[3-17] The tram stays.\n[40, 52] Works start in March.",
        "The tram stays. [3]\nWorks start in March. [40]",
        "The tram stays [3].\nWorks start in March [40].",
        "The tram stays [3]. Works start in March [40].",
        "- The tram stays. [3]\n- Works start in March. [40]",
        "**[3]** The tram stays.\n**[40]** Works start in March.",
        "[3]: The tram stays.\n[40] - Works start in March.",
        "> [3] The tram stays.\n> [40] Works start in March.",
        "【3】The tram stays.\n【40】Works start in March.",
        "[3] The tram stays.\n[40] Works start in March [52].",
        "\u200f[3] The tram stays.\u202c\n\u200f[40] Works \u2066start\u2069 in March.",
    ],
)
def test_lines_are_read_in_whatever_way_models_mark_them(text: str) -> None:
    assert statements(text) == STATEMENTS


def test_a_statement_may_have_several_lines() -> None:
    assert statements("[3] The tram\nstays.\n[40] Works start in March.") == STATEMENTS


def test_what_is_said_before_the_first_marker_is_kept_without_citation() -> None:
    assert statements(f"The budget is short.\n{MARKED}") == [(None, "The budget is short."), *STATEMENTS]


def test_what_is_said_behind_an_empty_line_without_a_marker_is_no_part_of_the_statement_before() -> None:
    assert statements(f"{MARKED}\n\nThe rest is greetings.") == [*STATEMENTS, (None, "The rest is greetings.")]


def test_numbers_in_brackets_within_a_sentence_are_part_of_it() -> None:
    assert statements("[3] In code, arr[0] is the first.") == [(3, "In code, arr[0] is the first.")]


def test_an_announcement_does_not_shift_the_citations() -> None:
    text = f"Here is a summary.\n{MARKED}\n[52]"
    assert statements(text) == [(None, "Here is a summary."), *STATEMENTS]


def test_a_marker_without_words_is_left_out() -> None:
    assert statements("[3] The tram stays.\n[25]\n[40] Works start in March.") == STATEMENTS


def test_text_is_cleaned_of_what_databases_refuse() -> None:
    assert statements("[1] nul \x00 and\x1b break") == [(1, "nul and break")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("The tram stays, and nothing is cited.", "no line starts with the [number]"),
        ('{"points": [{"at": 3, "text": "x"}]}', "no line starts with the [number]"),
        ("[noon] The tram stays.", "no line starts with the [number]"),
        ("[3]\n[40] \n", "say nothing"),
        (f"<data transcript 318844612>\n{MARKED}", "repeats the lines"),
    ],
)
def test_an_unusable_answer_says_why_and_shows_none_of_its_text(text: str, reason: str) -> None:
    with pytest.raises(UnusableAnswerError) as caught:
        read_partial(text)
    assert reason in str(caught.value)
    assert "tram" not in str(caught.value)


LETTERS = st.characters(categories=["L", "N"])
WORDS = st.text(st.characters(categories=["L", "N", "P"], exclude_characters="[]【】"), max_size=40)


@given(st.lists(st.tuples(st.integers(0, 10**9 - 1), LETTERS, WORDS, LETTERS), min_size=1, max_size=10))
def test_every_cited_line_is_read_back(drawn: list[tuple[int, str, str, str]]) -> None:
    said = [(at, f"{first}{words}{last}") for at, first, words, last in drawn]
    assert statements("\n".join(f"[{at}] {text}" for at, text in said)) == said
