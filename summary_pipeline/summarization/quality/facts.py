"""Whether the names and numbers of a summary are the source's.

Belongs here: finding them in the summary, and judging how the source backs each. Does not belong here: reading number
words (``numerals``).

A fact counts 0 where the source does not have it at all, and from 0.8 to 1 where it has, by how much of the sentence's
content stands near it in the source: a name or number that belongs elsewhere counts less.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from summary_pipeline.summarization.quality.documents import Source, Summary, content
from summary_pipeline.summarization.quality.numerals import number_values, spoken_numbers
from summary_pipeline.summarization.quality.text_units import Units, is_unspaced

_NEAR = 30
"""Units on each side of a fact within which the rest of its sentence is looked for."""
_ELSEWHERE = 0.8
"""What a fact is worth that the source has, but with nothing of its sentence near it."""
_MOST_OCCURRENCES = 100
"""Occurrences of one fact that are looked at, the first ones: a bound on time."""
_MOST_FACTS = 100
_NOUN_CAPITALS = 0.3
"""Above this share of capitals within sentences, a text writes more than names with them (German, headlines)."""
_SENTENCE_END = re.compile(r"[.!?…:;\n\"“”«»•]\W*$")


@dataclass(frozen=True, slots=True)
class Facts:
    """How facts of one kind are backed. ``score`` is None where there are none, or where they can't be checked."""

    score: float | None
    unbacked: tuple[str, ...] = ()
    checked: bool = True


def check_numbers(source: Source, summary: Summary, language: str | None) -> Facts:
    """Check the summary's numbers; in English those in words too.

    In another language whose source has no digits at all, numbers were probably transcribed as words, and are not
    checked.
    """
    places = _number_places(source, language)
    found = [
        (sentence, index, value) for sentence in summary.sentences for index, value in number_values(sentence, language)
    ]
    if not found:
        return Facts(None)
    digits = any(unit[0].isdigit() for unit in source.counts)
    if language != "en" and not digits:
        return Facts(None, checked=False)
    places = _number_places(source, language)
    return _judge(source, [(sentence, index, places.get(value, ())) for sentence, index, value in found])


def check_names(source: Source, summary: Summary, language: str | None) -> Facts:
    """Check the names: words with a capital, where the language writes names so and other words not."""
    mentions = [(sentence, index) for sentence in summary.sentences for index in _names_in(sentence, source, language)][
        :_MOST_FACTS
    ]
    if not _writes_names_with_capitals(summary, language):
        return Facts(None, checked=False)
    if not mentions:
        return Facts(None)
    spelled: dict[str, list[int]] = {}
    wanted = {sentence.surfaces[index].lower() for sentence, index in mentions}
    for position, surface in enumerate(source.units.surfaces):
        lowered = surface.lower()
        if lowered in wanted:
            spelled.setdefault(lowered, []).append(position)
    places = []
    for sentence, index in mentions:
        exact = spelled.get(sentence.surfaces[index].lower(), [])
        places.append((sentence, index, exact or _inflected(source, sentence.units[index], sentence.surfaces[index])))
    return _judge(source, places)


def _judge(source: Source, facts: Sequence[tuple[Units, int, Sequence[int]]]) -> Facts:
    judged = [_backing(source, sentence, index, places) for sentence, index, places in facts]
    missing = [
        sentence.surfaces[index] for (sentence, index, _), worth in zip(facts, judged, strict=True) if worth == 0
    ]
    # The mean falls with each wrong fact, the least one makes a single wrong fact among many count.
    return Facts((sum(judged) / len(judged) + min(judged)) / 2, tuple(dict.fromkeys(missing)))


def _backing(source: Source, sentence: Units, index: int, places: Sequence[int]) -> float:
    if not places:
        return 0.0
    around = set(content(sentence.units[:index] + sentence.units[index + 1 :], source.function)) - {
        sentence.units[index]
    }
    weights = {term: source.weight(term) for term in sorted(around) if source.positions.get(term)}
    total = sum(weights.values())
    if total <= 0:
        return 1.0
    units = source.units.units
    best = 0.0
    for place in places[:_MOST_OCCURRENCES]:
        near = set(units[max(0, place - _NEAR) : place + _NEAR + 1])
        best = max(best, sum(weight for term, weight in weights.items() if term in near))
    # Half of a sentence near the fact is as good as all: summaries join what was said in several places.
    return _ELSEWHERE + (1 - _ELSEWHERE) * min(1.0, best / (0.5 * total))


def _number_places(source: Source, language: str | None) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for index, value in number_values(source.units, language, every=True):
        places.setdefault(value, []).append(index)
    for index, value in spoken_numbers(source.units, language):
        places.setdefault(value, []).append(index)
    return places


def _inflected(source: Source, unit: str, surface: str) -> list[int]:
    """Return where the source has the name with up to three letters more or less ("Jamaican", "Smiths")."""
    return [
        position
        for position in source.positions.get(unit, ())
        if len(surface) > 3 and abs(len(source.units.surfaces[position]) - len(surface)) in {1, 2, 3}
    ]


def _writes_names_with_capitals(summary: Summary, language: str | None) -> bool:
    if language in {"de", "zh", "zh-hans", "zh-hant", "ja", "ko", "ar", "fa", "he", "hi", "th"}:
        return False
    words = [surface for sentence in summary.sentences for surface in sentence.surfaces[1:] if surface[0].isalpha()]
    capitals = sum(word[0].isupper() for word in words)
    anywhere = any(surface[0].isupper() for surface in summary.units.surfaces)
    return anywhere and capitals <= max(3.0, (0.6 if language == "en" else _NOUN_CAPITALS) * len(words))


def _names_in(sentence: Units, source: Source, language: str | None) -> Iterable[int]:
    for index, surface in enumerate(sentence.surfaces):
        if (
            not surface[0].isupper()
            or is_unspaced(surface)
            or len(surface) < 2
            or sentence.units[index] in source.function
        ):
            continue
        if index > 0 or _is_name_at_start(sentence, source, language):
            yield index


def _is_name_at_start(sentence: Units, source: Source, language: str | None) -> bool:
    """Say whether a first word is a name: the source writes it so within sentences, or another capital follows."""
    following = sentence.surfaces[1:2]
    if following and following[0][0].isupper() and sentence.units[1] not in source.function and language is not None:
        return True
    written = Counter(
        source.units.surfaces[position][0].isupper()
        for position in source.positions.get(sentence.units[0], ())[:_MOST_OCCURRENCES]
        if not _SENTENCE_END.search(
            source.text[max(0, source.units.offsets[position] - 4) : source.units.offsets[position]]
        )
        and source.units.offsets[position] > 0
    )
    return written[True] > written[False]
