"""What the provider itself says of a model: when it is shut down.

Belongs here: asking it, and what is said of the answer when a process starts. Does not belong here: judging a date
(``summarization.model_registry``), calls of the model (``openai_language_model``).
"""

import datetime as dt
import logging

import openai
from openai import OpenAI

from summary_pipeline.resources.summarizer import plan_of
from summary_pipeline.settings import Settings
from summary_pipeline.summarization.model_registry import ModelSpec, require_usable

ANSWER_SECONDS = 5.0
"""Longest wait for the provider's answer. A process that starts is not held up for longer."""

logger = logging.getLogger(__name__)


def require_announced_usable(settings: Settings) -> None:
    """Log what there is to say about the model of the settings, with the end date that its provider announces.

    Where the provider can't be asked, the registry's date counts: its trouble is no reason not to start.

    Raises:
        ModelEndedError: the model is past its end date.
        ModelConfigurationError: the registry's file can't be used.
    """
    with OpenAI(
        api_key=settings.platform.openai_api_key.get_secret_value(),
        base_url=settings.platform.openai_base_url,
        timeout=ANSWER_SECONDS,
        max_retries=0,
    ) as client:
        spec = as_announced(plan_of(settings.pipeline).spec, client)
    for warning in require_usable(spec, today=dt.datetime.now(dt.UTC).date()):
        logger.warning(warning)


def as_announced(spec: ModelSpec, client: OpenAI) -> ModelSpec:
    """Return ``spec`` with the end date that the provider announces; as it is where it announces none."""
    try:
        # Servers that speak OpenAI's API may answer with anything.
        announced = getattr(client.models.retrieve(spec.name), "shutdown_date", None)
        end_date = dt.date.fromisoformat(announced) if isinstance(announced, str) else None
    except (openai.OpenAIError, ValueError) as error:
        logger.warning("The provider could not be asked until when model %r is there: %s", spec.name, error)
        return spec
    return spec if end_date is None else spec.model_copy(update={"end_date": end_date})
