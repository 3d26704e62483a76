import datetime as dt
import json
import re
from pathlib import Path

import pytest

from summary_pipeline.summarization.errors import ModelConfigurationError, ModelEndedError
from summary_pipeline.summarization.model_registry import (
    DEFAULT_MODEL,
    OFFLINE_MODEL,
    ModelSpec,
    Price,
    built_in_registry,
    check_model,
    require_usable,
)
from summary_pipeline.summarization.tokens import count_tokens

TODAY = dt.date(2026, 11, 20)


def test_the_default_model_is_alive_known_and_priced() -> None:
    spec = built_in_registry().lookup(DEFAULT_MODEL)
    status = check_model(spec, today=TODAY)
    assert status.error is None
    assert status.warnings == ()
    assert spec.end_date is None


def test_a_model_is_an_error_from_its_end_date_on() -> None:
    spec = built_in_registry().lookup("gpt-3.5-turbo")
    with pytest.raises(ModelEndedError, match=r"'gpt-3.5-turbo' was shut down on 2026-10-23.*gpt-5.6-terra"):
        require_usable(spec, today=dt.date(2026, 10, 23))
    assert require_usable(spec, today=dt.date(2026, 8, 1)) == ()


def test_a_model_near_its_end_is_a_warning_that_names_its_successor() -> None:
    status = check_model(built_in_registry().lookup("gpt-4o-mini"), today=TODAY)
    assert status.error is None
    assert len(status.warnings) == 1
    assert "in 55 days" in status.warnings[0]
    assert "gpt-6-luna" in status.warnings[0]


def test_a_dated_snapshot_is_known_by_its_family() -> None:
    registry = built_in_registry()
    snapshot = registry.lookup("gpt-5.4-mini-2026-03-17")
    assert snapshot.known
    assert snapshot.name == "gpt-5.4-mini-2026-03-17"
    assert snapshot.price == registry.lookup("gpt-5.4-mini").price


def test_an_unknown_model_works_with_safe_values_and_warnings() -> None:
    spec = built_in_registry().lookup("my-own-model")
    status = check_model(spec, today=TODAY)
    assert status.error is None
    assert [warning.split(":")[0] for warning in status.warnings] == [
        "Model 'my-own-model' is not in the registry",
        "No price is known for model 'my-own-model'",
    ]
    assert (spec.takes_temperature, spec.supports_json_schema, spec.output_limit_parameter) == (
        False,
        False,
        "max_tokens",
    )


def test_an_unknown_model_of_openai_takes_what_its_current_ones_take() -> None:
    spec = built_in_registry().lookup("gpt-9-nova")
    assert spec.output_limit_parameter == "max_completion_tokens"
    assert spec.supports_json_schema


def test_the_offline_model_costs_nothing_and_holds_128_000_tokens() -> None:
    spec = built_in_registry().lookup(OFFLINE_MODEL)
    assert spec.price is not None
    assert (spec.price.input, spec.price.output, spec.context_window) == (0, 0, 128_000)
    assert spec.encoding == "o200k_base"


@pytest.mark.parametrize("name", built_in_registry().names)
def test_every_entry_is_consistent(name: str) -> None:
    spec = built_in_registry().lookup(name)
    assert spec.max_output_tokens < spec.context_window
    assert spec.single_call_tokens < spec.input_limit
    assert spec.price is not None
    assert spec.price.cached_input <= spec.price.input <= spec.price.output
    if spec.price.cache_write is not None:
        assert spec.price.cache_write > spec.price.input
        assert spec.takes_cache_options
    assert count_tokens("token", spec.encoding) == 1
    if spec.output_limit_parameter == "max_tokens":
        assert spec.reasoning_effort is None
    else:
        assert not spec.takes_temperature
    if spec.reasoning_effort not in (None, "none"):
        assert spec.reasoning_tokens > 0


def test_a_user_adds_a_model_and_changes_one() -> None:
    registry = built_in_registry().extended(
        json.dumps({"mine": {"context_window": 32_768}, DEFAULT_MODEL: {"single_call_tokens": 0}})
    )
    assert registry.lookup("mine").context_window == 32_768
    assert registry.lookup("mine").known
    assert registry.lookup(DEFAULT_MODEL).single_call_tokens == 0
    assert registry.lookup(DEFAULT_MODEL).price == built_in_registry().lookup(DEFAULT_MODEL).price
    assert built_in_registry().lookup(DEFAULT_MODEL).single_call_tokens > 0


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "has to be a JSON object"),
        ('{"mine": 5}', "has to be a JSON object"),
        ('{"mine": {"context_window": -1}}', r"entry 'mine' is wrong: context_window: Input should be greater than 0"),
        ('{"mine": {"encoding": "o201k"}}', r"entry 'mine' is wrong: encoding: .*no encoding 'o201k'"),
        ('{"mine": {"contxt": 1}}', r"entry 'mine' is wrong: contxt: Extra inputs"),
    ],
)
def test_a_wrong_registry_says_which_entry_and_field(document: str, message: str) -> None:
    with pytest.raises(ModelConfigurationError, match=message):
        built_in_registry().extended(document)


PAGE = Path(__file__).parents[2] / "docs" / "models.md"


def test_the_page_on_models_describes_every_field_and_no_other() -> None:
    described = set(re.findall(r"^\| `([\w.]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    fields = ModelSpec.model_fields.keys() - {"name", "known"}
    assert described == fields | {f"price.{field}" for field in Price.model_fields}


def test_the_example_on_the_page_is_a_registry() -> None:
    example = PAGE.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    registry = built_in_registry().extended(example)
    assert registry.lookup("my-model").context_window == 32_768
    assert registry.lookup("gpt-6-luna").single_call_tokens == 100_000


def test_a_default_model_that_has_ended_is_not_recommended_in_its_own_place() -> None:
    ended = built_in_registry().lookup(DEFAULT_MODEL).model_copy(update={"end_date": dt.date(2026, 1, 1)})
    error = check_model(ended.model_copy(update={"replaced_by": None}), today=dt.date(2026, 1, 2)).error
    assert error is not None
    assert error.endswith("Set SUMMARY_MODEL to another model.")
