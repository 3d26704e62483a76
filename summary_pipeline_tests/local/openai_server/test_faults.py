from typing import Any

from summary_pipeline.local.openai_server.configuration import Fault
from summary_pipeline.local.openai_server.faults import FaultPlan
from summary_pipeline_tests.local.openai_server.requests import ENGLISH, final_request, request, transcript_data

PLAIN = request("How are you?")


def plan(*faults: dict[str, Any], seed: int = 0) -> FaultPlan:
    return FaultPlan([Fault.model_validate(fault) for fault in faults], seed)


def strikes(faults: FaultPlan, times: int) -> list[str | None]:
    struck = [faults.strike(PLAIN) for _ in range(times)]
    return [fault.kind if fault else None for fault in struck]


def test_a_fault_strikes_as_often_as_it_is_told() -> None:
    assert strikes(plan({"kind": "error", "times": 2}), 4) == ["error", "error", None, None]


def test_a_fault_spares_the_first_calls() -> None:
    assert strikes(plan({"kind": "error", "skip": 2, "times": 1}), 4) == [None, None, "error", None]


def test_the_next_fault_strikes_once_the_first_is_used_up() -> None:
    assert strikes(plan({"kind": "error", "times": 1}, {"kind": "hang", "times": 1}), 3) == ["error", "hang", None]


def test_a_fault_strikes_only_calls_that_match() -> None:
    faults = plan({"kind": "refusal", "schema_name": "final_summary"}, {"kind": "error", "contains": "are you"})
    struck = faults.strike(final_request(transcript_data(ENGLISH)))
    assert struck is not None
    assert struck.kind == "refusal"
    assert strikes(faults, 1) == ["error"]
    assert faults.strike(request("Something else.")) is None


def test_a_fault_with_a_probability_strikes_that_share_and_the_same_calls_every_time() -> None:
    first = strikes(plan({"kind": "error", "probability": 0.2}, seed=3), 1000)
    assert 150 < first.count("error") < 250
    assert strikes(plan({"kind": "error", "probability": 0.2}, seed=3), 1000) == first
