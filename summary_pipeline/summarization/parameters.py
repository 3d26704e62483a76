"""The settings of one summarization: what may be chosen, with its defaults.

Belongs here: values. Does not belong here: reading the environment (``settings`` of the pipeline) and what a model
can do (``model_registry``).
"""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from summary_pipeline.summarization.model_registry import DEFAULT_MODEL


class SummarizationParameters(BaseModel):
    """How a transcript is summarized. The mission's numbers are the defaults or within reach.

    The first version's scheme is ``reduce_group_size=5`` (with ``reduce_group_threshold=10``) and
    ``single_call=False``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(DEFAULT_MODEL, min_length=1)
    chunk_tokens: int = Field(8_000, ge=100)
    """Most tokens of transcript in one map call."""
    map_output_tokens: int = Field(200, ge=50)
    """Most tokens in the answer about one chunk."""
    merge_output_tokens: int = Field(400, ge=50)
    """Most tokens in the answer of a reduce call below the last level."""
    final_output_tokens: int = Field(500, ge=100)
    """Most tokens in the last answer, its JSON included."""
    temperature: float = Field(0.3, ge=0, le=2)
    """Sent only to models that take one."""
    concurrency: int = Field(5, ge=1)
    """Model calls at once."""
    single_call: bool | None = None
    """One call for the whole transcript: True where it fits the context, False only where there is one chunk anyway,
    None up to the size that the registry gives for the model."""
    reduce_group_size: int | None = Field(None, ge=2)
    """Partial summaries in one reduce call below the last level; None packs as many as fit."""
    reduce_group_threshold: int = Field(10, ge=2)
    """With a group size: above so many partial summaries they are merged in groups before the last call."""
    max_reduce_levels: int = Field(8, ge=1)
    """Levels of reduction, the last call included, above which something is wrong."""
    min_sentences: int = Field(4, ge=1)
    max_sentences: int = Field(6, ge=1)
    summary_language: str | None = None
    """Language to write in, as a BCP 47 tag or an English name; None for the transcript's own."""
    force: bool = False
    """Ask the model again even where an answer is stored."""
    max_cost_per_video_usd: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _sentence_limits_are_ordered(self) -> "SummarizationParameters":
        if self.min_sentences > self.max_sentences:
            message = f"min_sentences ({self.min_sentences}) is above max_sentences ({self.max_sentences})"
            raise ValueError(message)
        return self
