"""How much of each kind an answer may hold: what instructions ask for and the last answer's schema enforces.

Belongs here: these numbers. Does not belong here: wording (``prompts``), schemas (``structured``), tokens
(``parameters``).
"""

from summary_pipeline.summarization.parameters import SummarizationParameters

MAP_LINES = 5
MERGE_LINES = 10
KEY_POINTS = 4
TOPICS = 5


def max_chapters(parameters: SummarizationParameters) -> int:
    """Return how many chapters fit the last answer: some 20 tokens each, beside some 340 for the rest."""
    return max(3, min(20, (parameters.final_output_tokens - 340) // 20))
