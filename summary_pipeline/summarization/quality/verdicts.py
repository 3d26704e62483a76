"""What the checks of a summary decide: values in, a verdict with its reason out.

Belongs here: comparing what was measured with what is asked for. Does not belong here: measuring (``score``), what a
failed check stops and how it is shown (``defs.checks``), thresholds' values (``settings``).

What can't be told passes, and the reason says that it was not told: a warning that is raised for want of knowledge
would soon be read by nobody.
"""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from summary_pipeline.summarization.quality import artefacts, languages, text_units
from summary_pipeline.summarization.structured import clean_text
from summary_pipeline.summarization.summary import FinalSummary, Provenance

_JSON_REMAINS = re.compile(r'^\s*[{\[]\s*["{\[]|"(?:sentences|key_points|chapters|summary|points)"\s*:|^\s*```')
_DATA_LINE = re.compile(r"<\s*/?\s*data\s+(?:kind|id|transcript|summaries|\d)", re.IGNORECASE)
_AGAIN = "Summarize it again with SUMMARY_FORCE=true, which asks the model anew, or with another SUMMARY_MODEL."


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one check. ``value`` is what was found, ``threshold`` what was asked for, None where neither is.

    ``reason`` is one sentence for people, also where the check passed.
    """

    passed: bool
    reason: str
    value: float | str | None = None
    threshold: float | str | None = None


@dataclass(frozen=True, slots=True)
class LengthLimits:
    """What a summary may have: sentences from fewest to most, and at most so many tokens."""

    fewest_sentences: int
    most_sentences: int
    most_tokens: int


def judge_coverage(provenance: Provenance) -> Verdict:
    """Say whether the summary stands for every token of the transcript."""
    covered, all_tokens = provenance.covered_tokens, provenance.transcript_tokens
    reason = f"{covered:,} of {all_tokens:,} tokens in {provenance.chunk_count} chunk(s) are in the summary."
    complete = covered == all_tokens > 0
    if not complete:
        reason += " Materialize chunks, chunk_summaries and final_summary again."
    return Verdict(complete, reason, value=provenance.coverage, threshold=1.0)


def judge_form(final: FinalSummary, *, material: str) -> Verdict:
    """Say whether the answer is a summary at all: prose, and not a refusal, remains of JSON or of the request.

    ``material`` is what the model was shown; what stands there is never held against the summary.
    """
    faults = [
        fault
        for fault, holds in (
            ("it holds no words", not any(map(str.isalnum, final.summary))),
            ("it holds characters that can't be stored or seen", clean_text(final.summary) != final.summary.strip()),
            ("it holds remains of JSON", _holds(_JSON_REMAINS, final.summary, material)),
            ("it repeats the lines that delimit the data", _holds(_DATA_LINE, final.summary, material)),
            ("the model declines", artefacts.is_refusal(final.summary, material=material)),
            ("a chapter starts before the one before it", not _increasing([c.snippet for c in final.chapters])),
        )
        if holds
    ]
    if faults:
        return Verdict(
            passed=False, reason=f"The answer is no summary: {', '.join(faults)}. {_AGAIN}", value=len(faults)
        )
    return Verdict(passed=True, reason="The answer is prose, and complete by the model's finish reason.", value=0)


def judge_language(summary: str, *, wanted: str | None, stated: str | None, material: str) -> Verdict:
    """Say whether the summary is in the language asked for, else the transcript's.

    Args:
        summary: the summary's text.
        wanted: the language asked for (BCP 47 tag or English name); None for the transcript's own.
        stated: the transcript's language as its document states it.
        material: what the model was shown, whose languages count where none was asked for.
    """
    written = languages.detect(text_units.cut(text_units.normalized(summary))).spoken
    if wanted and wanted.strip():
        expected = frozenset({languages.primary_tag(wanted)})
    else:
        expected = languages.detect(text_units.cut(text_units.normalized(material))).spoken
        if stated and stated.strip():
            expected |= {languages.primary_tag(stated)}
    asked = "the language asked for" if wanted else "the transcript's"
    shown = ", ".join(sorted(expected)) or None
    if not written:
        return Verdict(passed=True, reason="The summary's language can't be told from its words.", threshold=shown)
    found = ", ".join(sorted(written))
    if not expected:
        return Verdict(
            passed=True, reason=f"The summary is in {found}; the transcript's language is unknown.", value=found
        )
    same = any(languages.same_language(one, other) for one in written for other in expected)
    reason = f"The summary is in {found}, {'which is' if same else 'but'} {asked}{'' if same else f' is {shown}'}."
    return Verdict(same, reason, value=found, threshold=shown)


def judge_length(sentences: int, tokens: int, limits: LengthLimits) -> Verdict:
    """Say whether the summary has as many sentences and no more tokens than were asked for."""
    enough = limits.fewest_sentences <= sentences <= limits.most_sentences
    asked = f"{limits.fewest_sentences} to {limits.most_sentences} sentences, at most {limits.most_tokens} tokens"
    return Verdict(
        enough and tokens <= limits.most_tokens,
        f"The summary has {sentences} sentence(s) and {tokens} tokens; asked for are {asked}.",
        value=f"{sentences} sentences, {tokens} tokens",
        threshold=asked,
    )


def judge_support(support: float | None, *, least: float) -> Verdict:
    """Say whether the transcript backs enough of the summary. ``support`` is the score's component of that name."""
    if support is None:
        return Verdict(
            passed=True, reason="Support can't be computed for this summary; its flags say why.", threshold=least
        )
    reason = (
        f"The transcript backs the summary's words, phrases and statements by {support:.2f}; {least:.2f} is enough."
    )
    return Verdict(support >= least, reason, value=support, threshold=least)


def judge_score(score: float | None, *, least: float, flags: Sequence[str] = ()) -> Verdict:
    """Say whether the quality score reaches the threshold. A score that could not be computed does not."""
    if score is None:
        return Verdict(
            passed=False, reason="The quality score could not be computed; the log says why.", threshold=least
        )
    found = f" Flags: {', '.join(flags)}." if flags and score < least else ""
    reason = f"The quality score is {score:.2f}; {least:.2f} is enough.{found}"
    return Verdict(score >= least, reason, value=score, threshold=least)


def judge_against_median(score: float | None, earlier: Sequence[float], *, fewest: int, most_below: float) -> Verdict:
    """Say whether the score is near the median of earlier summaries by the same model and prompts.

    Args:
        score: of this summary, None where it has none.
        earlier: scores of the summaries before it.
        fewest: so many are needed for a median that means something; with fewer the check passes.
        most_below: how far below the median a score may be.
    """
    if score is None:
        return Verdict(passed=True, reason="The summary has no score to compare.")
    if len(earlier) < fewest:
        reason = (
            f"Only {len(earlier)} earlier summaries of this model and prompt version; {fewest} are needed to compare."
        )
        return Verdict(passed=True, reason=reason, value=score)
    median = statistics.median(earlier)
    least = max(0.0, median - most_below)
    reason = (
        f"The quality score is {score:.2f}; the median of the last {len(earlier)} summaries of this model and prompt "
        f"version is {median:.2f}, and {most_below:.2f} below it is allowed."
    )
    # Of the difference, so that 0.8 - 0.2 is not more than 0.6.
    return Verdict(round(score - least, 6) >= 0, reason, value=score, threshold=round(least, 6))


def judge_snippet_count(found: int, announced: int | None) -> Verdict:
    """Say whether the transcript has as many snippets as its event announced."""
    if announced is None:
        return Verdict(passed=True, reason="No event announced a number of snippets.", value=found)
    if found == announced:
        return Verdict(
            passed=True, reason=f"The transcript has {found} snippets, as announced.", value=found, threshold=announced
        )
    reason = (
        f"The transcript has {found} snippets, and the event announced {announced}: it may be incomplete, another "
        "version, or hold empty snippets. Compare it with the transcriber's record."
    )
    return Verdict(passed=False, reason=reason, value=found, threshold=announced)


def _holds(pattern: re.Pattern[str], text: str, material: str) -> bool:
    match = pattern.search(text)
    return match is not None and match.group().strip() not in material


def _increasing(snippets: Sequence[int]) -> bool:
    return all(before < after for before, after in pairwise(snippets))
