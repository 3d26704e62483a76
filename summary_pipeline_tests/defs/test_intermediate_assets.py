"""What stands between the assets: JSON objects in the bucket, and what happens when one is not there."""

import json

import dagster as dg
import pytest

from summary_pipeline_tests.defs.platform import Platform, snippets

pytestmark = pytest.mark.servers


def materialize(platform: Platform, *assets: str) -> dg.ExecuteInProcessResult:
    platform.instance.add_dynamic_partitions("videos", ["7"])
    return platform.defs.resolve_job_def("summarize_video").execute_in_process(
        instance=platform.instance,
        partition_key="7",
        asset_selection=[dg.AssetKey(name) for name in assets],
        raise_on_error=False,
    )


def test_each_intermediate_asset_is_one_readable_json_object(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    for asset in ("transcript", "chunks", "chunk_summaries", "final_summary"):
        stored = platform.objects.read(f"pipeline/assets/{asset}/7.json", max_bytes=10**7)
        assert isinstance(json.loads(stored.body), dict)


def test_one_asset_can_be_materialized_again_from_what_is_stored(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    before = platform.document(7)["created_at"]
    assert materialize(platform, "persisted_summary").success
    assert platform.document(7)["created_at"] > before


def test_an_asset_whose_upstream_was_never_materialized_says_what_to_do(platform: Platform) -> None:
    platform.add_video(7, snippets())
    result = materialize(platform, "chunks")
    assert not result.success
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "Materialize it for this partition first" in str(event.step_failure_data)


def test_an_object_of_another_version_is_not_taken_for_this_one(platform: Platform) -> None:
    platform.summarize(7, platform.add_video(7, snippets()))
    platform.objects.write("pipeline/assets/chunks/7.json", b'{"chunks": "none"}', content_type="application/json")
    result = materialize(platform, "chunk_summaries")
    assert not result.success
    (event,) = [event for event in result.all_events if event.is_step_failure]
    assert "was written by another version" in str(event.step_failure_data)
