"""The sensor that turns ``video.transcribed`` messages into run requests.

Belongs here: the tick. Does not belong here: where to read and what messages mean (``intake``).

The cursor is the only owner of offsets. The daemon stores it together with the reserved run ids after this function
has returned, so nothing may be committed to Kafka for messages of the same tick: group offsets follow one tick late.
"""

import dagster as dg

from summary_pipeline.contract.topics import TOPICS, VIDEO_TRANSCRIBED
from summary_pipeline.defs.external_assets import video_transcribed_topic
from summary_pipeline.defs.job import JOB_NAME
from summary_pipeline.defs.partitions import partition_key, videos
from summary_pipeline.defs.requests import EVENT_SENSOR, is_under_way, runs_in_flight, runs_of_event
from summary_pipeline.defs.run_tags import FRESH_VIDEO_PRIORITY, EventOrigin
from summary_pipeline.intake.cursor import Cursor, parse_cursor, start_offsets
from summary_pipeline.intake.dead_letters import rejected_letter
from summary_pipeline.intake.planning import AcceptedEvent, TickPlan, plan_tick, recent_outcomes, refuse_mass_rejection
from summary_pipeline.resources.database import Database
from summary_pipeline.resources.kafka import Kafka
from summary_pipeline.resources.kafka_reader import TopicState
from summary_pipeline.settings import Settings


@dg.sensor(
    name=EVENT_SENSOR,
    job_name=JOB_NAME,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Requests a run for each `video.transcribed` event. Its cursor holds the Kafka offsets to read next.",
)
def video_transcribed_sensor(
    context: dg.SensorEvaluationContext,
    kafka: dg.ResourceParam[Kafka],
    database: dg.ResourceParam[Database],
    settings: dg.ResourceParam[Settings],
) -> dg.SensorResult | dg.SkipReason:
    """Read a bounded stretch of the topic and request a run for each event that is new."""
    limits = settings.pipeline
    in_flight = runs_in_flight(context.instance)
    room = limits.summary_max_runs_in_flight - in_flight
    if room <= 0:
        return dg.SkipReason(f"{in_flight} runs are queued or running; reading goes on when there are fewer.")
    cursor = parse_cursor(context.cursor)
    for topic in kafka.ensure_topics(TOPICS):
        context.log.warning("Created the missing Kafka topic %s.", topic)
    with kafka.open_reader() as reader:
        state = reader.state(trusted_cluster_id=cursor.cluster_id if cursor else None)
        start = start_offsets(
            cursor,
            cluster_id=state.cluster_id,
            topic=VIDEO_TRANSCRIBED,
            partitions=state.partitions,
            unreadable=state.unreadable,
            out_of_range=limits.summary_kafka_out_of_range,
        )
        for warning in start.warnings:
            context.log.warning(warning)
        if cursor is not None and cursor.cluster_id == state.cluster_id:
            reader.commit(cursor.offsets)
        result = reader.read(
            start.offsets,
            max_messages=min(limits.summary_tick_max_messages, room),
            max_seconds=limits.summary_tick_seconds,
        )
    plan = plan_tick(result.messages, processed=database.processed_among)
    recent = recent_outcomes(cursor.recent if cursor else "", result.messages, plan)
    share = limits.summary_max_rejected_share
    refuse_mass_rejection(plan, read=len(result.messages), share=share, recent=recent)
    letters = [rejected_letter(rejected, cluster_id=state.cluster_id) for rejected in plan.rejected]
    # Both before the cursor moves. The table first, because it takes a repeat for what it is.
    database.record_dead_letters(letters)
    kafka.write_dead_letters(letters)
    _log(context, plan)
    next_cursor = Cursor(
        cluster_id=state.cluster_id,
        topic=VIDEO_TRANSCRIBED,
        offsets=dict(sorted({**start.kept, **result.next_offsets}.items())),
        # What a person lets pass is not held against the messages that come once the limit is back.
        recent=recent if share < 1 else "",
    )
    return _result(context.instance, plan, next_cursor, state)


def _log(context: dg.SensorEvaluationContext, plan: TickPlan) -> None:
    for rejected in plan.rejected:
        message = rejected.message
        context.log.error(
            "Dead-lettered %s[%s]@%s: %s", message.topic, message.partition, message.offset, rejected.reason
        )
    for repeat in plan.repeats:
        context.log.info("Event %s of video %s is a repeat: no run.", repeat.event.id, repeat.event.video_id)


def _result(instance: dg.DagsterInstance, plan: TickPlan, cursor: Cursor, state: TopicState) -> dg.SensorResult:
    requests = []
    for item in plan.accepted:
        earlier = runs_of_event(instance, item.event.id)
        if not is_under_way(earlier):
            requests.append(run_request(item, cluster_id=state.cluster_id, replayed=bool(earlier)))
    keys = list(dict.fromkeys(partition_key(item.event.video_id) for item in plan.accepted))
    read_any = bool(plan.accepted or plan.rejected or plan.repeats)
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason(_nothing_new(state)),
        dynamic_partitions_requests=[videos.build_add_request(keys)] if keys else [],
        cursor=cursor.model_dump_json(),
        asset_events=[_observation(plan, cursor, state)] if read_any else [],
    )


def _nothing_new(state: TopicState) -> str:
    if not state.unreadable:
        return "No new event."
    left_out = ", ".join(f"{VIDEO_TRANSCRIBED}[{number}]" for number in state.unreadable)
    return f"No new event in the partitions that can be read. Left out: {left_out}; this tick's log says why."


def _observation(plan: TickPlan, cursor: Cursor, state: TopicState) -> dg.AssetObservation:
    behind = sum(max(0, part.high - cursor.offsets.get(number, part.low)) for number, part in state.partitions.items())
    return dg.AssetObservation(
        asset_key=video_transcribed_topic.key,
        metadata={
            "events": len(plan.accepted),
            "repeats": len(plan.repeats),
            "dead_letters": len(plan.rejected),
            "lag": behind,
            "partitions_left_out": len(state.unreadable),
            "next_offsets": dg.MetadataValue.json({str(number): offset for number, offset in cursor.offsets.items()}),
        },
    )


def run_request(item: AcceptedEvent, *, cluster_id: str, replayed: bool) -> dg.RunRequest:
    """Return the request for the run that answers an event.

    The run key is the event id, so that a repeat makes no run. An event whose runs all ended without its effect is
    ``replayed``: Dagster would take the failed run for the answer, so the message's place makes its key another one.
    The time is part of the place: a topic that was made anew counts its offsets from 0 again.
    """
    event, message = item.event, item.message
    origin = EventOrigin(
        event_id=event.id,
        video_id=event.video_id,
        transcript_key=event.transcript_file_key,
        ts=event.ts,
        snippet_count=event.snippet_count,
        cluster_id=cluster_id,
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
    )
    place = f"{cluster_id}:{message.partition}@{message.offset}:{message.timestamp}"
    return dg.RunRequest(
        run_key=f"{event.id}:replayed:{place}" if replayed else event.id,
        partition_key=partition_key(event.video_id),
        tags={**FRESH_VIDEO_PRIORITY, **origin.to_tags()},
    )
