"""How partial summaries are merged until one call takes them all: decided from their sizes alone, before any call.

Belongs here: the plan. Does not belong here: making calls (``summarizer``), counting tokens.

Two ways: packed by tokens, which needs no merging at all until the partial summaries outgrow the model's context; or,
with a group size, in groups of so many as long as there are more than a threshold (the first version's five and ten).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from summary_pipeline.summarization.errors import ReductionError


@dataclass(frozen=True, slots=True)
class Leaf:
    """The partial summary at ``index``, as the map phase made it."""

    index: int
    size: int


@dataclass(frozen=True, slots=True)
class Merge:
    """A call that makes one partial summary of consecutive ones. ``size`` is the most that its answer may weigh."""

    children: tuple["Node", ...]
    size: int


Node: TypeAlias = Leaf | Merge


@dataclass(frozen=True, slots=True)
class ReductionPlan:
    """What the last call is shown, in order, and how that comes about."""

    roots: tuple[Node, ...]
    merges: int
    """Calls before the last one."""
    levels: int
    """Calls on the longest way from a partial summary to the final one, the last call included."""


@dataclass(frozen=True, slots=True)
class ReductionLimits:
    """In tokens: ``capacity`` is what one call can be shown, ``merged_size`` the most that a merged summary weighs."""

    capacity: int
    merged_size: int
    max_levels: int
    group_size: int | None = None
    group_threshold: int = 10


def plan_reduction(sizes: Sequence[int], limits: ReductionLimits) -> ReductionPlan:
    """Plan the merging of partial summaries of these sizes.

    Order is kept, every partial summary is used exactly once, and each round has strictly fewer summaries and, packed
    by tokens, strictly less text than the one before.

    Raises:
        ReductionError: they can't be brought to fit, or not within ``max_levels``; the message says what to change.
    """
    nodes: list[Node] = [Leaf(index, size) for index, size in enumerate(sizes)]
    levels = 1
    while (grouped := _too_many(nodes, limits)) or _total(nodes) > limits.capacity:
        if levels == limits.max_levels:
            raise ReductionError(
                f"{len(sizes)} partial summaries ({sum(sizes)} tokens) need more than {limits.max_levels} levels of "
                f"reduction at {limits.capacity} tokens a call. Use a model with a larger context, larger chunks or "
                "smaller map answers."
            )
        merged = _merge_groups(nodes, limits) if grouped else _merge_until_fitting(nodes, limits)
        if len(merged) == len(nodes):
            raise ReductionError(
                f"{len(nodes)} partial summaries ({_total(nodes)} tokens) can't be merged: a call takes "
                f"{limits.capacity} tokens, and no neighbours fit that weigh more than what they are merged to may "
                f"({limits.merged_size}). Use a model with a larger context or lower SUMMARY_MAP_OUTPUT_TOKENS."
            )
        nodes = merged
        levels += 1
    return ReductionPlan(
        roots=tuple(nodes), merges=sum(map(_merges, nodes)), levels=1 + max(map(_depth, nodes), default=0)
    )


def _too_many(nodes: Sequence[Node], limits: ReductionLimits) -> bool:
    return limits.group_size is not None and len(nodes) > limits.group_threshold


def _merge_groups(nodes: Sequence[Node], limits: ReductionLimits) -> list[Node]:
    """Merge every ``group_size`` neighbours (fewer where they do not fit); one left over goes on as it is."""
    merged: list[Node] = []
    rest = list(nodes)
    while rest:
        count = _longest_group(rest, limits, at_most=limits.group_size or len(rest))
        group, rest = rest[:count], rest[count:]
        merged.append(Merge(tuple(group), limits.merged_size) if count > 1 else group[0])
    return merged


def _merge_until_fitting(nodes: Sequence[Node], limits: ReductionLimits) -> list[Node]:
    """Merge neighbours from the start, as many a call as fit, until the rest fits one call as it is.

    What needs no merging is not merged: it costs no call and loses nothing.
    """
    merged: list[Node] = []
    rest = list(nodes)
    total = _total(nodes)
    while rest and total > limits.capacity:
        count = _longest_group(rest, limits, at_most=len(rest))
        while count > 2 and total - _total(rest[: count - 1]) + limits.merged_size <= limits.capacity:
            count -= 1
        group, rest = rest[:count], rest[count:]
        if count > 1 and _total(group) > limits.merged_size:
            merged.append(Merge(tuple(group), limits.merged_size))
            total += limits.merged_size - _total(group)
        else:
            merged.extend(group)
    return merged + rest


def _longest_group(nodes: Sequence[Node], limits: ReductionLimits, *, at_most: int) -> int:
    """Return how many of the first nodes one call takes: at least one, which is then not merged."""
    size = 0
    for count, node in enumerate(nodes[:at_most]):
        size += node.size
        if size > limits.capacity:
            return max(1, count)
    return min(at_most, len(nodes))


def _total(nodes: Sequence[Node]) -> int:
    return sum(node.size for node in nodes)


def _merges(node: Node) -> int:
    return 1 + sum(map(_merges, node.children)) if isinstance(node, Merge) else 0


def _depth(node: Node) -> int:
    return 1 + max(map(_depth, node.children)) if isinstance(node, Merge) else 0
