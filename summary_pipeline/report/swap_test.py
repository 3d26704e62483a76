"""The swap test: does the score notice a summary of another video?

Belongs here: a bounded sample, its wrong pairs, and their scores. Does not belong here: where transcripts are stored.

Each sampled summary is scored with its own transcript and with those of other sampled videos. The share of wrong pairs
that score lower than the right one says how far the score can be trusted on the videos of these days. All pairs are
scored here and now, so that both sides come from the same scorer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from summary_pipeline.report.data import ReportData, SummaryRow
from summary_pipeline.report.document import SwapTest
from summary_pipeline.report.worst import newest_per_video
from summary_pipeline.summarization.quality import score_summary

SAMPLE: Final = 20
"""Summaries at most; with ``OTHERS`` this bounds the work to 80 scores, each at most about a second."""
OTHERS: Final = 3
"""Transcripts of other videos that each summary is scored with."""

ReadTranscript = Callable[[int], str | None]
"""From a video's id to its transcript, a snippet a line; None where it is not stored, too large or unreadable."""


@dataclass(frozen=True, slots=True)
class _Pair:
    video_id: int
    language: str | None
    summary: str
    transcript: str


def swap_sample(rows: Sequence[SummaryRow]) -> list[SummaryRow]:
    """Return at most ``SAMPLE`` summaries, evenly spaced over the videos: always the same ones for the same rows."""
    newest = newest_per_video(rows)
    if len(newest) <= SAMPLE:
        return newest
    return [newest[number * len(newest) // SAMPLE] for number in range(SAMPLE)]


def run_swap_test(data: ReportData, read_transcript: ReadTranscript) -> SwapTest:
    """Return what the swap test found on the window's summaries, or why there is nothing to swap.

    Only transcripts of videos whose summaries are in the same language are swapped: the wrong language is too easy.
    """
    sample = swap_sample(data.summaries)
    pairs = [pair for row in sample if (pair := _pair(row, data, read_transcript)) is not None]
    unread = len(sample) - len(pairs)
    right: list[float] = []
    swapped: list[float] = []
    missed: list[tuple[int, int]] = []
    for number, pair in enumerate(pairs):
        others = _others(pair, pairs[number + 1 :] + pairs[:number])
        if not others:
            continue
        right.append(_score(pair, pair.transcript))
        for other in others:
            swapped.append(_score(pair, other.transcript))
            if swapped[-1] >= right[-1]:
                missed.append((pair.video_id, other.video_id))
    if not swapped:
        return SwapTest(unread=unread, skipped=_too_few(len(sample), len(pairs)))
    return SwapTest(
        summaries=len(right),
        swaps=len(swapped),
        lower=len(swapped) - len(missed),
        share=(len(swapped) - len(missed)) / len(swapped),
        mean_right=sum(right) / len(right),
        mean_swapped=sum(swapped) / len(swapped),
        missed=tuple(missed),
        unread=unread,
    )


def _others(pair: _Pair, candidates: Sequence[_Pair]) -> list[_Pair]:
    """Return the next ones that are in the same language and not the same video uploaded again."""
    fit = [other for other in candidates if other.language == pair.language and other.transcript != pair.transcript]
    return fit[:OTHERS]


def _pair(row: SummaryRow, data: ReportData, read_transcript: ReadTranscript) -> _Pair | None:
    texts = data.texts.get(row.id)
    if texts is None or not texts.summary:
        return None
    transcript = read_transcript(row.video_id)
    return _Pair(row.video_id, row.language, texts.summary, transcript) if transcript else None


def _score(pair: _Pair, transcript: str) -> float:
    return score_summary(transcript, pair.summary, language=pair.language).score


def _too_few(sampled: int, readable: int) -> str:
    if sampled < 2:
        return f"It needs at least two videos; there {'is 1' if sampled else 'are none'}."
    if readable < 2:
        return f"It takes two videos whose transcripts can be read: of {sampled} sampled, {readable} can."
    return f"No two of the {readable} videos that were sampled have different transcripts and the same language."
