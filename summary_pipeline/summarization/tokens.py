"""Counting tokens as OpenAI's models do, without internet.

Belongs here: loading tiktoken's encodings, counting, and where a text can be cut without changing its tokens.
Does not belong here: which model uses which encoding (``model_registry``), choosing where to cut (``chunking``).

Special tokens have no meaning here: ``<|endoftext|>`` in a transcript is text like any other.

tiktoken splits a text with a regular expression first and merges bytes within each piece after that. Where the
expression always splits, whatever stands before and after, the tokens of a text are those of its two halves: such a
place is called *safe*. Safe places let a long text be encoded block by block, which gives other threads a turn.
"""

import functools
import hashlib
import lzma
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import tiktoken

DEFAULT_ENCODING = "o200k_base"
"""What current models use; also the safe choice where a model's encoding is unknown."""

_CACHE_VARIABLES = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")
"""What tiktoken reads, in its order. Naming them here is the one exception to ``settings`` owning the environment."""


@dataclass(frozen=True, slots=True)
class _Ranks:
    """A vocabulary that is shipped with the package, and the name under which tiktoken looks for it."""

    file: str
    cache_name: str
    sha256: str


_O200K = _Ranks(
    file="o200k_base.tiktoken.xz",
    cache_name="fb374d419588a4632f3f557e76b4b70aebbca790",
    sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
)
_CL100K = _Ranks(
    file="cl100k_base.tiktoken.xz",
    cache_name="9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
)
_SHIPPED = {"o200k_base": _O200K, "o200k_harmony": _O200K, "cl100k_base": _CL100K}

_loading = threading.Lock()

# White space that tiktoken's expressions call \s, without line breaks. Python's own \s has U+001C to U+001F besides.
_BLANK = r" \t\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_SAFE = re.compile(
    # After a letter or digit and before punctuation. No apostrophe: "'s" belongs to the word before it.
    r"[^\W_](?=[.,;:!?。，、；：！？])"
    # Before a blank, which is part of the word that it precedes.
    rf"|\S(?=[{_BLANK}])"
    # After a lone line break. A slash would join the punctuation before the break.
    r"|(?<=\S)\n(?=[^\s/])"
)

_LONGEST_BLANK = 65_536
_ENDLESS_BLANK = re.compile(rf"\s{{{_LONGEST_BLANK}}}")
"""White space that goes on for hundreds of thousands of characters overflows tiktoken's expression: it panics."""

_BLOCK_CHARACTERS = 50_000
"""Counting needs no blocks, so they are large: 10 ms between turns for other threads."""


class RanksDamagedError(Exception):
    """A vocabulary that is shipped with the package is not what it was when it was packed."""


@functools.cache
def get_encoding(name: str) -> tiktoken.Encoding:
    """Return the encoding called ``name``. ``o200k_base`` and ``cl100k_base`` need no internet.

    A cache directory that the user has set for tiktoken is left as it is: read where it holds the file, never written,
    and a damaged file in it is not deleted, which tiktoken would do.

    Raises:
        ValueError: there is no such encoding.
        RanksDamagedError: the shipped ranks fail their check.
    """
    ranks = _SHIPPED.get(name)
    with _loading:
        if ranks is None or _user_has(ranks):
            return tiktoken.get_encoding(name)
        with tempfile.TemporaryDirectory(prefix="tiktoken-ranks-") as directory:
            Path(directory, ranks.cache_name).write_bytes(_unpacked(ranks))
            return _load_from(directory, name)


def count_tokens(text: str, encoding_name: str = DEFAULT_ENCODING) -> int:
    """Return how many tokens ``text`` is. Text that looks like a special token counts as the text that it is."""
    encoding = get_encoding(encoding_name)
    if len(text) <= _LONGEST_BLANK:
        return len(encoding.encode_ordinary(text))
    return sum(len(encoding.encode_ordinary(block)) for block in blocks(text, _BLOCK_CHARACTERS))


def blocks(text: str, characters: int) -> Iterator[str]:
    """Cut ``text`` into blocks of at least ``characters`` (but for the last), at safe places only.

    Concatenated they are the text, and their tokens, concatenated, are the text's tokens. A block is longer where no
    safe place follows. The exception is white space without end, which no transcript holds once it is normalized: it is
    cut where it has to be, since tiktoken can't take it.
    """
    start = 0
    while len(text) - start > characters:
        safe = _SAFE.search(text, start + characters)
        end = safe.end() if safe else len(text)
        yield from _without_endless_blank(text[start:end])
        start = end
    if start < len(text):
        yield from _without_endless_blank(text[start:])


def is_safe(text: str, position: int) -> bool:
    """Say whether ``text`` can be cut before ``position`` without changing its tokens, in any encoding of tiktoken."""
    if position in {0, len(text)}:
        return True
    match = _SAFE.match(text, position - 1)
    return match is not None and match.end() == position


@dataclass(frozen=True, slots=True)
class TokenTable:
    """What a token says about characters, for finding tokens in a text without decoding them. Indexed by token."""

    characters: bytes
    """How many characters start in the token. A character of several tokens counts in its first."""
    whole_start: bytes
    """1 where the token starts with a character's first byte, 0 where it continues a character."""


@functools.cache
def token_table(encoding_name: str) -> TokenTable:
    """Return the table of the encoding called ``encoding_name``."""
    encoding = get_encoding(encoding_name)
    continuations = bytes(range(0x80, 0xC0))
    characters = bytearray(encoding.n_vocab)
    whole_start = bytearray(encoding.n_vocab)
    for token in range(encoding.n_vocab):
        try:
            content = encoding.decode_single_token_bytes(token)
        except KeyError:  # ids without a meaning, between the ordinary and the special tokens
            continue
        starts = len(content) if content.isascii() else len(content.translate(None, continuations))
        characters[token] = min(starts, 255)  # the longest tokens are 128 blanks
        whole_start[token] = content[0] & 0xC0 != 0x80
    return TokenTable(characters=bytes(characters), whole_start=bytes(whole_start))


def _without_endless_blank(block: str) -> Iterator[str]:
    start = 0
    if len(block) > _LONGEST_BLANK:
        for blank in _ENDLESS_BLANK.finditer(block):
            yield block[start : blank.end()]
            start = blank.end()
    if start < len(block):
        yield block[start:]


def _unpacked(ranks: _Ranks) -> bytes:
    packed = resources.files("summary_pipeline.summarization").joinpath("ranks", ranks.file).read_bytes()
    try:
        content = lzma.decompress(packed)
    except lzma.LZMAError as error:
        raise RanksDamagedError(
            f"The shipped {ranks.file} can't be unpacked: {error}. Install the package again."
        ) from error
    if hashlib.sha256(content).hexdigest() != ranks.sha256:
        raise RanksDamagedError(f"The shipped {ranks.file} fails its SHA-256 check. Install the package again.")
    return content


def _user_has(ranks: _Ranks) -> bool:
    directory = next((os.environ[variable] for variable in _CACHE_VARIABLES if variable in os.environ), "")
    if not directory:
        return False
    try:
        content = Path(directory, ranks.cache_name).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content).hexdigest() == ranks.sha256


def _load_from(directory: str, name: str) -> tiktoken.Encoding:
    """Load with tiktoken's cache at ``directory``, for the moment that this takes."""
    variable = _CACHE_VARIABLES[0]
    before = os.environ.get(variable)
    os.environ[variable] = directory
    try:
        return tiktoken.get_encoding(name)
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
