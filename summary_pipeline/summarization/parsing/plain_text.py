"""Text without structure: a snippet a line, without times."""

import re

from summary_pipeline.summarization.normalization import RawSnippet

_LINE_BREAK = re.compile(r"[\r\n\u2028\u2029]+")


def read_plain_text(text: str) -> list[RawSnippet]:
    """Return the lines of ``text`` that hold something."""
    return [RawSnippet(line) for line in _LINE_BREAK.split(text) if line.strip()]
