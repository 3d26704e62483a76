"""What can go wrong while summarizing for good: repeating the same work would end the same way.

Belongs here: the permanent errors of the map-reduce summarizer. Does not belong here: errors of reading a transcript
(``parsing``) and of calls that brought no answer (``language_model``), which may be transient.

Messages go to logs and to ``videos.status_message``: they say what was wrong, where, and what to do, and never hold
text of the transcript or of an answer.
"""


class SummarizationError(Exception):
    """A summary can't be made, and trying the same again will not change that."""


class NothingToSummarizeError(SummarizationError):
    """The transcript holds no text."""


class ContextExceededError(SummarizationError):
    """A request does not fit the model's context window together with its answer."""


class ReductionError(SummarizationError):
    """Partial summaries can't be merged down to what one call takes."""


class CoverageError(SummarizationError):
    """Some of the transcript is missing from the partial summaries, or is in them twice."""


class CostLimitError(SummarizationError):
    """Going on would cost more than a limit allows. Nothing was spent on the call that was refused."""


class ModelConfigurationError(SummarizationError):
    """The model registry or the choice of model is wrong."""


class ModelEndedError(ModelConfigurationError):
    """The chosen model has been shut down by its provider."""


class AnswerError(SummarizationError):
    """The model answered, twice, with something that is no usable answer."""


class RefusedError(AnswerError):
    """The model or its provider's filter declined to answer."""


class EmptyAnswerError(AnswerError):
    """The answer holds no text."""


class TruncatedAnswerError(AnswerError):
    """The answer reached its output limit before it was complete."""


class MalformedAnswerError(AnswerError):
    """The answer does not satisfy the schema that it was asked for."""
