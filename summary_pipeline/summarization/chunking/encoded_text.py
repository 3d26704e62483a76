"""A text and its tokens, each found from the other.

Belongs here: places in characters and in tokens. Does not belong here: where it is good to cut (``cuts``), and the
encodings themselves (``tokens``).
"""

from bisect import bisect_right
from itertools import accumulate
from operator import itemgetter

from summary_pipeline.summarization.tokens import blocks, get_encoding, is_safe, token_table

_BLOCK_CHARACTERS = 3000
_CONTEXT_TOKENS = 24


class TokenSplitError(Exception):
    """There is no place between two tokens where one was asked for."""


class EncodedText:
    """A text and its tokens. A place is a number of characters or of tokens; one is found from the other on demand."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text = text
        self.encoding = get_encoding(encoding)
        parts = list(blocks(text, _BLOCK_CHARACTERS))
        self._tokens = [self.encoding.encode_ordinary(part) for part in parts]
        self._block_characters = list(accumulate(map(len, parts), initial=0))
        self._block_tokens = list(accumulate(map(len, self._tokens), initial=0))
        self._ends: dict[int, list[int]] = {}
        self._table = token_table(encoding)
        self.total = self._block_tokens[-1]

    def tokens_before(self, position: int) -> int:
        """Return how many tokens stand before the character at ``position``.

        Raises:
            TokenSplitError: a token straddles the position.
        """
        block = bisect_right(self._block_characters, position) - 1
        offset = position - self._block_characters[block]
        if offset == 0:
            return self._block_tokens[block]
        ends = self._ends_in(block)
        token = bisect_right(ends, offset)
        if ends[token - 1] != offset or not self._starts_character(block, token):
            raise TokenSplitError
        return self._block_tokens[block] + token

    def floor(self, token: int) -> int:
        """Return the character position of the last place at or before ``token`` tokens where no character is split."""
        if token >= self.total:
            return len(self.text)
        block = bisect_right(self._block_tokens, token) - 1
        index = token - self._block_tokens[block]
        while not self._starts_character(block, index):
            index -= 1
        return self._block_characters[block] + (self._ends_in(block)[index - 1] if index else 0)

    def ceil(self, token: int) -> int:
        """Return the character position of the first place at or after ``token`` tokens where no character is split."""
        while token < self.total:
            block = bisect_right(self._block_tokens, token) - 1
            if self._starts_character(block, token - self._block_tokens[block]):
                break
            token += 1
        return self.floor(token)

    def keeps_tokens(self, position: int) -> bool:
        """Say whether a cut before ``position`` leaves the tokens on both sides as they are in the whole text."""
        if is_safe(self.text, position):
            return True
        try:
            token = self.tokens_before(position)
        except TokenSplitError:
            return False
        # tiktoken looks back no further than the piece it is in, and ahead no further than the white space it is in:
        # the tokens next to the cut tell. The outer half of each window is context, whose own edge may differ.
        left = self._window(token - _CONTEXT_TOKENS, token)
        right = self._window(token, token + _CONTEXT_TOKENS)
        half = _CONTEXT_TOKENS // 2
        encode = self.encoding.encode_ordinary
        left_text = self.text[self.floor(max(token - _CONTEXT_TOKENS, 0)) : position]
        right_text = self.text[position : self.ceil(token + _CONTEXT_TOKENS)]
        return encode(left_text)[-half:] == left[-half:] and encode(right_text)[:half] == right[:half]

    def _window(self, start: int, end: int) -> list[int]:
        start, end = max(start, 0), min(end, self.total)
        window: list[int] = []
        while start < end:
            block = bisect_right(self._block_tokens, start) - 1
            first = self._block_tokens[block]
            window += self._tokens[block][start - first : end - first]
            start = self._block_tokens[block + 1]
        return window

    def _ends_in(self, block: int) -> list[int]:
        """Return, for each token of the block, how many of the block's characters start before its end."""
        ends = self._ends.get(block)
        if ends is None:
            tokens = self._tokens[block]
            # The first is asked for twice so that there are always several, for which itemgetter returns a tuple.
            characters = itemgetter(tokens[0], *tokens)(self._table.characters)
            ends = self._ends[block] = list(accumulate(characters[1:]))
        return ends

    def _starts_character(self, block: int, index: int) -> bool:
        tokens = self._tokens[block]
        return index >= len(tokens) or self._table.whole_start[tokens[index]] == 1
