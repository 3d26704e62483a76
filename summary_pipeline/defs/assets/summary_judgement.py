"""The asset ``summary_judgement``: what a language model thinks of a saved summary, where one is set to judge.

It comes after the save and is cut off from it: whatever happens here, the summary and its offline score stand, and the
run succeeds. That is why it takes no inputs: loading one outside of its body could fail the run.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from summary_pipeline.contract.object_keys import summary_version_json_key
from summary_pipeline.database.judgements import NewJudgement
from summary_pipeline.defs.assets.metadata import Origin, usage_metadata
from summary_pipeline.defs.assets.options import AssetOptions
from summary_pipeline.defs.failures import describe
from summary_pipeline.defs.interruption import cancelled_by_interruption
from summary_pipeline.defs.partitions import video_id_of
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.judge import JudgeFactory
from summary_pipeline.resources.object_store import ObjectStore
from summary_pipeline.settings import PipelineSettings, Settings
from summary_pipeline.summarization.parsing import parse_transcript
from summary_pipeline.summarization.quality.judge import JudgeError, Judgement, is_sampled, judge_name
from summary_pipeline.summarization.quality.judge_questions import VERSION
from summary_pipeline.summarization.summary import SummaryDocument

LONGEST_SECONDS = 300.0
"""A judge that takes longer is given up: its run occupies a worker that videos wait for."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A summary that was judged, and by whom."""

    document: SummaryDocument
    event_id: str
    judge: str
    judgement: Judgement


def build_summary_judgement(options: AssetOptions, *, model: str) -> dg.AssetsDefinition:
    """Return the asset. ``model`` is the judge's. Where none is set, there is no such asset, and a run no such step."""

    @dg.asset(
        **options.common(),
        deps=["persisted_summary"],
        kinds={"openai"},
        code_version=f"{VERSION}-{model}",
        description=(
            f"What {model} says of the saved summary by criteria, for a share of the videos (SUMMARY_JUDGE_SHARE). It "
            "never stops a summary: its failure is shown here and leaves the offline score."
        ),
    )
    def summary_judgement(
        context: dg.AssetExecutionContext,
        object_store: dg.ResourceParam[ObjectStore],
        database: dg.ResourceParam[Database],
        settings: dg.ResourceParam[Settings],
        judge: dg.ResourceParam[JudgeFactory],
    ) -> Iterator[dg.MaterializeResult[None]]:
        origin = Origin.of(context)
        try:
            work = _Work(object_store, database, settings.pipeline, judge)
            outcome = _metadata(work.judge_current(video_id_of(context.partition_key), model))
        except Exception as error:  # the boundary: no failure here may fail the run of a summary that is saved
            context.log.exception("The summary was not judged.")
            outcome = _failure(error)
        # Also where nothing was judged: a partition that a backfill asks for and nothing comes of counts as failed.
        yield dg.MaterializeResult(metadata={**outcome, **origin.metadata()})

    return summary_judgement


@dataclass(frozen=True, slots=True)
class _Work:
    objects: ObjectStore
    database: Database
    settings: PipelineSettings
    judges: JudgeFactory

    def judge_current(self, video_id: int, model: str) -> _Judged | str:
        """Judge the video's current summary and keep the judgement; or say why it is not to be judged."""
        event_id = self.database.current_event_id(video_id)
        if event_id is None:
            return "The video has no summary of this pipeline."
        if not is_sampled(event_id, self.settings.summary_judge_share):
            return f"The summary is not among the share of {self.settings.summary_judge_share:g} that is judged."
        if self.database.is_judged(event_id, judge_name(model)):
            return "The same judge has judged this summary before."
        most = self.settings.summary_max_transcript_bytes
        stored = self.objects.read(summary_version_json_key(video_id, event_id), max_bytes=most)
        document = SummaryDocument.model_validate_json(stored.body)
        source = self.objects.read(document.source.key, max_bytes=most)
        transcript = parse_transcript(source.body, key=document.source.key)
        judgement = asyncio.run(self._judge(model, transcript.text, document.summary))
        judged = _Judged(document, event_id, judge_name(model), judgement)
        self.database.record_judgement(
            NewJudgement(
                video_id=video_id,
                summarized_event_id=event_id,
                judge=judged.judge,
                score=judgement.score,
                criteria=judgement.criteria,
                cost_usd=judgement.usage.cost_usd,
            )
        )
        return judged

    async def _judge(self, model: str, transcript: str, summary: str) -> Judgement:
        async with cancelled_by_interruption(), asyncio.timeout(LONGEST_SECONDS), self.judges.open(model) as opened:
            return await opened.judge(transcript, summary)


def _metadata(judged: _Judged | str) -> Mapping[str, str | float | None]:
    if isinstance(judged, str):
        return {"result": "not judged", "reason": judged}
    offline = (judged.document.quality or {}).get("score")
    return {
        "result": "judged",
        "judge": judged.judge,
        "score": judged.judgement.score,
        **judged.judgement.criteria,
        "offline_score": offline,
        "summary_event": judged.event_id,
        **usage_metadata(judged.judgement.usage),
    }


def _failure(error: Exception) -> Mapping[str, str]:
    """Say why there is no judgement. Errors of unknown types may hold anything, so only their type is named."""
    if isinstance(error, TimeoutError):
        reason = f"The judge took longer than {LONGEST_SECONDS:.0f} seconds."
    else:
        reason = str(error) if isinstance(error, JudgeError) else describe(error)
    return {"result": "not judged", "error": type(error).__name__, "reason": reason}
