import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summary_pipeline.summarization.quality.retrieval import WINDOW_UNITS, Passages
from summary_pipeline_tests.summarization.quality.good_summaries import transcript

FILLER = "Then they went on talking about the weather and the market in the old town for a long while. " * 40
NEEDLE = "The Fresnel lens made the lighthouse visible from twenty miles."


def test_the_passage_that_a_sentence_is_about_is_found() -> None:
    found = Passages(FILLER + NEEDLE + FILLER).about("A Fresnel lens in the lighthouse.", 1)
    assert len(found) == 1
    assert "Fresnel" in found[0]


def test_passages_come_in_the_transcripts_order() -> None:
    text = f"{FILLER} A dentist bought violins. {FILLER} Seven violins, and violins again, were sold. {FILLER}"
    first, *_, last = Passages(text).about("Violins were bought and seven violins sold.", 4)
    assert text.index(first[:60]) <= text.index(last[:60])


def test_a_sentence_that_shares_nothing_finds_nothing() -> None:
    assert Passages(FILLER).about("Zwölf Boxkämpfer jagen Viktor quer.", 3) == []


def test_an_extract_has_a_passage_of_each_part() -> None:
    text = "\n".join(f"In district {n} the ferry of captain {n} waited for hours at gate {n}." for n in range(2_000))
    extract = Passages(text).extract(12)
    assert len(extract) == 12
    shares = [text.index(passage[:40]) / len(text) for passage in extract]
    assert shares == sorted(shares)
    assert all(int(share * 12) == part for part, share in enumerate(shares))


@pytest.mark.parametrize("name", ["105-bees-in-winter.vtt", "107-map-projections.txt", "101-bicycle-hub.json"])
def test_scripts_of_all_kinds_are_cut(name: str) -> None:
    passages = Passages(transcript(name))
    assert passages.extract(3)
    assert max(window.length for window in passages.windows) <= 2 * WINDOW_UNITS


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=400), st.text(max_size=60), st.integers(1, 5))
def test_any_text_can_be_cut_and_searched(text: str, sentence: str, most: int) -> None:
    passages = Passages(text)
    assert len(passages.about(sentence, most)) <= most
    assert 1 <= len(passages.extract(most)) <= most


def test_a_transcript_of_180_000_tokens_is_searched_within_two_seconds_of_processor_time() -> None:
    words = transcript("103-how-food-is-kept.json").split()
    long = "\n".join(" ".join(f"{word}{index % 3 or ''}" for word in words) for index in range(18))
    started = time.process_time()
    passages = Passages(long)
    for _ in range(6):
        passages.about("Salt and smoke keep food from spoiling for a whole winter.", 3)
    passages.extract(12)
    assert time.process_time() - started <= 2.0
