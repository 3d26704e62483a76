from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.report.data import Spent
from summary_pipeline.report.model_info import read_model_info, unit_score

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["quality", "provenance", "usage", "components", "flags", "cost_usd"]), inner)
    ),
    max_leaves=12,
)


def test_what_is_stored_with_a_summary_is_read() -> None:
    info = read_model_info(
        {
            "language": "en",
            "quality": {
                "components": {"support": 0.9, "names": None},
                "flags": ["off_topic"],
                "evidence": {"unbacked_names": ["Framheim"]},
                "scorer": "offline/1",
            },
            "provenance": {
                "usage": {"calls": 3, "input_tokens": 100, "output_tokens": 20, "cost_usd": 0.01},
                "stored_usage": {"calls": 1, "input_tokens": 50, "output_tokens": 10, "cost_usd": None},
            },
        }
    )
    assert info.components == {"support": 0.9, "names": None}
    assert (info.flags, info.evidence, info.scorer) == (("off_topic",), {"unbacked_names": ("Framheim",)}, "offline/1")
    assert info.spent == Spent(3, 100, 20, 0.01)
    assert info.spent_before == Spent(1, 50, 10, None)
    assert (info.spent + info.spent_before).cost_usd is None


def test_nothing_recorded_is_an_unknown_price_and_not_a_free_summary() -> None:
    assert read_model_info(None).spent.cost_usd is None


@given(JSON)
def test_whatever_json_another_program_left_is_read_without_an_exception(stored: Any) -> None:  # noqa: ANN401 -- any
    info = read_model_info(stored)
    assert all(value is None or 0 <= value <= 1 for value in info.components.values())
    assert info.spent.calls >= 0


@pytest.mark.parametrize("stored", [float("nan"), float("inf"), -0.1, 1.1, True, "0.5", None, 10**400])
def test_a_score_that_is_none_is_left_out(stored: object) -> None:
    assert unit_score(stored) is None


@pytest.mark.parametrize("stored", [0, 1, 0.5])
def test_a_score_within_zero_to_one_is_kept(stored: float) -> None:
    assert unit_score(stored) == stored
