"""Which language a text is in, as far as that can be told without a model.

Belongs here: detection by script and by function words, language tags. Does not belong here: what follows from a wrong
language.

A language is named only where the evidence is clear; otherwise the answer is None, and nothing is concluded from it.
"""

import re
from collections import Counter
from dataclasses import dataclass

from summary_pipeline.summarization.quality.function_words import (
    FILLERS,
    FUNCTION_WORDS,
    LANGUAGE_NAMES,
    SIMPLIFIED,
    TRADITIONAL,
    UNSPACED_FUNCTION_CHARACTERS,
)
from summary_pipeline.summarization.quality.text_units import Units, is_unspaced, stem_of

_SAMPLE = 6_000
"""Words that are looked at; languages of longer texts are read off words spread over all of it."""
_LEAST_WORDS = 8
_LEAST_SHARE = 0.12
"""Share of a text's words that are function words of its language: some .4 in prose, .25 in headlines and lists."""
_CLEAR_LEAD = 1.25
_MINOR_SHARE = 0.15
"""From this share of a text, a language counts as spoken in it (bilingual subtitles)."""

_SCRIPTS = {
    "ja": re.compile("[\u3040-\u30ff]"),
    "zh": re.compile("[\u3400-\u9fff]"),
    "ko": re.compile("[\uac00-\ud7a3]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
    "lo": re.compile("[\u0e80-\u0eff]"),
    "my": re.compile("[\u1000-\u109f]"),
    "km": re.compile("[\u1780-\u17ff]"),
    "ka": re.compile("[\u10a0-\u10ff]"),
    "hy": re.compile("[\u0530-\u058f]"),
    "am": re.compile("[\u1200-\u137f]"),
    "ta": re.compile("[\u0b80-\u0bff]"),
    "te": re.compile("[\u0c00-\u0c7f]"),
    "bn": re.compile("[\u0980-\u09ff]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
    "arabic": re.compile("[\u0600-\u06ff]"),
    "hebrew": re.compile("[\u0590-\u05ff]"),
    "devanagari": re.compile("[\u0900-\u097f]"),
    "greek": re.compile("[\u0370-\u03ff]"),
    "latin": re.compile("[a-zA-Z\u00c0-\u024f\u1e00-\u1eff]"),
}
_BY_SCRIPT = {
    "cyrillic": ("ru", "uk", "bg"),
    "arabic": ("ar", "fa"),
    "hebrew": ("he",),
    "devanagari": ("hi",),
    "greek": ("el",),
    "latin": tuple(sorted(set(FUNCTION_WORDS) - {"ru", "uk", "bg", "ar", "fa", "he", "hi", "el"})),
}
_MAYBE_BOTH = frozenset("ー・")


@dataclass(frozen=True, slots=True)
class Languages:
    """What is known of a text's languages.

    ``main`` is a primary language tag ("zh-hans" and "zh-hant" apart), or None where the evidence is not clear;
    ``spoken`` holds all that take a good share of the text; ``scripts`` the writing systems that do.
    """

    main: str | None
    spoken: frozenset[str]
    scripts: frozenset[str]


def primary_tag(language: str) -> str:
    """Return the tag that ``Languages`` uses for a BCP 47 tag or an English name of a language."""
    lowered = language.strip().lower().replace("_", "-")
    named = LANGUAGE_NAMES.get(lowered, lowered)
    primary, _, rest = named.partition("-")
    if primary in {"zh", "cmn", "yue"}:
        if re.search(r"\b(hant|tw|hk|mo)\b", rest):
            return "zh-hant"
        return "zh-hans" if re.search(r"\b(hans|cn|sg)\b", rest) else "zh"
    return LANGUAGE_NAMES.get(primary, primary)


def same_language(one: str, other: str) -> bool:
    """Say whether two tags name the same language; "zh" is either way of writing Chinese."""
    return one == other or (one.startswith("zh") and other.startswith("zh") and "zh" in {one, other})


def share_one(some: frozenset[str], others: frozenset[str]) -> bool:
    """Say whether a language of the one text is a language of the other."""
    return any(same_language(one, other) for one in some for other in others)


def detect(text: Units) -> Languages:
    """Say what languages a text is in."""
    step = max(1, len(text) // _SAMPLE)
    words = [word.lower() for word in text.surfaces[::step] if not word[0].isdigit()]
    by_script: dict[str, list[str]] = {}
    for word in words:
        by_script.setdefault(_script_of(word), []).append(word)
    if "ja" in by_script and "zh" in by_script and len(by_script["ja"]) * 4 > len(by_script["zh"]):
        by_script["ja"] += by_script.pop("zh")
    weights = {script: len(found) * (0.5 if is_unspaced(found[0]) else 1.0) for script, found in by_script.items()}
    total = sum(weights.values())
    if total < _LEAST_WORDS:
        return Languages(None, frozenset(), frozenset())
    scripts = [
        script for script in sorted(weights, key=lambda s: (-weights[s], s)) if weights[script] >= _MINOR_SHARE * total
    ]
    found = {script: _languages_of(script, by_script[script]) for script in scripts}
    main = found[scripts[0]][0] if scripts else None
    spoken = frozenset(language for _, several in found.values() for language in several)
    return Languages(main, spoken, frozenset(scripts))


def function_units(language: str | None, source: Counter[str]) -> frozenset[str]:
    """Return units that carry no content, for texts in ``language``.

    Where no list is known, they are taken from the source: its commonest short units.
    """
    if language in FUNCTION_WORDS:
        return frozenset(stem_of(word) for word in FUNCTION_WORDS[language] | FILLERS.get(language, frozenset()))
    commonest = (unit for unit, _ in source.most_common(40) if not is_unspaced(unit) and not unit[0].isdigit())
    return frozenset(unit for unit in commonest if len(unit) <= 5)


def is_content(unit: str, function: frozenset[str]) -> bool:
    """Say whether a unit tells something of what a text is about."""
    if unit in function:
        return False
    if is_unspaced(unit):
        return not (
            UNSPACED_FUNCTION_CHARACTERS.intersection(unit)
            or all("\u3040" <= character <= "\u309f" for character in unit)
        )
    return len(unit) > 1 or unit.isdigit()


def _script_of(word: str) -> str:
    if word[0] in _MAYBE_BOTH:
        return "ja"
    return next((script for script, letters in _SCRIPTS.items() if letters.search(word)), "other")


def _languages_of(script: str, words: list[str]) -> tuple[str | None, frozenset[str]]:
    """Return the language of words in one script, if clear, and all that it may be."""
    if script == "zh":
        tag = _chinese(words)
        return tag, frozenset({tag})
    candidates = _BY_SCRIPT.get(script)
    if candidates is None:
        return (None, frozenset()) if script == "other" else (script, frozenset({script}))
    hits = {language: sum(word in FUNCTION_WORDS[language] for word in words) for language in candidates}
    ranked = sorted(hits, key=lambda language: (-hits[language], language))
    best = hits[ranked[0]]
    if best < max(3, _LEAST_SHARE * len(words)):
        return None, frozenset()
    close = frozenset(language for language in ranked if hits[language] * _CLEAR_LEAD > best)
    return (ranked[0] if len(close) == 1 else None), close


def _chinese(words: list[str]) -> str:
    characters = Counter("".join(words))
    simplified = sum(characters[c] for c in SIMPLIFIED - TRADITIONAL)
    traditional = sum(characters[c] for c in TRADITIONAL - SIMPLIFIED)
    if max(simplified, traditional) < 3 or max(simplified, traditional) < 3 * min(simplified, traditional):
        return "zh"
    return "zh-hans" if simplified > traditional else "zh-hant"
