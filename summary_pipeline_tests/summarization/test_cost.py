import pytest

from summary_pipeline.summarization.cost import Usage, VideoBudget, call_cost, completion_usage, highest_call_cost
from summary_pipeline.summarization.errors import CostLimitError
from summary_pipeline.summarization.language_model import Completion
from summary_pipeline.summarization.model_registry import Price

PRICE = Price(
    input=1.0,
    cached_input=0.1,
    output=5.0,
    long_context_from=272_000,
    long_context_input_factor=2.0,
    long_context_output_factor=1.5,
)


def test_a_call_costs_its_tokens_at_their_prices() -> None:
    cost = call_cost(PRICE, input_tokens=10_000, cached_input_tokens=4_000, output_tokens=200)
    assert cost == pytest.approx((6_000 * 1.0 + 4_000 * 0.1 + 200 * 5.0) / 1e6)


def test_what_is_put_in_the_cache_has_a_price_of_its_own() -> None:
    dear = PRICE.model_copy(update={"cache_write": 1.25})
    tokens = {"input_tokens": 10_000, "cached_input_tokens": 4_000, "cache_write_input_tokens": 5_000}
    cost = call_cost(dear, **tokens, output_tokens=200)
    assert cost == pytest.approx((1_000 * 1.0 + 4_000 * 0.1 + 5_000 * 1.25 + 200 * 5.0) / 1e6)
    assert call_cost(PRICE, **tokens, output_tokens=200) == pytest.approx((6_000 + 400 + 1_000) / 1e6)


def test_the_highest_cost_of_a_call_has_all_of_it_put_in_the_cache() -> None:
    dear = PRICE.model_copy(update={"cache_write": 1.25})
    assert highest_call_cost(dear, input_tokens=10_000, output_tokens=200) == pytest.approx(0.0125 + 0.001)
    assert highest_call_cost(PRICE, input_tokens=10_000, output_tokens=200) == pytest.approx(0.01 + 0.001)
    assert highest_call_cost(None, input_tokens=10_000, output_tokens=200) is None


def test_usage_counts_what_was_put_in_the_cache() -> None:
    completion = Completion("", "stop", "m", input_tokens=2_000, output_tokens=0, cache_write_input_tokens=1_500)
    usage = completion_usage(PRICE.model_copy(update={"cache_write": 2.0}), completion)
    assert (usage + usage).cache_write_input_tokens == 3_000
    assert usage.cost_usd == pytest.approx((500 + 3_000) / 1e6)


def test_a_long_request_is_dearer_as_a_whole() -> None:
    assert call_cost(PRICE, input_tokens=272_000, output_tokens=0) == pytest.approx(0.272)
    assert call_cost(PRICE, input_tokens=300_000, output_tokens=1_000) == pytest.approx(0.6 + 0.0075)


def test_an_unknown_price_makes_an_unknown_cost_also_of_the_sum() -> None:
    assert call_cost(None, input_tokens=10, output_tokens=10) is None
    known, unknown = Usage(calls=1, input_tokens=5, cost_usd=1.0), Usage(calls=1, output_tokens=2, cost_usd=None)
    assert (known + unknown).cost_usd is None
    assert known + unknown == Usage(calls=2, input_tokens=5, output_tokens=2, cost_usd=None)
    assert (known + known).cost_usd == 2.0


async def test_reservations_count_until_they_are_settled() -> None:
    budget = VideoBudget(1.0, spent_usd=0.2)
    await budget.reserve(0.7)
    for asked in (budget.require_affordable, budget.reserve):
        with pytest.raises(CostLimitError, match=r"\$0.2000 are spent, \$0.7000 set aside .* may cost \$0.2000"):
            await asked(0.2)
    await budget.settle(reserved_usd=0.7, spent_usd=0.3)
    await budget.reserve(0.5)
    with pytest.raises(CostLimitError):
        await budget.reserve(0.01)
