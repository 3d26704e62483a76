"""How much of each kind an answer may hold: what instructions ask for and the last answer's schema enforces.

Belongs here: these numbers, and cutting what exceeds them, since not every model is held to the schema. Does not belong
here: wording (``prompts``), schemas (``structured``), tokens (``parameters``).
"""

from collections.abc import Sequence
from typing import TypeVar

from summary_pipeline.summarization.parameters import SummarizationParameters

Item = TypeVar("Item")

MAP_LINES = 5
MERGE_LINES = 10
KEY_POINTS = 4
TOPICS = 5


def max_chapters(parameters: SummarizationParameters) -> int:
    """Return how many chapters fit the last answer: some 20 tokens each, beside some 340 for the rest."""
    return max(3, min(20, (parameters.final_output_tokens - 340) // 20))


def first_of(items: Sequence[Item], most: int, named: str) -> tuple[tuple[Item, ...], tuple[str, ...]]:
    """Return the first ``most`` of ``items``, and a note where there are more. ``named`` is what they are."""
    if len(items) <= most:
        return tuple(items), ()
    return tuple(items[:most]), (f"Of {len(items)} {named} the first {most} were kept: no more were asked for.",)
