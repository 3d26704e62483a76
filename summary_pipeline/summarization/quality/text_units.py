"""Text as the scorer compares it: units that match across inflection, tokenization, and scripts without spaces.

Belongs here: normalization and cutting text into units. Does not belong here: sentences (``sentences``), languages, any
judgement.

A unit is a word in lower case, cut to its first letters (a crude stem that needs no language), a number as written, or,
in scripts written without spaces, two neighbouring characters.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import filterfalse

STEM_LENGTH = 6
"""Words match when they begin alike: "discussed" and "discussion" do."""
_HANGUL_STEM_LENGTH = 2
"""A syllable block is two or three letters, and particles follow the stem."""

_UNSPACED = (
    "\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Japanese syllables
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese characters
)
_COMBINING = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u0951-\u0957"
_COMBINING += "\u0980-\u0983\u09bc-\u0dff"
"""Marks and vowel signs that ``\\w`` leaves out; in Indic blocks the letters between them do no harm."""
_NOISE = r"\{[^{}\n]{1,30}\}|\[[^\[\]\n]{1,30}\]|<[^<>\n]{1,30}>"
"""What a transcriber puts in brackets, such as "{vocalsound}" and "[Applause]", was not said."""
_LETTERS = rf"(?:(?![{_UNSPACED}])[^\W\d_]|[{_COMBINING}])+"
_TOKEN = re.compile(
    rf"(?P<noise>{_NOISE})|(?P<unspaced>[{_UNSPACED}]+)|(?P<number>\d+(?:[.,:/]\d+)*)"
    rf"|(?P<word>{_LETTERS}(?:['’]{_LETTERS})*)"
)
_DETACHED = re.compile(r"\s+(?=(?:['’](?:s|re|ve|ll|d|m)|n['’]t)\b)", re.IGNORECASE)
_LONG_GAP = re.compile(r"\s{9,}")
_SPELLED = re.compile(r"\b(?:[^\W\d_]_){2,}")
"""Letters that were spelled, as meetings are transcribed: "T_V_" is "TV"."""
_APOSTROPHE = re.compile("['’]")
_ACCENTS = re.compile("[\u0300-\u036f\u064b-\u065f]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_ARABIC_ARTICLE = re.compile("^[وبف]?ال(?=\\w{2})")


@dataclass(frozen=True, slots=True)
class Units:
    """Units of a text in order, each with its spelling in the text (``surfaces``) and where that starts."""

    units: list[str]
    surfaces: list[str]
    offsets: list[int]
    words: float
    """Length in words; in scripts written without spaces two characters count as a word, as in the prompts."""

    def __len__(self) -> int:
        return len(self.units)


def normalized(text: str) -> str:
    """Return ``text`` in Unicode's compatibility form, without lone surrogates.

    Detached clitics ("England 's") are joined, and letters that were spelled. Of a long run of white space a space or
    one or two line breaks are left: patterns that look for what follows one would take the square of its length.
    """
    composed = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    composed = _LONG_GAP.sub(lambda match: "\n\n"[: match.group().count("\n")] or " ", composed)
    return _DETACHED.sub("", _SPELLED.sub(lambda match: match.group().replace("_", ""), composed))


def cut(text: str) -> Units:
    """Cut normalized text into units."""
    units: list[str] = []
    surfaces: list[str] = []
    offsets: list[int] = []
    stems: dict[str, str] = {}
    characters = 0
    for match in _TOKEN.finditer(text):
        surface = match.group()
        if match.lastgroup == "noise":
            continue
        if match.lastgroup == "unspaced":
            for index in range(max(1, len(surface) - 1)):
                units.append(surface[index : index + 2])
                offsets.append(match.start() + index)
            surfaces.extend(units[len(surfaces) :])
            characters += len(surface)
            continue
        if match.lastgroup == "word" and not surface.isalpha():
            # Of "Nixon's", "don't" and "l'homme" the longest part tells most.
            surface = max(_APOSTROPHE.split(surface), key=len)
        stem = stems.get(surface)
        if stem is None:
            stem = stems[surface] = surface if match.lastgroup == "number" else stem_of(surface)
        units.append(stem)
        surfaces.append(surface)
        offsets.append(match.start())
    unspaced = sum(map(is_unspaced, filterfalse(str.isascii, units))) if characters else 0
    return Units(units, surfaces, offsets, len(units) - unspaced + characters / 2)


def stem_of(word: str) -> str:
    """Return the unit of a word: lower case, without accents, cut to its first letters."""
    lowered = word.lower()
    if lowered.isascii():
        return lowered[:STEM_LENGTH]
    if _HANGUL.match(lowered):
        return lowered[:_HANGUL_STEM_LENGTH]
    stripped = _ACCENTS.sub("", unicodedata.normalize("NFKD", lowered)) or lowered
    return _ARABIC_ARTICLE.sub("", stripped)[:STEM_LENGTH]


def is_unspaced(unit: str) -> bool:
    """Say whether the unit is of a script written without spaces."""
    return bool(_UNSPACED_START.match(unit))


_UNSPACED_START = re.compile(f"[{_UNSPACED}]")
