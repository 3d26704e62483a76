"""Model usage as metadata, the same on every asset that calls a model."""

from summary_pipeline.summarization.cost import Usage


def usage_metadata(usage: Usage) -> dict[str, int | float | str]:
    """Return what a materialization spent: calls, tokens, US dollars."""
    return {
        "model_calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": "unknown" if usage.cost_usd is None else usage.cost_usd,
    }
