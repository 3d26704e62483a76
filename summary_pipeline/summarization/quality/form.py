"""How a summary is written, whatever it says: sentences, length, ending, repetition, direct speech.

Belongs here: what the summary shows by itself, given the size of its source. Does not belong here: comparing contents
(``comparison``).
"""

import re
from dataclasses import dataclass
from enum import Enum, auto

from summary_pipeline.summarization.quality import documents
from summary_pipeline.summarization.quality.documents import Source, Summary, enough, unit_pairs

FEWEST_SENTENCES = 4
MOST_SENTENCES = 6
_WORDS_A_SENTENCE = 200
"""Words that a source has for each sentence asked for: one of 400 words may be summarized in two."""
LEAST_WORDS = 8
_LEAST_OF_ANY = 4
_WORDS_A_WORD = 25
"""Words of the source for which a summary has at least one, up to ``LEAST_WORDS``."""
MOST_WORDS = 350
"""The last answer has at most 500 tokens, its JSON included: some 350 words."""
_SENTENCE_WORDS = (18, 40)
"""Words that a sentence has on average; the prompt asks for about 20. Fewer read as fragments, more as run together."""
_WHOLE_SENTENCE = 12
"""Words from which a sentence is certainly no fragment."""
_FULL_REPETITION = 0.3
"""Share of repeated pairs at which nothing is left of conciseness; careful writers have .15 in 150 words."""
_MOST_REPETITION = 0.3
"""Share of repeated pairs from which a text repeats itself."""
_SHOWN_IN = {"prose": 30.0, "speech": 150.0, "brief": 20.0}
"""Words in which repetition would show."""
_UNSHOWN = 0.2
"""Share of repeated pairs that a summary without words would count for."""

MOST_DIRECT_SPEECH = 0.1
"""Share of such words from which a text is what was said rather than a report of it."""

_END = re.compile(r"(?:[.!?。！？．؟۔।॥።៕]\s*[)\]}）】〉》〕］*]*|[\"'”’»›」』｣)])\s*$")
_INFLECTIONS = frozenset(("s", "es", "ed", "d", "ing", "ly", "er", "ers", "al", "ment", "ion"))
_COMMA = re.compile(r"[,،、，;:]\s*[.。]?\s*$")
_ELLIPSIS = re.compile(r"(?:\.\s?\.\s?\.?|…)\s*[\"'”’»)\]]*\s*$")
_NO_TERMINATORS = re.compile("[\u0e00-\u0e7f\u0e80-\u0eff]")
_NEVER_ENDS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the a an and or but than their our my your its during because although while whose",
        "de": "der die den dem des und oder von für dass weil wenn im am beim zur zum",
        "fr": "le la les l du de et ou mais à que dans par au aux",
        "it": "il lo la i gli le un di del della e o ma che con in nel per da dal a al sul",
        "pt": "o a os as de do da e ou mas que com em na por ao à",
        "nl": "de een en of maar met te als",
        "ru": "и а но или в во на с со к по из от для о об при который которая которые",
        "ar": "في من على عن إلى مع أن أو ثم التي الذي الذين بين",
        "es": "el la los las un de del y o pero con que en por al su sus",
    }.items()
}
"""Articles, conjunctions and prepositions that end no sentence, even where a full stop was put after what was cut."""
_SELDOM_ENDS = {
    language: frozenset(words.split())
    for language, words in {
        "en": "his her of to from with in at by on for into until as if which who will would could should has have had "
        "that not between against after about i he she we they",
        "de": "das ein eine einen aber zu mit",
        "fr": "un une des avec qui sur pour",
        "it": "una chi su non si",
        "pt": "um uma no para não se",
        "nl": "het van bij naar uit op voor in aan om door dan dat die",
        "ru": "что до за не",
        "ar": "لا لم لن",
        "es": "una para se",
    }.items()
}
"""Words that a text without a full stop hardly ends with. Before one they may stand ("... and others did not.")."""


class Ending(Enum):
    """How a text ends: as texts do, without a full stop, or in the middle of something."""

    FINISHED = auto()
    OPEN = auto()
    BROKEN = auto()


@dataclass(frozen=True, slots=True)
class Length:
    """Limits in words for a summary of one source."""

    least: float
    most: float


def length_limits(source: Source) -> Length:
    """Return the fewest and the most words: a short source has a short summary, no longer than half of it."""
    least = min(LEAST_WORDS, source.words / 4, max(_LEAST_OF_ANY, source.words / _WORDS_A_WORD))
    return Length(least, min(MOST_WORDS, max(100.0 - 40.0 * source.brief, source.words / 2)))


def form(source: Source, summary: Summary, language: str | None) -> float:
    """Return the mean of number of sentences, their length, the shortest one, and reported speech where it is told."""
    parts = [_sentences(source, summary), _sentence_length(source, summary), _shortest(source, summary)]
    reported = _reported(summary, language)
    if reported is not None:
        parts.append(reported)
    return sum(parts) / len(parts)


def repeated_pairs(summary: Summary) -> float:
    """Return the share of neighbouring units that stood in the summary before."""
    pairs = unit_pairs(summary)
    return 1 - len(set(pairs)) / len(pairs) if pairs else 0.0


def conciseness(source: Source, summary: Summary) -> float:
    """Return 1 minus the share of repeated pairs of units, scaled so that nothing is left at ``_FULL_REPETITION``.

    A summary of few words has not shown yet that it does not repeat itself: the words that are missing for that count
    like repeated pairs.
    """
    shown_in = enough(source, **_SHOWN_IN)
    unshown = _UNSHOWN * max(0.0, 1 - summary.words / shown_in)
    return 1 - min(1.0, (repeated_pairs(summary) + unshown) / _FULL_REPETITION)


def repeats_itself(summary: Summary) -> bool:
    """Say whether a sentence comes twice, a phrase three times in a row, or three pairs in ten come again."""
    sentences = [tuple(sentence.units) for sentence in summary.sentences if len(sentence) >= 4]
    return (
        len(set(sentences)) < len(sentences)
        or repeated_pairs(summary) > _MOST_REPETITION
        or _loops(summary.units.units)
    )


def _loops(units: list[str]) -> bool:
    """Say whether some stretch of units stands three times in a row: a run equals what is one period before it."""
    looked_at = units[:1_000]
    for period in range(1, min(60, len(looked_at) // 3) + 1):
        run = 0
        for one, other in zip(looked_at, looked_at[period:], strict=False):
            run = run + 1 if one == other else 0
            if run >= max(2 * period, 8):
                return True
    return False


def ending(summary: Summary, language: str | None, source: Source) -> Ending:
    """Say whether the text seems to break off.

    It does where its last word is one that sentences do not end with or only the beginning of a word of the source, and
    at a comma or an ellipsis. It may where only the full stop is missing; a list whose items have none, and scripts
    that write none, are not held to it.
    """
    text = summary.text.rstrip()
    last = summary.units.surfaces[-1].lower() if len(summary.units) else ""
    stopped = _END.search(text) is not None
    if _ELLIPSIS.search(text) or _COMMA.search(text) or _is_unfinished(summary, last, language, stopped=stopped):
        return Ending.BROKEN
    if stopped or _NO_TERMINATORS.search(text):
        return Ending.FINISHED
    if _is_cut_within(last, source):
        return Ending.BROKEN
    return Ending.FINISHED if _is_list_without_stops(summary) else Ending.OPEN


def _is_unfinished(summary: Summary, last: str, language: str | None, *, stopped: bool) -> bool:
    """Say whether the last word asks for another one. A pronoun after a hyphen ("viu-os.") does not."""
    if not last or summary.text[: summary.units.offsets[-1]].endswith("-"):
        return False
    known = language or ""
    return last in _NEVER_ENDS.get(known, ()) or (not stopped and last in _SELDOM_ENDS.get(known, ()))


def _is_cut_within(last: str, source: Source) -> bool:
    """Say whether a last word is none of the source's but begins one, of which more is missing than an ending."""
    words = {surface.lower() for surface in source.units.surfaces}
    return (
        last.isalpha()
        and last not in words
        and any(word.startswith(last) and word[len(last) :] not in _INFLECTIONS for word in words)
    )


def direct_speech(summary: Summary, language: str | None) -> float | None:
    """Return the share of words that people say of themselves or to each other, where the language's are known."""
    return documents.direct_speech(summary.units, language)


def _is_list_without_stops(summary: Summary) -> bool:
    lines = [line.strip() for line in summary.text.splitlines() if line.strip()]
    return summary.items > 1 and sum(not _END.search(line) for line in lines) >= 0.7 * len(lines)


def _sentences(source: Source, summary: Summary) -> float:
    fewest = min(FEWEST_SENTENCES, max(1, round(source.words / _WORDS_A_SENTENCE)))
    count = len(summary.sentences)
    if count < fewest:
        return count / fewest
    return max(0.0, 1 - max(0, count - MOST_SENTENCES) / (2 * MOST_SENTENCES * (1 + source.speech)))


def _sentence_length(source: Source, summary: Summary) -> float:
    average = sum(sentence.words for sentence in summary.sentences) / max(1, len(summary.sentences))
    fewest, most = _SENTENCE_WORDS
    return min(1.0, average / _for_size(source, fewest), most / max(1.0, average))


def _shortest(source: Source, summary: Summary) -> float:
    """Return how far the shortest sentence is from a fragment."""
    shortest = min((sentence.words for sentence in summary.sentences), default=0.0)
    return min(1.0, shortest / (_WHOLE_SENTENCE * (1 - source.speech / 2)))


def _for_size(source: Source, words: float) -> float:
    """Return the words that a sentence should have: half as many are enough to tell of a brief exchange."""
    return words * (1 - source.brief / 2)


def _reported(summary: Summary, language: str | None) -> float | None:
    share = direct_speech(summary, language)
    return None if share is None else 1 - min(1.0, max(0.0, share - 0.02) / (MOST_DIRECT_SPEECH - 0.02))
