"""The swap test on texts whose answer is known."""

from summary_pipeline.report.data import SummaryRow, Texts
from summary_pipeline.report.document import SwapTest
from summary_pipeline.report.swap_test import OTHERS, SAMPLE, run_swap_test, swap_sample
from summary_pipeline_tests.report.history import topic_of
from summary_pipeline_tests.report.values import data, row

ENGLISH = [number for number in range(1, 200) if topic_of(number).language == "en"]


def run(numbers: list[int], *, transcripts: dict[int, str] | None = None) -> SwapTest:
    rows = [row(number, language=topic_of(number).language) for number in numbers]
    texts = {number: Texts(None, topic_of(number).summary) for number in numbers}
    stored = {number: topic_of(number).transcript for number in numbers} if transcripts is None else transcripts
    return run_swap_test(data(*rows, texts=texts), stored.get)


def test_summaries_of_other_videos_score_lower() -> None:
    found = run(ENGLISH[:4])
    assert (found.summaries, found.swaps) == (4, 12)
    assert found.share is not None
    assert found.share > 0.9
    assert found.mean_right is not None
    assert found.mean_swapped is not None
    assert found.mean_right > found.mean_swapped + 0.2


def test_a_summary_with_the_wrong_transcript_is_named() -> None:
    one, other = ENGLISH[0], ENGLISH[1]
    crossed = {one: topic_of(other).transcript, other: topic_of(one).transcript}
    found = run([one, other], transcripts=crossed)
    assert found.lower == 0
    assert set(found.missed) == {(one, other), (other, one)}


def test_one_video_cannot_be_swapped() -> None:
    assert run(ENGLISH[:1]).skipped == "It needs at least two videos; there is 1."
    assert run([]).skipped == "It needs at least two videos; there are none."


def test_transcripts_that_are_gone_are_counted() -> None:
    kept = {number: topic_of(number).transcript for number in ENGLISH[:2]}
    assert run(ENGLISH[:3], transcripts=kept).unread == 1
    assert "of 3 sampled, 0 can" in (run(ENGLISH[:3], transcripts={}).skipped or "")


def test_languages_are_not_swapped_with_each_other() -> None:
    german = next(number for number in range(1, 200) if topic_of(number).language == "de")
    assert "the same language" in (run([ENGLISH[0], german]).skipped or "")


def test_a_video_that_was_uploaded_twice_is_not_swapped_with_itself() -> None:
    one, other = ENGLISH[:2]
    same = dict.fromkeys((one, other), topic_of(one).transcript)
    assert "different transcripts" in (run([one, other], transcripts=same).skipped or "")


def test_the_sample_is_bounded_and_spread_over_all_videos() -> None:
    rows = [row(number) for number in range(1, 1001)]
    sample = swap_sample(rows)
    assert len(sample) == SAMPLE
    assert sample == swap_sample(list(reversed(rows)))
    assert max(each.video_id for each in sample) > 900
    assert SAMPLE * (OTHERS + 1) <= 80


def test_a_video_is_sampled_by_its_last_summary() -> None:
    first = row(1)
    again = SummaryRow(id=9, video_id=1, created_at=first.created_at, variant=first.variant, score=0.9)
    assert swap_sample([again, first]) == [again]
