import math
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary_pipeline.summarization.normalization import RawSnippet, clean_text, normalize
from summary_pipeline.summarization.transcript import Snippet


def normalized(*snippets: RawSnippet | str) -> tuple[Snippet, ...]:
    return normalize(RawSnippet(one) if isinstance(one, str) else one for one in snippets).snippets


def texts(*snippets: RawSnippet | str) -> list[str]:
    return [snippet.text for snippet in normalized(*snippets)]


# Text.


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("  two \t words\n\u00a0\u3000\u2028 ", "two words"),
        ("a\0b\x07c\x1bd", "abcd"),
        ("\ufeffzero\u200bwidth\u00ad", "zerowidth"),
        ("\u202eright\u202c to \u2067left\u2069\u200f", "right to left"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        ("e\u0301", "é"),
        ("x² ﬁ", "x² ﬁ"),
        ("\ud83d\ude00 \ud800", "😀 \ufffd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("Tom &amp; Jerry &#39;s &quot;show&quot;&nbsp;!", 'Tom & Jerry \'s "show" !'),
        ("it&amp;#39;s", "it's"),
        ("&#0;&#xD800;", "\ufffd\ufffd"),
        (f"&#{'9' * 5000};", "\ufffd"),
        ("&notanentity; & so", "¬anentity; & so"),
        ("<i>so</i> <c.colorE5E5E5>we</c><00:00:01.200><c> go</c>", "so we go"),
        ("H<sub>2</sub>O", "H2O"),
        ("one<br/>two</p><p>three", "one two three"),
        ("<v Ada Lovelace>Hello</v>", "Ada Lovelace: Hello"),
        ("{\\an8}{\\i1}up{\\i0}", "up"),
        ("a &lt;b&gt; c", "a <b> c"),
        ("1 < 2 > 0, I <3 you, List<int>", "1 < 2 > 0, I <3 you, List<int>"),
        ("if a<b and c>d", "if a<b and c>d"),
        ("while i<p or q>r: x<s, y>z", "while i<p or q>r: x<s, y>z"),
        (
            '<font color="#fff">so</font> <i class=x>we</i> <lang en-GB>go</lang> <br />on<p class="a">x',
            "so we go on x",
        ),
        ("<|endoftext|>", "<|endoftext|>"),
    ],
)
def test_text_is_cleaned(written: str, clean: str) -> None:
    assert clean_text(written) == clean


@settings(max_examples=400, deadline=None)
@given(text=st.text(st.characters(exclude_categories=[]), max_size=60))
def test_clean_text_can_be_stored_and_seen(text: str) -> None:
    clean = clean_text(text)

    assert clean == " ".join(clean.split())
    assert unicodedata.is_normalized("NFC", clean)
    assert clean.encode().decode() == clean
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in clean)


def test_composing_takes_time_that_grows_with_the_length() -> None:
    # Python itself would take minutes.
    assert len(clean_text("a" + "\u0301\u0323" * 500_000)) >= 500_000


# Empty snippets and times.


def test_snippets_without_speech_are_dropped() -> None:
    assert texts("one", "", " \n", "[Music]", "two") == ["one", "two"]


def test_nothing_is_left_of_nothing() -> None:
    assert normalized() == ()
    assert normalized("", "♪") == ()


def test_snippets_are_put_in_the_order_of_their_starts() -> None:
    assert texts(RawSnippet("c", 9.0), RawSnippet("a", 1.0), RawSnippet("b", 4.0)) == ["a", "b", "c"]


def test_snippets_of_one_start_keep_their_order() -> None:
    assert texts(*(RawSnippet(letter, 5.0) for letter in "badc"), RawSnippet("first", 1.0)) == ["first", *"badc"]


def test_a_snippet_without_start_stays_behind_the_one_it_followed() -> None:
    found = texts("title", RawSnippet("b", 5.0), "after b", RawSnippet("a", 1.0), "after a", RawSnippet("c", 9.0))

    assert found == ["title", "a", "after a", "b", "after b", "c"]


def test_without_times_the_order_is_the_documents() -> None:
    assert texts("c", "a", "b") == ["c", "a", "b"]


def test_overlapping_snippets_keep_their_times() -> None:
    snippets = (RawSnippet("one", 0.0, 5.0), RawSnippet("two", 2.0, 6.0))

    assert normalized(*snippets) == tuple(Snippet(text=raw.text, start=raw.start, end=raw.end) for raw in snippets)


@pytest.mark.parametrize("end", [4.9, -1.0, math.nan, math.inf, None])
def test_an_end_that_cannot_be_is_none(end: float | None) -> None:
    assert normalized(RawSnippet("a", 5.0, end)) == (Snippet(text="a", start=5.0),)


@pytest.mark.parametrize("start", [math.nan, math.inf, -math.inf, -1.0, 1e9])
def test_a_start_that_cannot_be_is_none(start: float) -> None:
    assert normalized(RawSnippet("a", start)) == (Snippet(text="a"),)


def test_what_is_said_twice_at_the_same_time_is_said_once() -> None:
    assert texts(RawSnippet("a b", 1.0), RawSnippet("a b", 1.0), RawSnippet("a b", 2.0), "a b") == ["a b", "a b", "a b"]


# Rolling captions.

LINES = ["so today we are going to", "talk about the history of", "the bicycle and why it", "took so long to be made"]


def test_captions_that_show_the_last_line_again_are_unrolled() -> None:
    rolling = [LINES[0], *(f"{before}\n{line}" for before, line in pairwise(LINES))]

    assert texts(*rolling) == LINES


def test_captions_with_a_copy_of_each_finished_line_are_unrolled() -> None:
    rolling = [
        snippet
        for number, line in enumerate(LINES)
        for snippet in (
            RawSnippet(" ".join(LINES[max(number - 1, 0) : number + 1]), 2.0 * number),
            RawSnippet(line, 2.0 * number + 1.9),
        )
    ]

    assert [(snippet.text, snippet.start) for snippet in normalized(*rolling)] == [
        (line, 2.0 * number) for number, line in enumerate(LINES)
    ]


def test_captions_that_grow_are_unrolled() -> None:
    spoken = LINES[0].split()
    growing = [" ".join(spoken[: count + 1]) for count in range(2, len(spoken))]

    assert " ".join(texts(*growing)) == LINES[0]


def test_rolling_lines_of_a_script_without_spaces_are_unrolled() -> None:
    lines = ["今天我们来谈谈", "自行车的历史以及", "为什么花了这么久", "才被发明出来"]
    rolling = [lines[0], *(f"{before}\n{line}" for before, line in pairwise(lines))]

    assert texts(*rolling) == lines


def test_people_who_repeat_themselves_are_not_unrolled() -> None:
    spoken = [
        "We will, we will rock you.", "We will, we will rock you.", "We will, we will rock you.", "No.", "No.",
        "No, no.",
        "That is what I said.", "That is what I said, and I meant it.", "I meant it.", "And then we went home.",
        "Home is far.",
    ]  # fmt: skip

    assert texts(*spoken) == spoken


def test_a_few_repetitions_do_not_make_captions_rolling() -> None:
    spoken = [
        *(f"{before} {after}" for before, after in pairwise(LINES)),
        *(f"Sentence {number}." for number in range(9)),
    ]

    assert texts(*spoken) == spoken


def test_captions_of_one_word_are_not_unrolled() -> None:
    spoken = str.split("it was the best of times it was the worst of times it was the age of very very good wisdom")

    assert texts(*spoken) == spoken


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(["one", "two", "three", "four", "five"]), min_size=1, max_size=6),
        min_size=2,
        max_size=12,
    )
)
def test_unrolling_gives_back_the_lines(spoken: list[list[str]]) -> None:
    # Numbered, so that lines differ and what repeats is the rolling alone.
    lines = [" ".join([f"line{number:03}", *line]) for number, line in enumerate(spoken)]
    rolling = [lines[0], *(f"{before}\n{line}" for before, line in pairwise(lines))]

    expected = lines if len(lines) > 2 else rolling
    assert " ".join(texts(*rolling)).split() == " ".join(expected).split()
