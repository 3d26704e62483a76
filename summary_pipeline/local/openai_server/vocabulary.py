"""What a tokenizer's vocabulary tells of a text: how many tokens it is, and how common its words are.

Belongs here: counting and word rarity from tiktoken's ranks. Does not belong here: loading them
(``summary_pipeline.summarization.tokens``).
"""

import functools
import math

from summary_pipeline.summarization.tokens import get_encoding

ENCODING = "o200k_base"

_COMMONEST = 11.0
"""Base-2 logarithm of the rank below which words are in every conversation ("like", "people", "know")."""
_RARE = 15.0
_LEAST = 0.02


def count_tokens(text: str) -> int:
    """Return the number of tokens of ``text``."""
    return len(get_encoding(ENCODING).encode_ordinary(text))


def truncate(text: str, tokens: int) -> str:
    """Return the first ``tokens`` tokens of ``text``, without half a character at the end."""
    encoding = get_encoding(ENCODING)
    return encoding.decode(encoding.encode_ordinary(text)[:tokens], errors="ignore")


def split_tokens(text: str) -> list[str]:
    """Return the tokens of ``text``; bytes that are only a part of a character are shown as U+FFFD."""
    encoding = get_encoding(ENCODING)
    return [encoding.decode([token]) for token in encoding.encode_ordinary(text)]


@functools.lru_cache(maxsize=200_000)
def rarity(term: str) -> float:
    """Return how rare ``term`` is in general, from near 0 to 1.

    Byte-pair encoding merges frequent sequences first (R. Sennrich, B. Haddow and A. Birch, "Neural Machine Translation
    of Rare Words with Subword Units", ACL 2016), so that a token's rank falls with its frequency in what the vocabulary
    was learned from: all the web's languages. This does the work of lists of stop words, for every language.
    """
    # A word is one token with the blank before it; one of a script without blanks, without it.
    ranks = min((get_encoding(ENCODING).encode_ordinary(form) for form in (f" {term}", term)), key=len)
    if len(ranks) != 1:
        return 1.0
    return min(1.0, max(_LEAST, (math.log2(ranks[0] + 1) - _COMMONEST) / (_RARE - _COMMONEST)))
