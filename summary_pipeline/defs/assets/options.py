"""What all five assets share."""

from dataclasses import dataclass
from typing import TypedDict

import dagster as dg

from summary_pipeline.defs.partitions import videos

GROUP = "summaries"
OWNER = "team:summaries"


class CommonArguments(TypedDict):
    """The arguments of ``@dg.asset`` that are the same for every asset."""

    partitions_def: dg.PartitionsDefinition
    group_name: str
    owners: list[str]
    retry_policy: dg.RetryPolicy


@dataclass(frozen=True, slots=True)
class AssetOptions:
    """How assets retry when S3 or PostgreSQL is in trouble: attempts, the first included, and seconds between them."""

    attempts: int
    delay: float

    def common(self) -> CommonArguments:
        """Return the arguments that every asset is made with."""
        return {
            "partitions_def": videos,
            "group_name": GROUP,
            "owners": [OWNER],
            "retry_policy": dg.RetryPolicy(
                max_retries=self.attempts - 1,
                delay=self.delay,
                backoff=dg.Backoff.EXPONENTIAL,
                jitter=dg.Jitter.PLUS_MINUS,
            ),
        }
