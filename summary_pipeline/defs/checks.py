"""The checks of a summary as Dagster shows them: which there are, what they mean, how grave they are.

Belongs here: specs, and from verdicts to check results and metadata. Does not belong here: what is decided
(``summarization.quality.verdicts``).

Results are returned by the assets themselves, so that each video has its own. A check either blocks (severity ERROR:
nothing is stored or saved, and the run fails with the check's reason) or warns (severity WARN: shown, nothing else).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import dagster as dg

from summary_pipeline.summarization.quality.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Check:
    """A check of an asset. One that ``blocks`` stops everything downstream."""

    asset: str
    name: str
    description: str
    blocks: bool = False

    def spec(self) -> dg.AssetCheckSpec:
        """Return what the asset declares."""
        return dg.AssetCheckSpec(self.name, asset=self.asset, description=self.description, blocking=self.blocks)

    def result(self, verdict: Verdict, video: str) -> dg.AssetCheckResult:
        """Return what the asset reports of one video."""
        metadata = {"video": video, "value": verdict.value, "threshold": verdict.threshold, "reason": verdict.reason}
        return dg.AssetCheckResult(
            check_name=self.name,
            passed=verdict.passed,
            severity=dg.AssetCheckSeverity.ERROR if self.blocks else dg.AssetCheckSeverity.WARN,
            description=f"Video {video}: {verdict.reason}",
            metadata={name: value for name, value in metadata.items() if value is not None},
        )


SNIPPET_COUNT: Final = Check(
    "transcript", "snippet_count", "The transcript has as many snippets as its event announced."
)
COVERAGE_COMPLETE: Final = Check(
    "final_summary",
    "coverage_complete",
    "Every token of the transcript went into the summary. Otherwise nothing is saved.",
    blocks=True,
)
ANSWER_WELL_FORMED: Final = Check(
    "final_summary",
    "answer_well_formed",
    "The answer is prose and no refusal, with nothing of JSON or the request in it. Otherwise nothing is saved.",
    blocks=True,
)
LANGUAGE: Final = Check(
    "final_summary", "language", "The summary is in the language of SUMMARY_LANGUAGE, where unset in the transcript's."
)
LENGTH: Final = Check(
    "final_summary",
    "length",
    "Between SUMMARY_MIN_SENTENCES (fewer for short transcripts) and SUMMARY_MAX_SENTENCES sentences, and at most "
    "SUMMARY_FINAL_OUTPUT_TOKENS tokens.",
)
SUPPORT: Final = Check(
    "persisted_summary",
    "support",
    "The transcript backs the summary's words, phrases and statements, at least by SUMMARY_MIN_SUPPORT.",
)
SCORE_ABOVE_THRESHOLD: Final = Check(
    "persisted_summary", "score_above_threshold", "The quality score is at least SUMMARY_MIN_SCORE."
)
SCORE_NEAR_MEDIAN: Final = Check(
    "persisted_summary",
    "score_near_median",
    "The quality score is at most SUMMARY_MAX_SCORE_DROP below the median of the last SUMMARY_SCORE_HISTORY summaries "
    "of its model and prompt version.",
)

CHECKS: Final = (
    SNIPPET_COUNT,
    COVERAGE_COMPLETE,
    ANSWER_WELL_FORMED,
    LANGUAGE,
    LENGTH,
    SUPPORT,
    SCORE_ABOVE_THRESHOLD,
    SCORE_NEAR_MEDIAN,
)
"""All of them, in the order in which a run comes to them."""

Verdicts = Mapping[Check, Verdict]


def specs_of(asset: str) -> list[dg.AssetCheckSpec]:
    """Return the specs of an asset's checks."""
    return [check.spec() for check in CHECKS if check.asset == asset]


def results(verdicts: Verdicts, video: str) -> list[dg.AssetCheckResult]:
    """Return what an asset reports of one video."""
    return [check.result(verdict, video) for check, verdict in verdicts.items()]


def verdict_metadata(verdicts: Verdicts) -> dict[str, dg.MetadataValue]:
    """Return the verdicts as a table for a materialization: the page of a check shows its latest video only."""
    marks = {
        check: "passed" if verdict.passed else "failed" if check.blocks else "warning"
        for check, verdict in verdicts.items()
    }
    rows = [
        dg.TableRecord({"check": check.name, "verdict": marks[check], "reason": verdict.reason})
        for check, verdict in verdicts.items()
    ]
    return {"checks": dg.MetadataValue.table(rows)}


def is_blocked(verdicts: Verdicts) -> bool:
    """Tell whether a failed check stops the summary."""
    return bool(_blocking(verdicts))


def not_saved(verdicts: Verdicts, *, refused: str) -> dg.Failure:
    """Return the error that says why nothing is saved; trying again would find the same.

    To be raised after the results have been reported and before the value is. Dagster alone would stop here too, with
    the value stored, and an error that names the check and not what is wrong.

    Args:
        verdicts: of which one blocks.
        refused: the summary in Markdown, for the run's page: nothing else keeps it.
    """
    faults = " ".join(f"{check.name}: {verdict.reason}" for check, verdict in _blocking(verdicts))
    metadata = {"refused_summary": dg.MetadataValue.md(refused), **verdict_metadata(verdicts)}
    return dg.Failure(f"The summary was not saved. {faults}", metadata=metadata, allow_retries=False)


def _blocking(verdicts: Verdicts) -> list[tuple[Check, Verdict]]:
    return [(check, verdict) for check, verdict in verdicts.items() if check.blocks and not verdict.passed]
