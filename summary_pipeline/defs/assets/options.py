"""What all five assets share."""

from dataclasses import dataclass
from typing import TypedDict

import dagster as dg

from summary_pipeline.defs.partitions import videos
from summary_pipeline.resources.retrying import RetrySchedule

GROUP = "summaries"
OWNER = "team:summaries"


class CommonArguments(TypedDict):
    """The arguments of ``@dg.asset`` that are the same for every asset."""

    partitions_def: dg.PartitionsDefinition
    group_name: str
    owners: list[str]


@dataclass(frozen=True, slots=True)
class AssetOptions:
    """When assets are attempted again while S3, PostgreSQL or the model's provider is in trouble."""

    retries: RetrySchedule

    def common(self) -> CommonArguments:
        """Return the arguments that every asset is made with. No retry policy: see ``resources.retrying``."""
        return {"partitions_def": videos, "group_name": GROUP, "owners": [OWNER]}
