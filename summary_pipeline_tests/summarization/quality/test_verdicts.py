import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.cost import Usage
from summary_pipeline.summarization.quality import verdicts
from summary_pipeline.summarization.summary import Chapter, FinalSummary, Provenance
from summary_pipeline_tests.summarization.quality.artefact_texts import REPORTS
from summary_pipeline_tests.summarization.quality.good_summaries import BEES, GOOD, HUB, MAPS, SOURDOUGH, transcript

LIMITS = verdicts.LengthLimits(4, 6, 500)
SCORES = st.floats(0, 1)


def provenance(covered: int = 900, transcript_tokens: int = 900) -> Provenance:
    return Provenance(
        requested_model="m",
        answered_by=("m",),
        prompt_versions={},
        parameters={},
        single_call=True,
        chunk_count=1,
        snippet_count=9,
        transcript_tokens=transcript_tokens,
        encoding="o200k_base",
        covered_tokens=covered,
        coverage=covered / max(1, transcript_tokens),
        reduce_levels=1,
        usage=Usage(),
        stored_usage=Usage(),
        stored_answers=0,
    )


def final(summary: str = HUB, chapters: tuple[Chapter, ...] = ()) -> FinalSummary:
    return FinalSummary(
        summary=summary,
        sentence_count=5,
        key_points=(),
        chapters=chapters,
        topics=(),
        language="en",
        model="m",
        provenance=provenance(),
    )


@pytest.mark.parametrize(("covered", "complete"), [(900, True), (899, False), (901, False), (0, False)])
def test_coverage_is_complete_only_where_it_is_exact(covered: int, *, complete: bool) -> None:
    verdict = verdicts.judge_coverage(provenance(covered))
    assert verdict.passed is complete
    assert f"{covered} of 900 tokens" in verdict.reason


def test_a_transcript_without_tokens_is_not_covered() -> None:
    assert not verdicts.judge_coverage(provenance(0, 0)).passed


@pytest.mark.parametrize("summary", [good for _, good in GOOD.values()])
def test_a_good_summary_is_well_formed(summary: str) -> None:
    assert verdicts.judge_form(final(summary), material="").passed


@pytest.mark.parametrize(
    ("summary", "fault"),
    [
        ("...", "no words"),
        ("The hub\x00 turns.", "can't be stored or seen"),
        ("The hub \u202eturns.", "can't be stored or seen"),
        ('{"sentences": ["The hub turns."]}', "JSON"),
        ('The hub turns. "key_points": []', "JSON"),
        ("```json The hub turns.", "JSON"),
        ('<data kind="transcript" id="0a1b2c"> The hub turns.', "delimit"),
        ("I'm sorry, but I can't help with that.", "declines"),
        ("As an AI language model, I cannot watch videos.", "declines"),
        ("抱歉，我无法总结这个视频。", "declines"),
    ],
)
def test_what_is_no_summary_is_named(summary: str, fault: str) -> None:
    verdict = verdicts.judge_form(final(summary), material="")
    assert not verdict.passed
    assert fault in verdict.reason
    assert "SUMMARY_FORCE" in verdict.reason


@pytest.mark.parametrize(
    "summary", ["I'm sorry, but I can't help with that.", 'The file says "points": and then nothing.']
)
def test_what_the_video_itself_says_is_not_held_against_its_summary(summary: str) -> None:
    assert verdicts.judge_form(final(summary), material=f"They said: {summary}").passed


def test_a_long_summary_that_reports_a_refusal_is_no_refusal() -> None:
    assert verdicts.judge_form(final(f"As an AI, the speaker says, it can't help. {HUB}"), material="").passed


@pytest.mark.parametrize("summary", REPORTS)
def test_a_short_summary_that_tells_of_a_refusal_is_saved(summary: str) -> None:
    assert verdicts.judge_form(final(summary), material="").passed


def test_chapters_in_disorder_are_no_answer() -> None:
    chapters = (Chapter(title="b", snippet=9), Chapter(title="a", snippet=3))
    assert not verdicts.judge_form(final(chapters=chapters), material="").passed


@pytest.mark.parametrize(
    ("summary", "wanted", "stated", "material", "passes"),
    [
        (HUB, None, "en", "", True),
        (HUB, None, None, transcript("101-bicycle-hub.json"), True),
        (HUB, None, "de", "", False),
        (HUB, "de", "en", "", False),
        (SOURDOUGH, "German", "en", "", True),
        (SOURDOUGH, None, None, transcript("101-bicycle-hub.json"), False),
        (BEES, "zh-CN", "en", "", True),
        (MAPS, "en", None, "", False),
        (HUB, None, None, "", True),
        ("Ok.", "en", None, "", True),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_transcripts(
    summary: str, wanted: str | None, stated: str | None, material: str, *, passes: bool
) -> None:
    verdict = verdicts.judge_language(summary, wanted=wanted, stated=stated, material=material)
    assert verdict.passed is passes


@pytest.mark.parametrize(
    ("sentences", "tokens", "passes"), [(4, 500, True), (6, 1, True), (3, 100, False), (7, 100, False), (5, 501, False)]
)
def test_length_is_counted_in_sentences_and_tokens(sentences: int, tokens: int, *, passes: bool) -> None:
    assert verdicts.judge_length(sentences, tokens, LIMITS).passed is passes


@pytest.mark.parametrize(("support", "passes"), [(0.4, True), (0.39, False), (None, True)])
def test_support_that_cannot_be_computed_is_no_fault(support: float | None, *, passes: bool) -> None:
    assert verdicts.judge_support(support, least=0.4).passed is passes


@pytest.mark.parametrize(("score", "passes"), [(0.5, True), (0.49, False), (None, False)])
def test_a_score_has_to_be_there_and_to_reach_the_threshold(score: float | None, *, passes: bool) -> None:
    assert verdicts.judge_score(score, least=0.5).passed is passes


def test_a_low_score_names_the_flags() -> None:
    assert "Flags: copied, too_long." in verdicts.judge_score(0.1, least=0.5, flags=["copied", "too_long"]).reason


def test_too_few_earlier_scores_are_no_median() -> None:
    verdict = verdicts.judge_against_median(0.1, [0.9] * 9, fewest=10, most_below=0.2)
    assert verdict.passed
    assert "Only 9" in verdict.reason


@pytest.mark.parametrize(("score", "passes"), [(0.6, True), (0.59, False), (1.0, True), (None, True)])
def test_a_score_far_below_the_median_is_noticed(score: float | None, *, passes: bool) -> None:
    assert verdicts.judge_against_median(score, [0.1, 0.8, 0.8, 0.9], fewest=4, most_below=0.2).passed is passes


@given(score=SCORES, earlier=st.lists(SCORES, min_size=3), most_below=SCORES)
def test_a_score_above_all_earlier_ones_is_never_too_far_below(
    score: float, earlier: list[float], most_below: float
) -> None:
    best = max(score, *earlier)
    assert verdicts.judge_against_median(best, earlier, fewest=3, most_below=most_below).passed


@pytest.mark.parametrize(
    ("found", "announced", "passes"), [(5, 5, True), (4, 5, False), (6, 5, False), (5, None, True)]
)
def test_snippets_are_as_many_as_announced(found: int, announced: int | None, *, passes: bool) -> None:
    assert verdicts.judge_snippet_count(found, announced).passed is passes
