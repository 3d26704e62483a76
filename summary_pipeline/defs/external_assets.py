"""What others write and read, so that lineage in the UI runs from end to end.

Belongs here: assets that this pipeline observes but never materializes.
"""

import dagster as dg

from summary_pipeline.contract.topics import VIDEO_SUMMARIZED, VIDEO_TRANSCRIBED

PLATFORM_OWNER = "team:platform"

video_transcribed_topic = dg.AssetSpec(
    key=["kafka", "video_transcribed"],
    group_name="platform_in",
    kinds={"kafka"},
    owners=[PLATFORM_OWNER],
    description=f"Kafka topic `{VIDEO_TRANSCRIBED}`: an event for each video that the transcriber has finished.",
)

transcript_documents = dg.AssetSpec(
    key=["s3", "transcript_documents"],
    group_name="platform_in",
    kinds={"s3", "json"},
    owners=[PLATFORM_OWNER],
    description="Transcript objects in the platform's bucket, as the transcriber writes them.",
)

video_summarized_topic = dg.AssetSpec(
    key=["kafka", "video_summarized"],
    deps=["persisted_summary"],
    group_name="platform_out",
    kinds={"kafka"},
    owners=[PLATFORM_OWNER],
    description=f"Kafka topic `{VIDEO_SUMMARIZED}`, fed from `outbox_events` by the platform or by our own relay.",
)

search_index = dg.AssetSpec(
    key=["platform", "search_index"],
    deps=[video_summarized_topic],
    group_name="platform_out",
    kinds={"typescript"},
    owners=[PLATFORM_OWNER],
    description=f"The platform's search index, the consumer of `{VIDEO_SUMMARIZED}`.",
)

EXTERNAL_ASSETS = (video_transcribed_topic, transcript_documents, video_summarized_topic, search_index)
