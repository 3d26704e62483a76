"""The code location that ``run_cost`` measures: five empty assets, and a sensor that wants a run for each new video."""

import dagster as dg

VIDEOS = dg.DynamicPartitionsDefinition(name="videos")
NAMES = ("transcript", "chunks", "chunk_summaries", "final_summary", "persisted_summary")
JOB_NAME = "summarize_video"


def _empty_asset(name: str, upstream: str | None) -> dg.AssetsDefinition:
    @dg.asset(name=name, partitions_def=VIDEOS, deps=[upstream] if upstream else [])
    def empty() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"tokens": 1})

    return empty


@dg.sensor(job_name=JOB_NAME, minimum_interval_seconds=1, default_status=dg.DefaultSensorStatus.RUNNING)
def every_new_video(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Request a run for each partition that has none yet."""
    requested = set((context.cursor or "").split(","))
    new = [key for key in context.instance.get_dynamic_partitions("videos") if key not in requested]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=key, partition_key=key) for key in new],
        cursor=",".join(sorted({*requested, *new} - {""})),
    )


defs = dg.Definitions(
    assets=[_empty_asset(name, NAMES[place - 1] if place else None) for place, name in enumerate(NAMES)],
    jobs=[dg.define_asset_job(JOB_NAME, selection="*", executor_def=dg.in_process_executor)],
    sensors=[every_new_video],
)
