"""Names of languages as transcribers write them, and their BCP 47 primary tags."""

import re

_TAG = re.compile(r"(?P<primary>[a-z]{2,3})(?:[-_][a-z0-9_-]*)?", re.ASCII)
_NO_LANGUAGE = frozenset({"und", "zxx", "mul", "mis"})

_NAMES = {
    # What Whisper's verbose JSON calls the languages it knows, with its aliases.
    name: tag
    for tag, names in {
        "af": "afrikaans", "am": "amharic", "ar": "arabic", "as": "assamese", "az": "azerbaijani", "ba": "bashkir",
        "be": "belarusian", "bg": "bulgarian", "bn": "bengali", "bo": "tibetan", "br": "breton", "bs": "bosnian",
        "ca": "catalan valencian", "cs": "czech", "cy": "welsh", "da": "danish", "de": "german", "el": "greek",
        "en": "english", "es": "spanish castilian", "et": "estonian", "eu": "basque", "fa": "persian", "fi": "finnish",
        "fo": "faroese", "fr": "french", "gl": "galician", "gu": "gujarati", "ha": "hausa", "haw": "hawaiian",
        "he": "hebrew", "hi": "hindi", "hr": "croatian", "ht": "haitian", "hu": "hungarian", "hy": "armenian",
        "id": "indonesian", "is": "icelandic", "it": "italian", "ja": "japanese", "jv": "javanese",
        "ka": "georgian", "kk": "kazakh", "km": "khmer", "kn": "kannada", "ko": "korean", "la": "latin",
        "lb": "luxembourgish letzeburgesch", "ln": "lingala", "lo": "lao", "lt": "lithuanian", "lv": "latvian",
        "mg": "malagasy", "mi": "maori", "mk": "macedonian", "ml": "malayalam", "mn": "mongolian", "mr": "marathi",
        "ms": "malay", "mt": "maltese", "my": "myanmar burmese", "ne": "nepali", "nl": "dutch flemish", "nn": "nynorsk",
        "no": "norwegian", "oc": "occitan", "pa": "punjabi panjabi", "pl": "polish", "ps": "pashto pushto",
        "pt": "portuguese", "ro": "romanian moldavian moldovan", "ru": "russian", "sa": "sanskrit", "sd": "sindhi",
        "si": "sinhala sinhalese", "sk": "slovak", "sl": "slovenian", "sn": "shona", "so": "somali", "sq": "albanian",
        "sr": "serbian", "su": "sundanese", "sv": "swedish", "sw": "swahili", "ta": "tamil", "te": "telugu",
        "tg": "tajik", "th": "thai", "tk": "turkmen", "tl": "tagalog", "tr": "turkish", "tt": "tatar",
        "uk": "ukrainian", "ur": "urdu", "uz": "uzbek", "vi": "vietnamese", "yi": "yiddish", "yo": "yoruba",
        "yue": "cantonese", "zh": "chinese mandarin",
    }.items()
    for name in names.split()
}  # fmt: skip
_NAMES["haitian creole"] = "ht"


def primary_tag(language: str | None) -> str | None:
    """Return the primary tag of a language given by tag or by English name, or None where neither is recognized."""
    if language is None:
        return None
    written = language.strip().lower()
    if written in _NAMES:
        return _NAMES[written]
    match = _TAG.fullmatch(written)
    if match is None or match["primary"] in _NO_LANGUAGE:
        return None
    return match["primary"]
