"""Which language a text is in, as far as its script and its commonest words tell.

Belongs here: a guess good enough to label an extract. Does not belong here: anything that depends on the guess.
"""

import re
from collections import Counter

UNDETERMINED = "und"

_SCRIPTS = {
    "ja": "\u3040-\u30ff",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "zh": "\u4e00-\u9fff\u3400-\u4dbf",
    "ar": "\u0600-\u06ff\u0750-\u077f",
    "he": "\u0590-\u05ff",
    "ru": "\u0400-\u04ff",
    "el": "\u0370-\u03ff",
    "th": "\u0e00-\u0e7f",
    "hi": "\u0900-\u097f",
    "bn": "\u0980-\u09ff",
    "ta": "\u0b80-\u0bff",
    "am": "\u1200-\u137f",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0530-\u058f",
    "latin": "A-Za-z\u00c0-\u024f",
}
_LETTERS = {tag: re.compile(f"[{characters}]") for tag, characters in _SCRIPTS.items()}
_LETTERS_OF_ITS_OWN = {
    "ar": (("fa", re.compile("[پچژگ]")), ("ur", re.compile("[ٹڈڑے]"))),
    "ru": (("uk", re.compile("[іїєґ]")),),
}
_SHARE_OF_KANA = 0.05
"""Japanese mixes kana with Han characters; Chinese has none."""
_SHARE_OF_OWN_LETTERS = 0.01

_COMMON_WORDS = {
    "en": "the and to of that is it you was for are with this have they what we not be on",
    "de": "der die und das ist nicht wir ich ein zu den mit auch es auf sich dass eine von aber",
    "fr": "le la les et est que des un une dans pour pas vous nous qui sur avec je ce il",
    "es": "el la los que y es en una por con para las se lo del no como pero más muy",
    "it": "il che di è un per non sono una della con anche ma questo come gli nel si ho più",
    "pt": "o que de não um uma para com os é as do da em você isso mas por mais se",
    "nl": "de het een en van ik dat niet is we je op te zijn met voor maar ook aan er",
    "pl": "nie to się w na jest że i z do jak ale co tak tym o po są przez jego",
    "sv": "och att det som en på är av för med den till inte jag om har vi ett men var",
    "tr": "bir ve bu da için çok ne ama gibi daha var mı ben o en şey olarak kadar değil biz",
    "vi": "và là của có không được cho này một những người trong với các đã như khi thì để tôi",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga ke karena ada bisa saya kita",
    "fi": "ja on ei että se oli hän mutta niin kun myös ovat tai mitä joka sitten minä nyt vain kuin",
    "cs": "a se na je že to v s z do jako ale by si tak jsem pro jsou i který",
    "ro": "și de la în a cu nu o că un pe este care mai din sau sunt pentru dar ca",
}
_WORDS_OF = {tag: frozenset(words.split()) for tag, words in _COMMON_WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 20_000


def detect_language(text: str) -> str:
    """Return the BCP 47 tag of the language that ``text`` is mostly in, ``und`` where nothing tells."""
    sample = _sample(text)
    counts = {tag: len(pattern.findall(sample)) for tag, pattern in _LETTERS.items()}
    letters = sum(counts.values())
    if letters == 0:
        return UNDETERMINED
    if counts["ja"] > _SHARE_OF_KANA * letters and counts["ja"] + counts["zh"] > counts["latin"]:
        return "ja"
    # A Han character or a syllable of Hangul says about as much as three letters.
    weights = {tag: count * (3 if tag in {"zh", "ko"} else 1) for tag, count in counts.items() if tag != "ja"}
    script = max(weights, key=weights.__getitem__)
    if script == "latin":
        return _detect_latin(sample)
    for tag, own_letters in _LETTERS_OF_ITS_OWN.get(script, ()):
        if len(own_letters.findall(sample.lower())) > _SHARE_OF_OWN_LETTERS * counts[script]:
            return tag
    return script


def _detect_latin(sample: str) -> str:
    words = Counter(_WORD.findall(sample.lower()))
    votes = {tag: sum(words[word] for word in known) for tag, known in _WORDS_OF.items()}
    best = max(votes, key=votes.__getitem__)
    return best if votes[best] else UNDETERMINED


def _sample(text: str) -> str:
    """Return the start, the middle and the end of a long text."""
    if len(text) <= _SAMPLE:
        return text
    third = _SAMPLE // 3
    middle = len(text) // 2
    return " ".join((text[:third], text[middle : middle + third], text[-third:]))
