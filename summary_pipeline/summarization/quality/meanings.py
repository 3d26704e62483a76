"""What a person reads beside a score: one line for each component and each flag.

Belongs here: words only. Does not belong here: what anything is worth.
"""

from typing import Final

COMPONENTS: Final[dict[str, str]] = {
    "content_coverage": "How alike both texts are in words of content, and how many of the commonest ones are told.",
    "timeline_coverage": "How many quarters of the transcript the summary's sentences come from; three are enough.",
    "support": "How far the transcript backs words, phrases and statements; full before copying pays.",
    "names": "Whether names stand in the transcript, near what the summary says of them.",
    "numbers": "Whether numbers stand in the transcript, near what the summary says of them.",
    "conciseness": "How little the summary repeats itself, as far as it is long enough to show.",
    "order": "How many sentences do not go back in the transcript behind the one before.",
    "form": "Number of sentences, their length, no fragments, reported rather than direct speech.",
}
"""One line on what each component means, in the order in which they are shown."""

FLAGS: Final[dict[str, str]] = {
    "not_computed": "The score could not be computed: a defect of the scorer, of which the log has the details.",
    "empty": "The summary holds no words.",
    "empty_source": "The transcript holds no words, so nothing backs the summary.",
    "refusal": "The model declines or speaks of itself.",
    "leaked_prompt": "Instructions to the model are in the summary.",
    "map_leftovers": "Marks of partial answers are in the summary, such as «Chunk 2:».",
    "preamble": "The model talks to the reader about the summary.",
    "wrong_language": "The summary is not in the language that it should be in.",
    "too_short": "The summary has too few words to say anything of this transcript.",
    "too_long": "The summary is far longer than asked for, or than half of its transcript.",
    "repetition": "A sentence comes twice, or many phrases come again.",
    "word_salad": "The words' order is no better than chance.",
    "off_topic": "The transcript backs so little that the summary may be of another video.",
    "copied": "The summary is one verbatim stretch of the transcript.",
    "direct_speech": "The summary talks like the people in the transcript instead of reporting what they said.",
    "may_be_truncated": "The text seems to break off; only the model's finish reason is certain.",
    "unbacked_names": "The transcript does not have these names.",
    "unbacked_numbers": "The transcript does not have these numbers.",
    "translated": "In another language than the transcript, as asked; what compares words can't be computed.",
    "language_unknown": "The summary's language can't be told, so it is not checked.",
    "names_not_checked": "This language or spelling does not mark names.",
    "numbers_not_checked": "The transcript's numbers are words of a language that the scorer can't read.",
}
"""One line on what each flag means. Those without a factor only inform."""
