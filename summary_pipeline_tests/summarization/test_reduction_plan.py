import pytest
from hypothesis import given
from hypothesis import strategies as st

from summary_pipeline.summarization.errors import ReductionError
from summary_pipeline.summarization.reduction_plan import (
    Leaf,
    Merge,
    Node,
    ReductionLimits,
    ReductionPlan,
    plan_reduction,
)

SIZES = st.lists(st.integers(1, 400), min_size=1, max_size=120)


def leaves(node: Node) -> list[int]:
    return [node.index] if isinstance(node, Leaf) else [leaf for child in node.children for leaf in leaves(child)]


def merges(node: Node) -> list[Merge]:
    return [node, *(found for child in node.children for found in merges(child))] if isinstance(node, Merge) else []


def depth(node: Node) -> int:
    return 1 + max(map(depth, node.children)) if isinstance(node, Merge) else 0


def all_merges(plan: ReductionPlan) -> list[Merge]:
    return [merge for root in plan.roots for merge in merges(root)]


def limits(
    capacity: int, merged: int, *, group: int | None = None, threshold: int = 10, levels: int = 30
) -> ReductionLimits:
    return ReductionLimits(
        capacity=capacity, merged_size=merged, max_levels=levels, group_size=group, group_threshold=threshold
    )


@given(SIZES, st.integers(900, 4_000), st.integers(50, 400), st.none() | st.integers(2, 9))
def test_a_plan_uses_each_part_once_in_order_and_fits_every_call(
    sizes: list[int], capacity: int, merged: int, group: int | None
) -> None:
    plan = plan_reduction(sizes, limits(capacity, merged, group=group))
    assert [leaf for root in plan.roots for leaf in leaves(root)] == list(range(len(sizes)))
    assert sum(root.size for root in plan.roots) <= capacity
    assert plan.merges == len(all_merges(plan))
    assert plan.levels == 1 + max(map(depth, plan.roots))
    for merge in all_merges(plan):
        assert len(merge.children) >= 2
        assert sum(child.size for child in merge.children) <= capacity


@given(SIZES, st.integers(900, 4_000), st.integers(50, 400))
def test_packed_by_tokens_every_merge_shrinks_what_it_merges(sizes: list[int], capacity: int, merged: int) -> None:
    for merge in all_merges(plan_reduction(sizes, limits(capacity, merged))):
        assert merge.size < sum(child.size for child in merge.children)


@given(SIZES)
def test_parts_that_fit_one_call_are_not_merged(sizes: list[int]) -> None:
    plan = plan_reduction(sizes, limits(sum(sizes), 50))
    assert (plan.merges, plan.levels) == (0, 1)


@given(st.lists(st.integers(100, 300), min_size=20, max_size=60), st.floats(0.6, 0.99), st.integers(50, 100))
def test_merging_stops_as_soon_as_the_rest_fits(sizes: list[int], share: float, merged: int) -> None:
    capacity = int(share * sum(sizes))
    plan = plan_reduction(sizes, limits(capacity, merged))
    assert plan.levels == 2
    # Without its last merge the plan's last call would not fit.
    last = all_merges(plan)[-1]
    unmerged = sum(root.size for root in plan.roots) - last.size + sum(child.size for child in last.children)
    assert unmerged > capacity
    # And no more calls than packing everything would take.
    assert plan.merges <= bins(sizes, capacity)


def bins(sizes: list[int], capacity: int) -> int:
    count, filled = 1, 0
    for size in sizes:
        if filled + size > capacity:
            count, filled = count + 1, 0
        filled += size
    return count


def test_one_merge_is_enough_just_above_the_limit() -> None:
    plan = plan_reduction([200] * 52, limits(10_000, 400))
    assert (plan.merges, plan.levels) == (1, 2)
    assert len(plan.roots) == 49


@pytest.mark.parametrize(
    ("parts", "merged_calls", "levels"),
    [(10, 0, 1), (11, 2, 2), (50, 10, 2), (55, 11 + 2, 3), (64, 13 + 3, 3), (256, 51 + 11 + 2, 4)],
)
def test_the_first_version_s_groups_of_five_above_ten_are_within_reach(
    parts: int, merged_calls: int, levels: int
) -> None:
    plan = plan_reduction([180] * parts, limits(100_000, 400, group=5, threshold=10))
    assert (plan.merges, plan.levels) == (merged_calls, levels)
    assert len(plan.roots) <= 10


def test_a_lonely_part_is_passed_on_without_a_call() -> None:
    plan = plan_reduction([180] * 11, limits(100_000, 400, group=5))
    assert [type(root) for root in plan.roots] == [Merge, Merge, Leaf]


@pytest.mark.parametrize("sizes", [[600, 600], [1_200], [90, 1_100, 90]])
def test_parts_of_which_no_two_fit_are_an_error(sizes: list[int]) -> None:
    with pytest.raises(ReductionError, match="can't be merged: a call takes 1000 tokens"):
        plan_reduction(sizes, limits(1_000, 300))


def test_merging_that_would_not_shrink_is_an_error() -> None:
    with pytest.raises(ReductionError, match="can't be merged"):
        plan_reduction([300] * 9, limits(1_000, 1_000))


def test_rounds_are_bounded() -> None:
    with pytest.raises(ReductionError, match="more than 3 levels"):
        plan_reduction([300] * 500, limits(1_000, 300, levels=3))
