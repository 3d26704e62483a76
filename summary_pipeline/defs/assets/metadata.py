"""Metadata that several assets carry, under the same names on each.

Belongs here: what a materialization says of its run and of model usage. Does not belong here: what only one asset says.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.summarization.cost import Usage

ROW_COUNT = "dagster/partition_row_count"


@dataclass(frozen=True, slots=True)
class Origin:
    """Why and since when an asset is being materialized. Make it when the work begins."""

    event: EventOrigin | None
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, context: dg.AssetExecutionContext) -> "Origin":
        """Return the origin of the run."""
        return cls(EventOrigin.from_tags(context.run.tags))

    def metadata(self) -> dict[str, str | float]:
        """Return the event that asked for the run, and the seconds since the work began."""
        return {
            "event": self.event.event_id if self.event else "none (backfill)",
            "seconds": round(time.monotonic() - self.started, 3),
        }


def usage_metadata(usage: Usage) -> dict[str, int | float | str]:
    """Return what a materialization spent: calls, tokens, US dollars."""
    return {
        "model_calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": "unknown" if usage.cost_usd is None else usage.cost_usd,
    }


def quality_metadata(quality: Mapping[str, Any]) -> dict[str, dg.MetadataValue | float | str | None]:
    """Return a summary's score as ``stored_score`` made it: the number, what it is made of, what was found, by whom."""
    components, flags, meanings, evidence = (quality[name] for name in ("components", "flags", "meanings", "evidence"))
    shown: dict[str, dg.MetadataValue | float | str | None] = {
        "quality_score": quality["score"],
        "quality_scorer": quality["scorer"],
        "quality_components": dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "component": name,
                        "value": "can't be computed, or nothing to check" if value is None else f"{value:.2f}",
                        "meaning": meanings[name],
                    }
                )
                for name, value in components.items()
            ]
        ),
        "quality_flags": "none",
    }
    if flags:
        shown["quality_flags"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {"flag": flag, "meaning": meanings[flag], "because of": ", ".join(evidence.get(flag, ()))}
                )
                for flag in flags
            ]
        )
    return shown
