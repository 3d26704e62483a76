"""Sentences of natural text in any script: where they end, how many there are, how they are joined.

Belongs here: pure text rules that the prompts' limits, the quality score and the offline summarizer share.
Does not belong here: tokens (``tokens``) and choosing sentences.

A transcript without punctuation is one sentence to these rules; whoever needs smaller units has to cut it otherwise.
"""

import re
from collections.abc import Iterable

_FULL_STOPS = ".!?…؟۔܀։।॥።៖។᠃᠉⁇⁈⁉"
_WIDE_FULL_STOPS = "。！？｡．︒"
"""Terminators of scripts written without spaces: the next sentence may follow at once."""
_CLOSERS = "\"'”’»›)]}）】」』〉》〕］｣"
_OPENERS = "([{\"'“‘«‹¿¡（「『"

_BOUNDARY = re.compile(
    rf"(?P<wide>[{_WIDE_FULL_STOPS}]+[{re.escape(_CLOSERS + _WIDE_FULL_STOPS)}]*)"
    rf"|(?P<narrow>[{re.escape(_FULL_STOPS)}]+[{re.escape(_CLOSERS)}]*)(?=\s|$)"
    r"|(?P<blank>\n[^\S\n]*\n)"
)
_LONGEST_ABBREVIATION = 60
"""Characters before a full stop that are looked at: enough for a word or two."""

_BEFORE_A_NAME = re.compile(
    r"""mr|mrs|ms|mx|dr|prof|st|sr|jr|vs|gen|col|capt|lt|sgt|rev|hon|gov|sen|rep|pres|approx|cf|viz|e\.g|i\.e
    |hr|fr|bzw|ca|evtl|ggf|vgl|inkl|exkl|bspw|sog|z\.b|d\.h|u\.a|m|mm|mme|mlle|p\.ex|sra|srta|ud|uds|p\.ej|sig|dott
    |exmo|exma|т\.е|т\.к|г|им|ул""",
    re.VERBOSE,
)
"""Abbreviations, without their last full stop, after which a sentence goes on whatever follows."""
_BEFORE_A_NUMBER = re.compile(r"no|nos|nr|fig|figs|eq|vol|ch|sec|art|p|pp|abs|str|kap|núm|pág|pag|стр|рис", re.VERBOSE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_OPENING_WORD = re.compile(
    r"(?:The|This|That|These|Those|There|It|He|She|They|We|You|I|A|An|And|But|So|Then|If|In|On|At|For|When|While|What|Why)\b"
)
"""What opens a sentence, and hardly ever follows an initial within a name."""
_ENUMERATOR = re.compile(r"\s*\W?\d{1,2}")


def ends_with_a_stop(text: str) -> bool:
    """Whether a sentence may end where ``text`` does: its last character is a terminator, closing marks aside."""
    return text.rstrip().rstrip(_CLOSERS).endswith(tuple(_FULL_STOPS + _WIDE_FULL_STOPS))


def split_sentences(text: str) -> list[str]:
    """Cut ``text`` into sentences, in order, without surrounding white space; line breaks within one become spaces.

    Knows the terminators of Latin, Cyrillic, Greek, Arabic, Indic, Ethiopic, Khmer, Armenian and CJK text. A full
    stop after a common abbreviation, an initial or a list number, or before a lower-case letter, ends no sentence; a
    blank line does.
    """
    sentences: list[str] = []
    start = 0
    for match in _BOUNDARY.finditer(text):
        if match.lastgroup == "narrow" and not _ends_sentence(text, start, match):
            continue
        sentences.append(text[start : match.end()])
        start = match.end()
    sentences.append(text[start:])
    collapsed = (" ".join(sentence.split()) for sentence in sentences)
    return [sentence for sentence in collapsed if any(character.isalnum() for character in sentence)]


def count_sentences(text: str) -> int:
    """Return how many sentences ``text`` has."""
    return len(split_sentences(text))


def join_sentences(sentences: Iterable[str]) -> str:
    """Make prose of ``sentences``: a space between them, but none after a terminator of a script that writes none."""
    prose = ""
    for sentence in sentences:
        cleaned = " ".join(sentence.split())
        needs_space = prose and cleaned and not prose.rstrip(_CLOSERS).endswith(tuple(_WIDE_FULL_STOPS))
        prose += f" {cleaned}" if needs_space else cleaned
    return prose


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Say whether a terminator that white space follows ends the sentence that began at ``start``."""
    rest = text[match.end() : match.end() + _LONGEST_ABBREVIATION].lstrip()
    following = rest[:1]
    if following.islower():
        # "Wait... what", "at 5 p.m. on Monday", "'Really?' he asked": the sentence goes on.
        return False
    if not following or match.group().rstrip(_CLOSERS) != ".":
        return True
    end = match.start()
    if end - start <= 4 and _ENUMERATOR.fullmatch(text, start, end):
        return False
    window = text[max(start, end - _LONGEST_ABBREVIATION) : end].split()
    word = window[-1].lstrip(_OPENERS) if window else ""
    if _BEFORE_A_NAME.fullmatch(word.lower()):
        return False
    if _BEFORE_A_NUMBER.fullmatch(word.lower()):
        return not following.isdigit()
    return not _is_initial(word) or bool(_OPENING_WORD.match(rest))


def _is_initial(word: str) -> bool:
    """Say whether ``word`` is an initial as in "J. Doe" or "U.S."; "I." ends a sentence more often."""
    return word != "I" and word[-1:].isupper() and bool(_INITIALS.fullmatch(word))
