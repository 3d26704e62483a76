"""Addresses of pages in the Dagster UI.

Belongs here: where a run or a video's partition is shown. Does not belong here: where the UI itself is (a setting).
"""

from dataclasses import dataclass
from urllib.parse import quote

_ASSET = "persisted_summary"


@dataclass(frozen=True, slots=True)
class Links:
    """``base_url`` is the UI's address without a slash at its end, None where it is not known: then there are none."""

    base_url: str | None = None

    def run(self, run_id: str | None) -> str | None:
        """Return the address of a run's page."""
        if self.base_url is None or not run_id:
            return None
        return f"{self.base_url}/runs/{quote(run_id, safe='')}"

    def partition(self, video_id: int) -> str | None:
        """Return the address of what the pipeline knows of a video."""
        if self.base_url is None:
            return None
        return f"{self.base_url}/assets/{_ASSET}?view=partitions&partition={video_id}"
