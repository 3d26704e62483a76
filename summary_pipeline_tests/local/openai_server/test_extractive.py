import itertools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.local.openai_server.extractive import (
    find_boundaries,
    rank_sentences,
    select_sentences,
    select_topics,
    select_words,
    terms,
)
from summary_pipeline_tests.local.openai_server.requests import CHINESE, ENGLISH


def alike(_term: str) -> float:
    return 1.0


def test_words_are_terms_in_lower_case_without_punctuation() -> None:
    assert terms("«Hello», said Ada: it's 5.") == ["hello", "said", "ada", "it's", "5"]


def test_pairs_of_characters_are_terms_where_no_spaces_separate_words() -> None:
    assert terms("灯塔的光 lens") == ["灯塔", "塔的", "的光", "lens"]


def test_the_sentence_that_shares_most_with_the_others_ranks_highest() -> None:
    sentences = ["Granite tower by the sea.", "Granite lamp.", "Tower lamp by the sea.", "Breakfast was early."]
    scores = rank_sentences(sentences, alike).scores
    assert max(scores) == 1.0
    assert min(range(4), key=scores.__getitem__) == 3


def test_terms_that_are_everywhere_do_not_make_a_sentence_central() -> None:
    sentences = [
        "You know I like people.",
        "You know I like the tower.",
        "The lamp of the tower.",
        "You know I like it.",
    ]
    rare = {"tower": 1.0, "lamp": 1.0}
    scores = rank_sentences(sentences, lambda term: rare.get(term, 0.01)).scores
    assert sorted(range(4), key=lambda i: -scores[i])[:2] == [1, 2] or scores[2] > scores[0]
    assert scores[1] > scores[0]
    assert scores[1] > scores[3]


def test_a_speakers_name_does_not_tie_sentences_together() -> None:
    named = rank_sentences(["Ada Miller: granite tower.", "Ada Miller: breakfast menu."], alike)
    assert named.vectors == ({}, {})


@pytest.mark.parametrize("sentences", [ENGLISH, CHINESE])
def test_a_selection_keeps_the_order_and_repeats_nothing(sentences: tuple[str, ...]) -> None:
    doubled = sentences + sentences
    chosen = select_sentences(rank_sentences(doubled, alike), 4)
    assert chosen == sorted(chosen)
    assert len({doubled[i] for i in chosen}) == len(chosen) == 4


def test_a_selection_leaves_out_what_does_not_fit() -> None:
    ranked = rank_sentences(ENGLISH, alike)
    longest = max(range(len(ENGLISH)), key=lambda i: len(ENGLISH[i]))
    chosen = select_sentences(ranked, 5, fits=lambda indices: longest not in indices)
    assert longest not in chosen
    assert len(chosen) == 5


def test_the_heaviest_consecutive_words_are_a_title() -> None:
    assert select_words("and so the granite tower, it burned", {"granite": 1.0, "tower": 1.0}, 2) == "granite tower"


def test_topics_are_rare_terms_that_come_more_than_once() -> None:
    passages = ["the lens and the tower", "the lens of the tower", "the people like the boat"]
    rare = {"lens": 1.0, "tower": 0.9, "people": 0.0}
    assert select_topics(passages, 3, lambda term: rare.get(term, 0.0))[:2] == ["lens", "tower"]


@given(st.lists(st.text(alphabet="ab ", max_size=40), min_size=1, max_size=40), st.integers(1, 12))
def test_sections_start_at_the_first_passage_and_increase(passages: list[str], sections: int) -> None:
    starts = find_boundaries(passages, sections, alike)
    assert starts[0] == 0
    assert all(earlier < later < len(passages) for earlier, later in itertools.pairwise(starts))
    assert len(starts) == min(sections, len(passages))


def test_a_section_starts_where_the_subject_changes() -> None:
    passages = ["granite tower lamp"] * 6 + ["water wheel mill"] * 5
    assert find_boundaries(passages, 2, alike) == [0, 6]


@given(st.lists(st.text(max_size=60), max_size=30))
def test_any_sentences_can_be_ranked_and_chosen_from(sentences: list[str]) -> None:
    ranked = rank_sentences(sentences, alike)
    assert len(ranked.scores) == len(sentences)
    assert all(0 <= score <= 1 for score in ranked.scores)
    assert len(select_sentences(ranked, 5)) == min(5, len(sentences))


def test_time_grows_in_proportion_to_the_text() -> None:
    draw = random.Random(1)  # noqa: S311 - repeatable on purpose
    vocabulary = [f"word{n}" for n in range(2000)]
    sentences = [" ".join(draw.choices(vocabulary, k=15)) + "." for _ in range(4000)]

    def seconds(count: int) -> float:
        started = time.process_time()
        select_sentences(rank_sentences(sentences[:count], alike), 8)
        return time.process_time() - started

    # Eight times the text. In proportion to its square it would be 64 times as long; a busy machine makes it up to 17.
    assert min(seconds(4000) for _ in range(3)) < 32 * min(seconds(500) for _ in range(3))
