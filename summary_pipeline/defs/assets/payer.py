"""Which run pays for what an asset finds stored.

Belongs here: telling this run's cost from that of earlier ones. Does not belong here: what calls cost
(``summarization.cost``), and carrying along which run made what (each asset does).

Assets are stored by video, and a run of some of them begins with what is there. Where a person materializes only what
is stale, the rest was paid for by earlier runs and stands in their summaries; counted again, it would be paid twice.
"""

import dagster as dg

from summary_pipeline.defs.run_retries import runs_gone_on_with


def is_paid_by_this_run(context: dg.AssetExecutionContext, made_by: str | None) -> bool:
    """Tell whether what an asset upstream cost is this run's: made by it, or by a failed one that it goes on with."""
    return made_by in runs_gone_on_with(context.run, context.instance.get_run_by_id)
