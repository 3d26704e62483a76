"""Language models as data: what each one takes, holds, costs, and until when it is there.

Belongs here: looking up and extending the registry, and judging a model's end date. The entries are in ``models.json``.
Does not belong here: calling a model, and which model a video uses (``parameters``).
"""

import datetime as dt
import functools
import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Annotated, Any, Literal

import tiktoken
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from summary_pipeline.summarization.errors import ModelConfigurationError, ModelEndedError
from summary_pipeline.summarization.tokens import DEFAULT_ENCODING

DEFAULT_MODEL = "gpt-6-luna"
"""Cheapest of the current generation; the provider names it as the successor of the models that end in January 2027."""

OFFLINE_MODEL = "extractive-offline"
"""The name under which the embedded stack's own server answers."""

_SNAPSHOT_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{4})$")


def _known_encoding(name: str) -> str:
    if name not in tiktoken.list_encoding_names():
        message = f"tiktoken has no encoding {name!r}"
        raise ValueError(message)
    return name


Encoding = Annotated[str, AfterValidator(_known_encoding)]


class Price(BaseModel):
    """US dollars per million tokens. Above ``long_context_from`` input tokens the factors apply to the whole call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: float = Field(ge=0)
    cached_input: float = Field(ge=0)
    cache_write: float | None = Field(None, ge=0)
    """Of input that the provider puts in its prompt cache. None where that costs no more than other input."""
    output: float = Field(ge=0)
    long_context_from: int | None = Field(None, gt=0)
    long_context_input_factor: float = 1.0
    long_context_output_factor: float = 1.0


class ModelSpec(BaseModel):
    """What summarization has to know about a model. The defaults are safe for one that nobody has described."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    context_window: int = Field(16_384, gt=0)
    """Most tokens of a request and its answer together."""
    max_input_tokens: int | None = Field(None, gt=0)
    """Most tokens of a request, where the provider limits it apart from the context window."""
    max_output_tokens: int = Field(4_096, gt=0)
    """Most tokens of an answer, hidden reasoning included."""
    encoding: Encoding = DEFAULT_ENCODING
    """tiktoken's name of the encoding."""
    takes_temperature: bool = False
    output_limit_parameter: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    supports_json_schema: bool = False
    supports_logprobs: bool = False
    """Whether it says how probable its tokens were. Reasoning models refuse the question."""
    takes_cache_options: bool = False
    """Whether it takes ``prompt_cache_options``. It is then told to cache nothing: no prompt is sent twice, and putting
    one in the cache costs more than sending it."""
    reasoning_effort: str | None = None
    """Sent with each call where not None. Summaries need little thought: the lowest that the model takes."""
    reasoning_tokens: int = Field(0, ge=0)
    """Allowance for hidden reasoning, on top of what the answer itself may weigh."""
    single_call_tokens: int = Field(0, ge=0)
    """Transcripts up to this size are summarized in one call unless a setting says otherwise."""
    price: Price | None = None
    """None where it is not known; a model that is free has a price of zero."""
    batch_price_factor: float | None = Field(None, gt=0, le=1)
    """What the provider's Batch API charges, as a share of ``price``. None for a model that it does not serve."""
    end_date: dt.date | None = None
    """The day from which the provider answers no more."""
    replaced_by: str | None = None
    known: bool = True
    """False for a model that the registry does not list."""

    @property
    def input_limit(self) -> int:
        """Most tokens that a request may hold, whatever its answer."""
        return min(self.context_window, self.max_input_tokens or self.context_window)

    @property
    def batch_price(self) -> Price | None:
        """The price of calls in a batch; None where it is not known or batches don't take the model."""
        if self.price is None or self.batch_price_factor is None:
            return None
        prices = self.price.model_dump(include={"input", "cached_input", "cache_write", "output"}, exclude_none=True)
        return self.price.model_copy(update={name: price * self.batch_price_factor for name, price in prices.items()})


class ModelStatus(BaseModel):
    """What should be said about a model at start-up. With ``error`` set it must not be used."""

    model_config = ConfigDict(frozen=True)

    error: str | None = None
    warnings: tuple[str, ...] = ()


class ModelRegistry:
    """Models by name. Unchangeable: ``extended`` returns another registry."""

    def __init__(self, specs: Mapping[str, ModelSpec]) -> None:
        self._specs = dict(specs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all models that are described, in the registry's order."""
        return tuple(self._specs)

    def lookup(self, name: str) -> ModelSpec:
        """Return what is known of ``name``: its entry, that of the model it is a dated snapshot of, or safe values."""
        if name in self._specs:
            return self._specs[name]
        family = self._specs.get(_SNAPSHOT_DATE.sub("", name))
        if family is not None:
            return family.model_copy(update={"name": name})
        return _unknown(name)

    def extended(self, document: str) -> "ModelRegistry":
        """Return a registry that also holds the models of ``document``.

        Args:
            document: JSON, an object from model name to the fields of ``ModelSpec`` that differ from the entry of
                that name, or from safe values where there is none. Example: ``{"my-model": {"context_window":
                32768}}``.

        Raises:
            ModelConfigurationError: the document is not of that form; the message names the model and the field.
        """
        specs = dict(self._specs)
        for name, fields in _parse_document(document).items():
            base = self.lookup(name)
            try:
                specs[name] = ModelSpec.model_validate({**base.model_dump(), **fields, "name": name, "known": True})
            except ValidationError as error:
                problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
                raise ModelConfigurationError(f"The model registry's entry {name!r} is wrong: {problems}.") from error
        return ModelRegistry(specs)


@functools.cache
def built_in_registry() -> ModelRegistry:
    """Return the models that ship with the package, read once."""
    document = resources.files(__package__).joinpath("models.json").read_text(encoding="utf-8")
    entries: dict[str, Any] = json.loads(document)["models"]
    return ModelRegistry({name: ModelSpec.model_validate({**entry, "name": name}) for name, entry in entries.items()})


def check_model(spec: ModelSpec, *, today: dt.date, warn_days: int = 60) -> ModelStatus:
    """Judge whether a model can be used on ``today``: not past its end date, with warnings near it and if unknown."""
    example = spec.replaced_by or (DEFAULT_MODEL if spec.name != DEFAULT_MODEL else None)
    advice = f" Set SUMMARY_MODEL to another model{f', for example {example}' if example else ''}."
    if spec.end_date is not None and today >= spec.end_date:
        return ModelStatus(error=f"Model {spec.name!r} was shut down on {spec.end_date.isoformat()}.{advice}")
    warnings = []
    if spec.end_date is not None and (spec.end_date - today).days <= warn_days:
        days = (spec.end_date - today).days
        warnings.append(
            f"Model {spec.name!r} will be shut down on {spec.end_date.isoformat()}, in {days} days.{advice}"
        )
    if not spec.known:
        warnings.append(
            f"Model {spec.name!r} is not in the registry: a context of {spec.context_window} tokens and encoding "
            f"{spec.encoding} are assumed. Describe it in the file that SUMMARY_MODEL_REGISTRY names."
        )
    if spec.price is None:
        warnings.append(
            f"No price is known for model {spec.name!r}: costs are not computed and cost limits do not hold."
        )
    return ModelStatus(warnings=tuple(warnings))


def require_usable(spec: ModelSpec, *, today: dt.date) -> tuple[str, ...]:
    """Return the warnings of ``check_model``.

    Raises:
        ModelEndedError: the model is past its end date.
    """
    status = check_model(spec, today=today)
    if status.error is not None:
        raise ModelEndedError(status.error)
    return status.warnings


def _unknown(name: str) -> ModelSpec:
    """Describe a model that nobody has described. OpenAI's own, by their names, take what its current models take."""
    if re.match(r"(gpt-|o\d|chatgpt-)", name):
        return ModelSpec(
            name=name,
            known=False,
            output_limit_parameter="max_completion_tokens",
            supports_json_schema=True,
            reasoning_tokens=2_000,
        )
    return ModelSpec(name=name, known=False)


def _parse_document(document: str) -> Mapping[str, Mapping[str, Any]]:
    try:
        parsed = json.loads(document)
    except json.JSONDecodeError as error:
        raise ModelConfigurationError(f"The model registry is not valid JSON: {error}.") from error
    if not isinstance(parsed, dict) or not all(isinstance(fields, dict) for fields in parsed.values()):
        raise ModelConfigurationError(
            "The model registry has to be a JSON object from model name to its fields, for example "
            '{"my-model": {"context_window": 32768}}.'
        )
    return parsed
