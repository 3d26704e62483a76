"""How a summary is written, whatever it says: number of sentences, length, ending, repetition, reported rather than direct speech.

Belongs here: what the summary shows by itself, given the size of its source. Does not belong here: comparing contents (``comparison``).
"""

import re
from dataclasses import dataclass

from summary_pipeline.summarization.quality.documents import Source, Summary, unit_pairs
from summary_pipeline.summarization.quality.text_units import length_in_words

FEWEST_SENTENCES = 4
MOST_SENTENCES = 6
_WORDS_A_SENTENCE = 130
"""A source has to have so many words for each sentence that is asked for: one of 390 words may be summarized in three."""
LEAST_WORDS = 8
MOST_WORDS = 350
"""The last answer has at most 500 tokens, its JSON included: some 350 words."""
_SENTENCE_WORDS = 22
"""Words that a sentence may have on average; the prompt asks for about 20."""
_FULL_REPETITION = 0.3
"""Share of repeated pairs of units at which nothing is left of conciseness; careful writers have up to .15 in 150 words."""

_END = re.compile(r"(?:[.!?。！？．؟۔।॥።៕]\s*[)\]}）】〉》〕］*]*|[\"'”’»›」』｣)])\s*$")
_ELLIPSIS = re.compile(r"(?:\.\s?\.\s?\.?|…)\s*[\"'”’»)\]]*\s*$")
_TERMINATOR = re.compile(r"[.!?。！？؟۔।።]")
_NO_TERMINATORS = re.compile("[\u0e00-\u0e7f\u0e80-\u0eff]")
_DIRECT = {
    "en": frozenset(
        "i me my mine we us you your yours uh um hmm mm yeah yep okay ok oh hey gonna wanna gotta kinda lemme vocalsound disfmarker".split()
    ),
    "de": frozenset("ich mich mir mein du dich dir dein äh ähm ja genau okay".split()),
    "fr": frozenset("je me moi mon tu te toi vous euh ben ouais okay".split()),
    "es": frozenset("yo me mi tú te ti usted eh pues vale".split()),
    "it": frozenset("io mi me mio tu ti te eh beh okay".split()),
    "pt": frozenset("eu me mim meu você tu te né ah okay".split()),
    "nl": frozenset("ik me mij mijn jij je jou jouw uh eh ja oké".split()),
    "zh": frozenset("我们 我們 你们 你們 我想 我觉 我覺 我就 你可".split()),
}
_ENDS_UNFINISHED = {
    "en": frozenset("the a an and or but his her their our my your of to from with than".split()),
    "de": frozenset("der die das den dem des ein eine einen und oder aber von zu mit für".split()),
    "fr": frozenset("le la les un une des du de et ou mais à avec que qui".split()),
    "es": frozenset("el la los las un una de del y o pero con que".split()),
}
"""Words that no sentence ends with, even where a full stop was put after what was cut ("... and the.")."""


@dataclass(frozen=True, slots=True)
class Length:
    """Limits in words for a summary of one source."""

    least: float
    most: float


def length_limits(source: Source) -> Length:
    """Return the fewest and the most words: a short source has a short summary, no longer than half of it."""
    return Length(min(LEAST_WORDS, source.words / 4), min(MOST_WORDS, max(100.0, source.words / 2)))


def form(source: Source, summary: Summary, language: str | None) -> float:
    """Return the mean of: number of sentences, their length, a proper end, and reported speech where the language is known."""
    parts = [_sentences(source, summary), _sentence_length(summary), 0.0 if ends_unfinished(summary, language) else 1.0]
    reported = _reported(summary, language)
    if reported is not None:
        parts.append(reported)
    return sum(parts) / len(parts)


def repeated_pairs(summary: Summary) -> float:
    """Return the share of neighbouring units that stood in the summary before."""
    pairs = unit_pairs(summary)
    return 1 - len(set(pairs)) / len(pairs) if pairs else 0.0


def conciseness(summary: Summary) -> float:
    """Return 1 minus the share of repeated pairs of units, scaled so that 0 is reached at three in ten."""
    return 1 - min(1.0, repeated_pairs(summary) / _FULL_REPETITION)


def repeats_itself(summary: Summary) -> bool:
    """Say whether a sentence comes twice, a phrase three times in a row, or more than three pairs in ten were there before."""
    sentences = [tuple(sentence.units) for sentence in summary.sentences if len(sentence) >= 4]
    return len(set(sentences)) < len(sentences) or repeated_pairs(summary) > _FULL_REPETITION or _loops(summary.units.units)


def _loops(units: list[str]) -> bool:
    """Say whether some stretch of units stands three times in a row (a run that equals what is one period before it)."""
    looked_at = units[:1_000]
    for period in range(1, min(60, len(looked_at) // 3) + 1):
        run = 0
        for one, other in zip(looked_at, looked_at[period:], strict=False):
            run = run + 1 if one == other else 0
            if run >= max(2 * period, 8):
                return True
    return False


def ends_unfinished(summary: Summary, language: str | None) -> bool:
    """Say whether the text seems to break off: no end of a sentence, an ellipsis, or a last word that no sentence ends with.

    A list whose items have no full stops, and scripts that write none, are not held to it.
    """
    text = summary.text.rstrip()
    last = summary.units.surfaces[-1].lower() if len(summary.units) else ""
    if last in _ENDS_UNFINISHED.get(language or "", ()) or _ELLIPSIS.search(text):
        return True
    if _END.search(text):
        return False
    return not (_is_list_without_stops(summary) or _NO_TERMINATORS.search(text))


def _is_list_without_stops(summary: Summary) -> bool:
    lines = [line.strip() for line in summary.text.splitlines() if line.strip()]
    return summary.items > 1 and sum(not _END.search(line) for line in lines) >= 0.7 * len(lines)


def _sentences(source: Source, summary: Summary) -> float:
    fewest = min(FEWEST_SENTENCES, max(1, round(source.words / _WORDS_A_SENTENCE)))
    count = len(summary.sentences)
    if count < fewest:
        return count / fewest
    return max(0.0, 1 - max(0, count - MOST_SENTENCES) / (2 * MOST_SENTENCES))


def _sentence_length(summary: Summary) -> float:
    average = sum(length_in_words(sentence.units) for sentence in summary.sentences) / max(1, len(summary.sentences))
    return min(1.0, _SENTENCE_WORDS / average) if average else 0.0


def _reported(summary: Summary, language: str | None) -> float | None:
    """Return 1 for reported speech, 0 where one word in ten is one that people say of themselves or to each other."""
    direct = _DIRECT.get((language or "").partition("-")[0])
    if direct is None or not summary.words:
        return None
    share = sum(surface.lower() in direct for surface in summary.units.surfaces) / summary.words
    return 1 - min(1.0, max(0.0, share - 0.02) / 0.08)
