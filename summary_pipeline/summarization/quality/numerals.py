"""Numbers as values that can be compared, however they are written: "12,000", "twelve thousand", 一萬二千.

Belongs here: reading numbers. Does not belong here: whether a source backs them (``facts``).
"""

import re
from collections.abc import Iterator

from summary_pipeline.summarization.quality.text_units import Units, stem_of

_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_UNITS = {word: value for value, word in enumerate(_WORDS.split())}
_TENS = {
    word: 10 * value
    for value, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_ORDINALS = {
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}
_ENGLISH = {**_UNITS, **_TENS, **_ORDINALS}
_STEMS = frozenset(stem_of(word) for word in (*_ENGLISH, *_SCALES))
_LONGEST_PHRASE = 8
_LONGEST_NUMBER = 30
"""Characters from which digits, or Chinese numerals, are no number that anybody says."""

_CHINESE_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "兩": 2,
}
_CHINESE_SCALES = {"十": 10, "百": 100, "千": 1_000, "万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_CHINESE = re.compile(f"[{''.join(_CHINESE_DIGITS)}{''.join(_CHINESE_SCALES)}]+")
_THOUSANDS = re.compile(r"^\d{1,3}(?:[,.]\d{3})+$")


def number_values(units: Units, language: str | None, *, every: bool = False) -> Iterator[tuple[int, str]]:
    """Yield a text's numbers with their indices: digits, and English number words from "two" on, each for itself.

    With ``every``, parts of a written number are yielded too ("10" and "30" of "10:30"), which is for a source.
    """
    for index in _candidates(units, language):
        surface = units.surfaces[index]
        if surface[0].isdecimal():
            yield index, _canonical(surface)
            if every:
                yield from ((index, _canonical(part)) for part in re.split(r"[.,:/]", surface) if part != surface)
        elif (value := _ENGLISH.get(surface.lower())) is not None and value > 1:
            yield index, str(value)


def _candidates(units: Units, language: str | None) -> list[int]:
    words = _STEMS if language == "en" else frozenset()
    # By distinct unit first: a source has a hundred times fewer of them.
    numbers = {unit for unit in set(units.units) if unit in words or unit[0].isdecimal()}
    return [index for index, unit in enumerate(units.units) if unit in numbers]


def spoken_numbers(units: Units, language: str | None) -> Iterator[tuple[int, str]]:
    """Yield values of number words that belong together ("nineteen seventy four", 二十三), for a source."""
    if language == "en":
        yield from _english_phrases(units)
    elif language is not None and (language.startswith("zh") or language == "ja"):
        yield from _chinese_phrases(units)


def _canonical(written: str) -> str:
    if _THOUSANDS.match(written):
        written = re.sub(r"[,.]", "", written)
    plain = written.replace(",", ".")
    if "." in plain and plain.count(".") == 1:
        plain = plain.rstrip("0").rstrip(".")
    return plain.lstrip("0") or "0"


def _english_phrases(units: Units) -> Iterator[tuple[int, str]]:
    end = 0
    for start in _candidates(units, "en"):
        if start < end:
            continue
        phrase: list[str] = []
        for surface in units.surfaces[start : start + _LONGEST_PHRASE]:
            if not _is_number_word(surface.lower(), phrase):
                break
            phrase.append(surface.lower())
        end = start + len(phrase)
        if len(phrase) > 1:
            yield from ((start, value) for value in sorted(_values_of(phrase)))


def _is_number_word(word: str, before: list[str]) -> bool:
    if word in _SCALES:
        return bool(before)
    return word in _ENGLISH or (word.isdecimal() and len(word) < (_LONGEST_NUMBER if before else 4))


def _values_of(phrase: list[str]) -> set[str]:
    """Return all values that number words may have together: a number, a year in halves, digits one by one."""
    values: set[str] = set()
    numbers = [_ENGLISH.get(word, int(word) if word.isdecimal() else 0) for word in phrase if word not in _SCALES]
    total, group = 0, 0
    for word in phrase:
        scale = _SCALES.get(word)
        if scale is None:
            group += _ENGLISH.get(word, int(word) if word.isdecimal() else 0)
        elif scale == 100:
            group = max(1, group) * 100
        else:
            total += max(1, group) * scale
            group = 0
    values.add(str(total + group))
    if not any(word in _SCALES for word in phrase):
        halves = _pairs_of(numbers)
        values.add("".join(f"{half:02d}" if position else str(half) for position, half in enumerate(halves)))
        values.update(str(half) for half in halves)
        values.add("".join(map(str, numbers)))
    return values


def _pairs_of(numbers: list[int]) -> list[int]:
    """Join tens and ones: 20, 3, 5 becomes 23, 5."""
    joined: list[int] = []
    for number in numbers:
        if joined and joined[-1] >= 20 and joined[-1] % 10 == 0 and 0 < number < 10:
            joined[-1] += number
        else:
            joined.append(number)
    return joined


def _chinese_phrases(units: Units) -> Iterator[tuple[int, str]]:
    # Units overlap by a character; the text is put together again from their first ones.
    text = "".join(surface[0] for surface in units.surfaces)
    for match in _CHINESE.finditer(text):
        if len(match.group()) < _LONGEST_NUMBER:
            yield match.start(), str(_chinese_value(match.group()))


def _chinese_value(characters: str) -> int:
    if not any(character in _CHINESE_SCALES for character in characters):
        return int("".join(str(_CHINESE_DIGITS[character]) for character in characters))
    total, section, digit = 0, 0, 0
    for character in characters:
        scale = _CHINESE_SCALES.get(character)
        if scale is None:
            digit = _CHINESE_DIGITS[character]
        elif scale < 10_000:
            section += max(1, digit) * scale
            digit = 0
        else:
            total = (total + section + digit) * scale
            section = digit = 0
    return total + section + digit
