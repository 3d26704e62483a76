"""From bytes to text: byte order marks, wide text without one, damaged UTF-8, 8-bit text; no binary data."""

import codecs
import re

from summary_pipeline.summarization.parsing.transcript_errors import UnreadableTranscriptError

_EXPECTED = "text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark"

_BYTE_ORDER_MARKS = (
    # The mark of UTF-32 starts with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY_FORMATS = (
    (b"\x1f\x8b", "gzip data"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"RIFF", "a WAV or AVI recording"),
    (b"\x1aE\xdf\xa3", "a WebM or Matroska recording"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
_PDF = re.compile(rb"%PDF-\d")
_SAMPLE_BYTES = 4096
_SAMPLE_CHARACTERS = 100_000
_CONTROLS = re.compile(r"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_UNDEFINED_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# The only letters that differ: Turkish Ğ İ Ş ğ ı ş, Icelandic Ð Ý Þ ð ý þ. Icelandic has many that Turkish lacks.
_TURKISH_IF_CP1254 = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")
_NOT_IN_TURKISH = re.compile(rb"[\xc1\xc6\xc9\xcd\xd3\xda\xe1\xe6\xe9\xed\xf3\xfa\x8e\x9e]")


def decode(data: bytes, *, key: str) -> str:
    """Return the text of a document, without byte order mark.

    Raises:
        UnreadableTranscriptError: it is binary data, or text in an encoding that can't be told.
    """
    _refuse_known_binary_formats(data, key)
    text = _decoded(data, key)
    controls = len(_CONTROLS.findall(text[:_SAMPLE_CHARACTERS]))
    if controls > 4 and controls * 50 > min(len(text), _SAMPLE_CHARACTERS):
        raise UnreadableTranscriptError(key, f"binary data ({len(data)} bytes)", expected=_EXPECTED)
    return text.lstrip("\ufeff")


def _refuse_known_binary_formats(data: bytes, key: str) -> None:
    # Some programs write a byte order mark before whatever they store.
    body = data.removeprefix(codecs.BOM_UTF8)
    found = next((name for start, name in _BINARY_FORMATS if body.startswith(start)), None)
    if found is None and body[4:8] == b"ftyp":
        found = "an MP4 recording"
    # "BZh", "ID3" and the like may also be how a text starts; binary data are not UTF-8 for long. A PDF may be.
    if found is not None and (_PDF.match(body) or not _is_utf8(body[:_SAMPLE_BYTES])):
        raise UnreadableTranscriptError(key, found, "the first byte", _EXPECTED)


def _is_utf8(sample: bytes) -> bool:
    """Say whether ``sample``, which may end within a character, is UTF-8 without controls that no text has."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return "\0" not in text and _CONTROLS.search(text) is None


def _decoded(data: bytes, key: str) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace")
    if (wide := _wide_without_mark(data)) is not None:
        return data.decode(wide, "replace")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return _decoded_with_errors(data, key, error.start)


def _wide_without_mark(data: bytes) -> str | None:
    """Recognize UTF-32 and UTF-16 by their zero bytes.

    In UTF-32 the highest byte of each character is zero and the next nearly always; in UTF-16 every other byte is, in
    the spaces, digits and punctuation of any language.
    """
    sample = data[:_SAMPLE_BYTES]
    if len(sample) >= 8 and len(data) % 4 == 0:
        if not any(sample[3::4]) and sample[2::4].count(0) * 10 >= len(sample) * 2:
            return "utf-32-le"
        if not any(sample[0::4]) and sample[1::4].count(0) * 10 >= len(sample) * 2:
            return "utf-32-be"
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    first, second = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if second * 10 >= pairs * 2 and first * 20 <= second:
        return "utf-16-le"
    if first * 10 >= pairs * 2 and second * 20 <= first:
        return "utf-16-be"
    return None


def _decoded_with_errors(data: bytes, key: str, first_error: int) -> str:
    """Read UTF-8 with a few damaged bytes, which become U+FFFD, or Western or Turkish 8-bit text."""
    text = data.decode(errors="replace")
    damaged = text.count("\ufffd")
    intact = sum(not character.isascii() for character in text) - damaged
    if damaged <= intact or damaged * 1000 <= len(text):
        return text
    # In Western languages few letters have accents. In other 8-bit and in Asian encodings most bytes are high.
    high = len(data) - len(data.translate(None, bytes(range(0x80, 0x100))))
    if high * 5 <= len(data) and not _UNDEFINED_IN_CP1252.search(data):
        turkish = len(_TURKISH_IF_CP1254.findall(data)) > 10 * len(_NOT_IN_TURKISH.findall(data))
        return data.decode("cp1254" if turkish else "cp1252", "replace")
    raise UnreadableTranscriptError(
        key, f"text in an unknown encoding, or binary data ({len(data)} bytes)", f"byte {first_error}", _EXPECTED
    )
