"""The marks by which answers cite snippets: ``[17]``.

Belongs here: what is read as one. Does not belong here: where answers have them (``cited_lines``), which ones a call
showed (``citations``), showing them and keeping forged ones out of data (``prompts``).
"""

MARKER = r"[\[【]\s*(\d{1,9})(?:\s*[-–,;]\s*\d{1,9})*\s*[\]】]"
"""``[17]``; of ``[17-25]`` and ``[17, 25]`` the first number counts."""
