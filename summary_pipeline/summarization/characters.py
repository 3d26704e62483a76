"""Characters that no text keeps, whoever wrote it: what can't be seen, and what can't be stored.

Belongs here: which ones. Does not belong here: what else becomes of a transcript's text (``normalization``) or of an
answer's (``structured``).
"""

import re

SURROGATE = re.compile(r"[\ud800-\udfff]")
INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # controls, but for those that are white space
    "\xad\u200b\u2060\ufeff"  # soft hyphen, zero width space, word joiner, byte order mark
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks of direction
    "\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff"  # noncharacters, annotations
    "\U000e0000-\U000e007f"  # tags
    "]"
)
"""Joiners are not among them: scripts and emoji need them."""
