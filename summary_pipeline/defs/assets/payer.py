"""Which run pays for what an asset finds stored.

Belongs here: telling what a saved summary has counted from what none has. Does not belong here: what calls cost
(``summarization.cost``), and carrying along which run made what (each asset does).

Assets are stored by video, and a run of some of them begins with what is there. What it cost counts once: in the first
summary that is saved of it, whether the run that paid failed or succeeded, and whoever started the one that saves.
"""

import dagster as dg

from summary_pipeline.defs.partitions import video_id_of
from summary_pipeline.resources.database import Database


def is_paid_by_this_run(context: dg.AssetExecutionContext, database: Database, made_by: str) -> bool:
    """Tell whether what an asset upstream cost is to be counted here: this run made it, or no summary has counted it.

    Raises:
        DatabaseError: the database could not answer.
    """
    return made_by == context.run.run_id or not database.is_counted(video_id_of(context.partition_key), made_by)
