"""Whether the names and numbers of a summary are the source's.

Belongs here: finding them in the summary, and judging how the source backs each. Does not belong here: reading number
words (``numerals``).

A fact counts 0 where the source does not have it at all, 0.3 where the words around it stand in the source with another
name or number in its place, and otherwise from 0.8 to 1, by how much of the sentence's content stands near it in the
source: a name or number that belongs elsewhere counts less.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from summary_pipeline.summarization.quality.documents import Source, Summary, content
from summary_pipeline.summarization.quality.numerals import number_values, spoken_numbers
from summary_pipeline.summarization.quality.text_units import Units, is_unspaced

_NEAR = 30
"""Units on each side of a fact within which the rest of its sentence is looked for."""
_ELSEWHERE = 0.8
"""What a fact is worth that the source has, but with nothing of its sentence near it."""
_IN_PLACE_OF_ANOTHER = 0.3
"""What a fact is worth in whose place the source has another one of its kind."""
_LEFT_BY_A_WRONG_FACT = 0.8
"""What each wrong fact leaves of the mean of all."""
_PREDICATE = 8
"""Units behind a speaker's name that tell what the speaker does."""
_NOT_SAID = 0.4
"""What a speaker's name is worth where other speakers speak of what is told of this one."""
_MOST_OCCURRENCES = 100
"""Occurrences of one fact that are looked at, the first ones: a bound on time."""
_MOST_FACTS = 100
_NOUN_CAPITALS = 0.3
"""Above this share of capitals within sentences, a text writes more than names with them (German, headlines)."""
_SINGULAR = frozenset(["is", "was", "has", "will", "wants", "and"])
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
    found = [
        (sentence, index, value) for sentence in summary.sentences for index, value in number_values(sentence, language)
    ][:_MOST_FACTS]
    if not found:
        return Facts(None)
    digits = any(unit[0].isdecimal() for unit in source.counts)
    if language != "en" and not digits:
        return Facts(None, checked=False)
    places = _number_places(source, language)
    numbers = {place for several in places.values() for place in several}
    return _judge(
        source, [(sentence, index, places.get(value, ())) for sentence, index, value in found], numbers.__contains__
    )


def check_names(source: Source, summary: Summary, language: str | None) -> Facts:
    """Check the names: words with a capital, where the language writes names so and other words not.

    In a summary without any capitals they are the words that the source writes with one, and what stands in the place
    of such a word.
    """
    if language in _WITHOUT_CAPITALS:
        return Facts(None, checked=False)
    without = not any(surface[0].isupper() for surface in summary.units.surfaces)
    if without and not any(map(str.isupper, source.text)):
        return Facts(None, checked=False)
    if not without and not _writes_names_with_capitals(summary, language):
        return Facts(None, checked=False)
    names_in = _names_in_small_letters if without else _names_in
    mentions = [(sentence, index) for sentence in summary.sentences for index in names_in(sentence, source, language)][
        :_MOST_FACTS
    ]
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
    return _judge(source, places, lambda place: _is_name_at(source, place))


def _judge(
    source: Source, facts: Sequence[tuple[Units, int, Sequence[int]]], is_fact_at: Callable[[int], bool]
) -> Facts:
    judged = [
        _IN_PLACE_OF_ANOTHER
        if places and _is_in_place_of_another(source, sentence, index, places, is_fact_at)
        else _backing(source, sentence, index, places)
        for sentence, index, places in facts
    ]
    missing = [
        sentence.surfaces[index] for (sentence, index, _), worth in zip(facts, judged, strict=True) if worth == 0
    ]
    wrong = sum(worth <= _IN_PLACE_OF_ANOTHER for worth in judged)
    # The mean alone would let a wrong fact among many go, and share out the first among all.
    return Facts(sum(judged) / len(judged) * _LEFT_BY_A_WRONG_FACT**wrong, tuple(dict.fromkeys(missing)))


def _backing(source: Source, sentence: Units, index: int, places: Sequence[int]) -> float:
    if not places:
        return 0.0
    if said := source.turns.get(sentence.units[index]):
        return _attribution(source, sentence, index, said)
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


def _attribution(source: Source, sentence: Units, index: int, said: frozenset[str]) -> float:
    """Return how far a speaker of a chat speaks of what the summary tells next of that speaker."""
    told = content(sentence.units[index + 1 : index + 1 + _PREDICATE], source.function)
    told = [unit for unit in told if source.positions.get(unit) and unit not in source.turns]
    if not told:
        return 1.0
    share = sum(unit in said for unit in told) / len(told)
    return _NOT_SAID + (1 - _NOT_SAID) * min(1.0, 2 * share)


def _is_in_place_of_another(
    source: Source, sentence: Units, index: int, places: Sequence[int], is_fact_at: Callable[[int], bool]
) -> bool:
    """Say whether the source has the words before or after a fact, and always with another one of its kind there."""
    if len(places) > _MOST_OCCURRENCES or not any(map(is_fact_at, places)):
        return False
    found = _places_in_context(source, sentence, index)
    return not found.intersection(places) and any(is_fact_at(place) for place in found)


def _places_in_context(source: Source, sentence: Units, index: int) -> set[int]:
    """Return where the source has the two units before or after ``index``, or one before that is part of a name."""
    ours, theirs = sentence.units, source.units.units
    found: set[int] = set()
    for near, far in ((-1, -2), (1, 2), (-1, 1)):
        if not (index + min(near, far) >= 0 and index + max(near, far) < len(ours)):
            continue
        one, other = ours[index + near], ours[index + far]
        if one in source.function and other in source.function:
            continue
        for position in source.positions.get(one, ())[:_MOST_OCCURRENCES]:
            place = position - near
            if min(place, place + far) >= 0 and max(place, place + far) < len(theirs) and theirs[place + far] == other:
                found.add(place)
    if index and _is_one_name(sentence, index - 1):
        before = source.positions.get(ours[index - 1], ())[:_MOST_OCCURRENCES]
        found.update(
            position + 1
            for position in before
            if position + 1 < len(theirs) and _is_one_name(source.units, position) and _is_name_at(source, position)
        )
    return found


def _is_one_name(units: Units, index: int) -> bool:
    """Say whether two neighbouring units are written alike, with or without a capital, and only a space between."""
    one, other = units.surfaces[index], units.surfaces[index + 1]
    gap = units.offsets[index + 1] - units.offsets[index] - len(one)
    return gap == 1 and one[0].isalpha() and one[0].isupper() == other[0].isupper()


def _is_name_at(source: Source, place: int) -> bool:
    surface = source.units.surfaces[place]
    return surface[0].isupper() and len(surface) > 1 and source.units.units[place] not in source.function


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


_WITHOUT_CAPITALS = frozenset({"de", "zh", "zh-hans", "zh-hant", "ja", "ko", "ar", "fa", "he", "hi", "th"})
"""Languages that write no capitals, or write all nouns with them."""


def _writes_names_with_capitals(summary: Summary, language: str | None) -> bool:
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


def _names_in_small_letters(sentence: Units, source: Source, language: str | None) -> Iterable[int]:  # noqa: ARG001
    for index, unit in enumerate(sentence.units):
        surface = sentence.surfaces[index]
        if not surface[0].isalpha() or is_unspaced(surface) or len(surface) < 3 or unit in source.function:
            continue
        if source.positions.get(unit):
            if _is_written_with_capital(source, unit):
                yield index
        elif any(_is_name_at(source, place) for place in _places_in_context(source, sentence, index)):
            yield index


def _is_name_at_start(sentence: Units, source: Source, language: str | None) -> bool:
    """Say whether a first word is a name: the source writes it so within sentences, or another capital follows."""
    following = sentence.surfaces[1:2]
    if following and sentence.units[1] not in source.function and language is not None and _is_one_name(sentence, 0):
        return True
    if sentence.units[0] in source.turns:
        return True
    if source.turns and not source.positions.get(sentence.units[0]):
        # In a chat people act: an unknown word before a verb is a person who is not there.
        return bool(following) and following[0].lower() in _SINGULAR
    return _is_written_with_capital(source, sentence.units[0])


def _is_written_with_capital(source: Source, unit: str) -> bool:
    """Say whether the source mostly writes a unit with a capital where no sentence begins."""
    written = Counter(
        source.units.surfaces[position][0].isupper()
        for position in source.positions.get(unit, ())[:_MOST_OCCURRENCES]
        if not _SENTENCE_END.search(
            source.text[max(0, source.units.offsets[position] - 4) : source.units.offsets[position]]
        )
        and source.units.offsets[position] > 0
    )
    return written[True] > written[False]
