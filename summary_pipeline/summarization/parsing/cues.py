"""WebVTT and SubRip: cues with a line of times above their text. One reader takes both, and mixtures of them."""

import re
from dataclasses import dataclass, field

from summary_pipeline.summarization.normalization import RawSnippet
from summary_pipeline.summarization.parsing.times import seconds

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_TIMING = re.compile(
    r"(?P<start>[\d:.,]{1,20})?[ \t]*+-->[ \t]*+(?P<end>[\d:.,]{1,20}(?![^\s]))?(?P<rest>.*)", re.ASCII
)
# Something that is no time where a time should stand: a cue begins all the same, and its times are not known.
_DAMAGED_TIMING = re.compile(
    r"(?=.*[A-Za-z?])(?:\d{1,2}:)?\d?\w:[\w?]{2}[.,][\w?]{3}[ \t]*+-->[ \t]*+(?:\d{1,2}:)?\d?\w:[\w?]{2}[.,][\w?]{3}"
)
_ANY_TIMING = re.compile(r"(?:^|[\r\n])[ \t]*+\d[\d:.,]{3,20}[ \t]*+-->[ \t]*+\d", re.ASCII)
_SETTING = re.compile(r"^[A-Za-z]\w*:\S+$", re.ASCII)
_METADATA_BLOCK = re.compile(r"^(?:NOTE|STYLE|REGION)(?:\s|$)")
_HEADER_LINE = re.compile(r"^(?:WEBVTT|[A-Za-z][\w-]*[:=])", re.ASCII)
_VOICE = re.compile(r"\s*<v(?:\.[\w.-]+)?\s+([^>]+)>")
_LANGUAGE = re.compile(r"^Language:\s*(\S+)", re.IGNORECASE)


@dataclass(slots=True)
class _Cue:
    """A cue while it is read. Text that stands before the first line of times is a cue without times."""

    start: float | None = None
    end: float | None = None
    lines: list[str] = field(default_factory=list)


def is_cues(text: str) -> bool:
    """Say whether ``text`` is WebVTT or SubRip."""
    return _is_web(text) or _ANY_TIMING.search(text) is not None


def _is_web(text: str) -> bool:
    """Say whether ``text`` is WebVTT. Speech may begin with that word, and then has no line of times."""
    if not text.startswith("WEBVTT"):
        return False
    return _LINE_BREAK.split(text, maxsplit=1)[0].strip() == "WEBVTT" or _ANY_TIMING.search(text) is not None


def read_cues(text: str) -> tuple[list[RawSnippet], str | None]:
    """Return the cues of ``text``, in order, and the language that its header names.

    Identifiers, cue settings and, in WebVTT, the header and ``NOTE``, ``STYLE`` and ``REGION`` blocks are not text. All
    else is, also where it stands in no cue.
    """
    lines = _LINE_BREAK.split(text)
    web = _is_web(text)
    first, language = _header(lines) if web else (0, None)
    cues = [_Cue()]
    in_metadata = False
    for number in range(first, len(lines)):
        line = lines[number]
        if (timed := _timed_cue(line)) is not None:
            _drop_identifier(cues[-1].lines, web=web, in_cue=len(cues) > 1)
            cues.append(timed)
            in_metadata = False
        elif not line.strip():
            cues[-1].lines.append("")
            in_metadata = False
        elif not in_metadata:
            # Directly below a line of times stands text, whatever it looks like.
            starts_block = len(cues) == 1 if not cues[-1].lines else cues[-1].lines[-1] == ""
            in_metadata = web and starts_block and _METADATA_BLOCK.match(line) is not None
            if not in_metadata:
                cues[-1].lines.append(line)
    _name_speakers_once(cues)
    return [RawSnippet("\n".join(cue.lines), cue.start, cue.end) for cue in cues if any(cue.lines)], language


def _name_speakers_once(cues: list[_Cue]) -> None:
    """Take a voice tag away where the cue before had the same voice: a name on every line would be most of the text."""
    speaker = None
    for cue in cues:
        match = _VOICE.match(cue.lines[0]) if cue.lines else None
        if match is not None and match[1] == speaker:
            cue.lines[0] = cue.lines[0][match.end() :]
        speaker = match[1] if match is not None else None


def _header(lines: list[str]) -> tuple[int, str | None]:
    """Return where the header of WebVTT ends, and the language it names."""
    language = None
    for number, line in enumerate(lines):
        if not _HEADER_LINE.match(line):
            return number, language
        if match := _LANGUAGE.match(line):
            language = match[1]
    return len(lines), language


def _timed_cue(line: str) -> _Cue | None:
    """Return the cue that ``line`` opens, if it is a line of times. Where a time is damaged, the cue has none."""
    if "-->" not in line:
        return None
    if _DAMAGED_TIMING.fullmatch(line.strip()):
        return _Cue()
    match = _TIMING.fullmatch(line.strip())
    if match is None:
        return None
    start, end, rest = match["start"] or "", match["end"] or "", match["rest"].strip()
    if ":" not in start + end and (start or end or rest):
        return None  # an arrow in a text
    words = rest.split()
    # Text that stands on the line of times is not to be lost.
    spoken = [] if all(_SETTING.match(word) for word in words) else [rest]
    return _Cue(seconds(start), seconds(end), spoken)


def _drop_identifier(lines: list[str], *, web: bool, in_cue: bool) -> None:
    """Take the identifier of the next cue off the end of ``lines``: a number, or in WebVTT any line by itself.

    The only line of a cue is its text, even where no empty line sets it apart from the next cue's times.
    """
    if not lines or not lines[-1]:
        return
    alone = not lines[-2] if len(lines) > 1 else not in_cue
    if lines[-1].strip().isdecimal() or (web and alone):
        lines.pop()
