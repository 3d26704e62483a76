"""The job: one run summarizes one video.

The in-process executor keeps a run in one warm process; the fan-out over chunks is asyncio inside ``chunk_summaries``.
"""

import dagster as dg

from summary_pipeline.defs.assets.options import GROUP

JOB_NAME = "summarize_video"
CHUNK_SUMMARIES = "chunk_summaries"
"""The step of nearly all calls."""
ASSETS = ("transcript", "chunks", CHUNK_SUMMARIES, "final_summary", "persisted_summary")
"""What a summary is made by, the last of which saves it."""
JUDGEMENT = "summary_judgement"
"""Comes after the save, where a judge is set. It can't fail a video."""

IN_FLIGHT = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
"""Statuses of runs that may still write."""

summarize_video = dg.define_asset_job(
    JOB_NAME,
    selection=dg.AssetSelection.groups(GROUP),
    executor_def=dg.in_process_executor,
    description="Summarizes one video: from its transcript in S3 to the row, the status and the outgoing event.",
)
