"""What a batch that has ended cost.

Belongs here: pricing the answers that it brought. Does not belong here: prices (``summarization.cost``), and what is
set aside beforehand (``summarization.batching``).
"""

import time
from collections import Counter
from collections.abc import Collection, Mapping

from summary_pipeline.database.batches import Answered, BatchRow
from summary_pipeline.resources.batch_filling import VideoCalls
from summary_pipeline.resources.summarizer import SummarizationPlan
from summary_pipeline.summarization.batching import highest_batch_cost
from summary_pipeline.summarization.cost import Usage, completion_usage
from summary_pipeline.summarization.language_model import Completion


class BatchCosts:
    """Prices answers. ``deadline``, on ``time.monotonic``, ends looking for requests whose tokens nobody counted."""

    def __init__(self, plan: SummarizationPlan, calls: VideoCalls, deadline: float) -> None:
        self._plan = plan
        self._calls = calls
        self._deadline = deadline

    async def charged(self, row: BatchRow, completions: Mapping[str, Completion]) -> Usage:
        """Return what the provider charges: for every answer, whether it could be used or not.

        One whose tokens it did not count costs what its request costs at most.

        Raises:
            ObjectStoreError, DatabaseError: a server is in trouble.
        """
        price = self._plan.registry.lookup(row.model or "").batch_price
        usages = {key: completion_usage(price, completion) for key, completion in completions.items()}
        uncounted = {key for key, usage in usages.items() if usage.cost_usd is None}
        if price is not None and uncounted:
            for key, usd in (await self._highest(row, uncounted)).items():
                usages[key] = usages[key].model_copy(update={"cost_usd": usd})
        return sum(usages.values(), Usage())

    async def _highest(self, row: BatchRow, keys: Collection[str]) -> dict[str, float | None]:
        """Return what the calls of ``keys`` cost at most, of those that a run would still make, as time allows."""
        found: dict[str, float | None] = {}
        for video_id in row.video_ids:
            if len(found) == len(keys) or time.monotonic() > self._deadline:
                break
            calls = await self._calls.of(video_id)
            found |= {call.key: highest_batch_cost(call, self._plan.spec) for call in calls if call.key in keys}
        return found


def answered_by(completions: Collection[Completion], usage: Usage) -> Answered:
    """Return what was answered, under the name that most answers bear, which is that of the summaries made of them."""
    names = Counter(completion.model for completion in completions)
    return Answered(
        model=names.most_common(1)[0][0],
        calls=usage.calls,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )
