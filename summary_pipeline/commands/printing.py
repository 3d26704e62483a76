"""How commands print what strangers wrote.

Belongs here: making bytes and texts fit for a terminal. Does not belong here: what is printed.
"""

from datetime import UTC, datetime
from typing import Final

MOST_CHARACTERS: Final = 4000


def printable(text: str) -> str:
    """Return ``text`` with escapes for what a terminal would obey instead of showing it; line breaks stay."""
    return "".join(
        character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
        for character in text
    )


def readable(data: bytes | None, *, most: int = MOST_CHARACTERS) -> str:
    """Return bytes as text, or in hexadecimal where they are not UTF-8; cut where they are long, which is said."""
    if data is None:
        return "none"
    try:
        text, form = data.decode(), ""
    except UnicodeDecodeError:
        text, form = data.hex(" "), "in hexadecimal, "
    shown = printable(text[:most])
    if len(text) > most:
        return f"{shown} ... ({form}the beginning of {len(data)} bytes)"
    return f"{shown} ({form}{len(data)} bytes)"


def one_line(text: str, *, most: int) -> str:
    """Return the beginning of ``text``, on one line."""
    line = " ".join(text[: most + 1].split())
    return printable(line if len(line) <= most else f"{line[: most - 3]}...")


def utc(time: datetime) -> str:
    """Return a time of the database, which is UTC without a zone, in ISO 8601."""
    return time.replace(tzinfo=UTC).isoformat(timespec="seconds")


def clock(time: datetime) -> str:
    """Return a time of the database without the zone, for a column whose title says that it is UTC."""
    return time.isoformat(timespec="seconds")
