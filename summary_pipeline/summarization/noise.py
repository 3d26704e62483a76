"""Taking sounds that are not speech out of a line of a transcript: ``[Music]``, ``(laughs)``, ``♪``.

Belongs here: which brackets there are, and where what they hold is noise. Does not belong here: the words for sounds
(``sound_words``).

Speech is worth more than a clean line, so what may be speech stays. Where a line holds nothing but sounds, any that are
named count, whatever says more about them. Beside speech only plain words for sounds do, and the less, the likelier it
is that somebody said what is in the brackets.
"""

import re
from collections.abc import Callable

from summary_pipeline.summarization import sound_words

_BRACKETED = re.compile(
    r" ?(?:\[(?P<square>[^\[\]]{1,60})\]|\{(?P<curly>[^{}]{1,60})\}"
    r"|［(?P<wide_square>[^［］]{1,30})］|【(?P<wide_lens>[^【】]{1,30})】"
    r"|\((?P<round>[^()]{1,60})\)|（(?P<wide_round>[^（）]{1,30})）|\*(?P<stars>[^*\s][^*]{0,40})\*)"
)
_NOTHING_SPOKEN = frozenset({"square", "curly", "wide_square"})
_NOTES = re.compile(r"[♩♪♫♬]+")
_BETWEEN_WORDS = re.compile(r"[\s,;/&+、，・]+")
_MOST_WORDS = 6
_MOST_WRITTEN_ON = 6

_PUNCTUATION = frozenset(".,;:!?…。，、；：！？؟،")
_ENDS_A_SENTENCE = frozenset(".!?…。！？؟:：)]}）］】")
_CONTINUES_A_SENTENCE = frozenset(",，、的是和与與はがをのにもとで은는이가을를의와과")
_LABEL = re.compile(r"[->–— ]{0,4}(?P<name>[\w'’-]{1,30}(?: [\w'’-]{1,30}){0,2})[:：]")
_SAYS_WHO_SPOKE = frozenset("我你您他她私僕俺君彼")

_SOUNDS = sound_words.BY_PEOPLE | sound_words.OTHER_SOUNDS
_MARKED = _SOUNDS | sound_words.MARKS
_NAMED = _MARKED | sound_words.WORDS_TOO


def without_noise(line: str) -> str:
    """Take noise out of a clean line. Nothing is left if only punctuation is, or the name of who made the noise."""
    unsung = _NOTES.sub(" ", line)
    only_sounds = _taken_out(unsung, _is_sound)
    if only_sounds == line:
        return line
    if not any(character.isalnum() for character in only_sounds) or _is_name_before_noise(only_sounds, line):
        return ""
    return _taken_out(unsung, _is_sound_beside_speech)


def _taken_out(line: str, is_noise: Callable[[re.Match[str]], bool]) -> str:
    def silenced(match: re.Match[str]) -> str:
        if not is_noise(match):
            return match[0]
        # Nothing stands before punctuation, nor between words of a script that needs no spaces.
        attached = _brackets(match).startswith("wide") or match.string[match.end() : match.end() + 1] in _PUNCTUATION
        return "" if attached else " "

    return " ".join(_BRACKETED.sub(silenced, line).split())


def _is_name_before_noise(left: str, line: str) -> bool:
    """Say whether what is left of ``line`` is who made the noise: "Ada: [laughs]", but not "[Applause] He said:".

    A name is a capitalized word, or two or three that are not all in capitals, as whole captions may be.
    """
    label = _LABEL.fullmatch(left)
    if label is None or not line.startswith(left):
        return False
    words = label["name"].split()
    capitalized = all(word[0].isupper() or word.isdecimal() for word in words)
    return capitalized and (len(words) == 1 or not label["name"].isupper())


def _is_sound(match: re.Match[str]) -> bool:
    """Say whether brackets name sounds and nothing else, if nothing is said beside them."""
    content = _content(match)
    for sound in sound_words.UNSPACED:
        written_on = content.removesuffix(sound)
        if written_on != content and len(written_on) <= _MOST_WRITTEN_ON and _SAYS_WHO_SPOKE.isdisjoint(written_on):
            return True
    words = _words(content)
    return not _NAMED.isdisjoint(words) and words <= _NAMED | sound_words.ABOUT


def _is_sound_beside_speech(match: re.Match[str]) -> bool:
    brackets, words = _brackets(match), _words(_content(match)) - {"and"}
    if not words:
        return False
    if brackets in _NOTHING_SPOKEN:
        by_people = not sound_words.BY_PEOPLE.isdisjoint(words) and words <= sound_words.BY_PEOPLE | sound_words.ABOUT
        return by_people or words <= _MARKED
    if brackets == "stars":  # also how a word is stressed
        return words <= sound_words.BY_PEOPLE and not _within_a_sentence(match)
    return words <= sound_words.BY_PEOPLE or (words <= _SOUNDS and not _within_a_sentence(match))


def _within_a_sentence(match: re.Match[str]) -> bool:
    # A line may be a whole talk: only what is near is looked at.
    before = match.string[max(0, match.start() - 40) : match.start()].rstrip()
    after = match.string[match.end() : match.end() + 2].lstrip()
    begun = any(character.isalnum() for character in before) and before[-1] not in _ENDS_A_SENTENCE
    return begun or after[:1].islower() or after[:1] in _CONTINUES_A_SENTENCE


def _brackets(match: re.Match[str]) -> str:
    return match.lastgroup or ""


def _content(match: re.Match[str]) -> str:
    return match[_brackets(match)].strip(" .,!…\\♪-").casefold()


def _words(content: str) -> frozenset[str]:
    """Return the words of ``content``: none where they are more than a sound needs."""
    words = [word for part in _BETWEEN_WORDS.split(content) if (word := part.strip(".,:!?…'\"-"))]
    return frozenset(words) if len(words) <= _MOST_WORDS else frozenset()
