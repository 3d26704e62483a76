"""Every broken copy of a good summary scores below it, and a flag says why."""

import re

import pytest

from summary_pipeline.summarization.quality import score_summary
from summary_pipeline_tests.summarization.quality.breakages import ANYWHERE, Breakage, seeded
from summary_pipeline_tests.summarization.quality.good_summaries import BEES, GOOD, HUB, SHIPS, SOURDOUGH, transcript


@pytest.mark.parametrize("name", GOOD)
def test_a_good_summary_raises_no_flag_that_costs(name: str) -> None:
    file, good = GOOD[name]
    result = score_summary(transcript(file), good)
    assert set(result.flags) <= {"names_not_checked", "numbers_not_checked", "language_unknown"}
    assert result.score > 0.5


@pytest.mark.parametrize("breakage", ANYWHERE, ids=lambda breakage: breakage.name)
@pytest.mark.parametrize("name", GOOD)
def test_a_broken_copy_scores_less_and_says_why(name: str, breakage: Breakage) -> None:
    file, good = GOOD[name]
    source = transcript(file)
    for seed in range(3):
        broken = score_summary(source, breakage.make(source, good, seeded(seed)))
        assert broken.score < score_summary(source, good).score
        assert breakage.flags & set(broken.flags)


@pytest.mark.parametrize("name", GOOD)
def test_a_summary_of_another_video_scores_less_than_half(name: str) -> None:
    file, good = GOOD[name]
    source = transcript(file)
    for other in (summary for _, summary in GOOD.values() if summary != good):
        swapped = score_summary(source, other)
        assert swapped.score < score_summary(source, good).score / 2
        assert {"off_topic", "wrong_language"} & set(swapped.flags)


@pytest.mark.parametrize("name", GOOD)
def test_three_words_are_too_short(name: str) -> None:
    file, good = GOOD[name]
    result = score_summary(transcript(file), " ".join(good.split()[:3]) if " " in good else good[:6])
    assert "too_short" in result.flags
    assert result.score < 0.2


@pytest.mark.parametrize(
    ("summary", "number", "changed"),
    [
        (HUB, "ten", "14"),
        (SHIPS, "24,000", "42,000"),
        (SHIPS, "three tonnes", "nine tonnes"),
        (SHIPS, "six digits", "17 digits"),
    ],
)
def test_a_changed_number_scores_less(summary: str, number: str, changed: str) -> None:
    source = transcript(next(file for file, good in GOOD.values() if good == summary))
    good, broken = score_summary(source, summary), score_summary(source, summary.replace(number, changed))
    assert broken.score < good.score
    assert (broken.components["numbers"] or 0) < (good.components["numbers"] or 0)


def test_a_changed_number_that_the_source_lacks_is_named() -> None:
    source = transcript("102-loading-container-ships.json")
    broken = score_summary(source, SHIPS.replace("24,000", "87,500"))
    assert broken.evidence["unbacked_numbers"] == ("87,500",)


@pytest.mark.parametrize("name", ["Rotterdam", "Shanghai", "Napoli", "Gdansk"])
def test_a_changed_name_scores_less_and_is_named(name: str) -> None:
    source = transcript("102-loading-container-ships.json")
    broken = score_summary(source, SHIPS.replace(name, "Valparaiso"))
    assert broken.score < score_summary(source, SHIPS).score
    assert broken.evidence["unbacked_names"] == ("Valparaiso",)


def test_a_changed_name_scores_less_where_nothing_is_written_with_capitals() -> None:
    source, good = transcript("102-loading-container-ships.json"), SHIPS.lower()
    assert score_summary(source, good.replace("napoli", "valparaiso")).score < score_summary(source, good).score


def test_a_name_from_elsewhere_in_the_source_scores_less() -> None:
    source = transcript("102-loading-container-ships.json")
    assert score_summary(source, SHIPS.replace("Napoli", "Hamburg")).score < score_summary(source, SHIPS).score


@pytest.mark.parametrize("other", [BEES, SOURDOUGH])
def test_another_language_than_the_transcript_is_wrong_unless_it_was_asked_for(other: str) -> None:
    result = score_summary(transcript("101-bicycle-hub.json"), other)
    assert "wrong_language" in result.flags
    assert result.score < 0.2


def test_another_language_than_was_asked_for_is_wrong() -> None:
    assert "wrong_language" in score_summary(transcript("101-bicycle-hub.json"), HUB, language="de").flags


def test_words_drawn_from_the_transcript_are_no_summary() -> None:
    source = transcript("102-loading-container-ships.json")
    for seed in range(5):
        salad = " ".join(seeded(seed).sample(source.split(), 90))
        result = score_summary(source, salad)
        assert "word_salad" in result.flags
        assert result.score < 0.3


def test_a_copied_stretch_with_one_word_replaced_is_still_copied() -> None:
    source = " ".join(transcript("102-loading-container-ships.json").split())
    start = source.index("The route. Always")
    stretch = source[start : start + 500].rsplit(".", 1)[0] + "."
    assert "copied" in score_summary(source, re.sub(r"\bHamburg\b", "Valparaiso", stretch)).flags


def test_the_opening_of_prose_is_marked_as_copied_but_costs_nothing() -> None:
    prose = "The harbour authority raised its fees on Monday. " + " ".join(
        f"In district {n} the {word} waited for {n + 3} hours before the gates were opened by a guard."
        for n, word in enumerate(["ferry", "trawler", "tanker", "barge", "yacht", "tug", "liner", "dredger"])
    )
    result = score_summary(prose, prose[: prose.index("In district 2")].strip())
    assert "copied" in result.flags
    assert result.score > 0.5


@pytest.mark.parametrize("name", ["one English speaker", "an English interview", "German"])
def test_the_copied_opening_of_a_captioned_talk_scores_far_less_than_a_summary(name: str) -> None:
    file, good = GOOD[name]
    opening = " ".join(transcript(file).split())[: len(good)].rsplit(".", 1)[0] + "."
    copied = score_summary(transcript(file), opening)
    assert "copied" in copied.flags
    assert copied.score < score_summary(transcript(file), good).score - 0.3


def test_paragraphs_are_no_captions() -> None:
    paragraphs = ["The harbour authority raised its fees.", 'Ferries "pay more."', "Tankers wait.", "Tugs don't."] * 3
    assert "copied" in score_summary("\n".join(paragraphs), " ".join(paragraphs[:4])).flags
    assert score_summary("\n".join(paragraphs), " ".join(paragraphs[:4])).score > 0.5
