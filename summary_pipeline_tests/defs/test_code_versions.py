"""Which assets a change of prompt, model, parameter or scorer shows on, as "code changed" in Dagster's UI."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleCauseCategory
from dagster._core.loader import LoadingContextForTest

from summary_pipeline.build import build_defs
from summary_pipeline.defs.assets import persisted_summary
from summary_pipeline.defs.job import ASSETS
from summary_pipeline.summarization import call_shapes, prompts
from summary_pipeline.summarization.model_registry import DEFAULT_MODEL
from summary_pipeline.summarization.quality import SCORER
from summary_pipeline_tests.defs.platform import Platform, snippets

CALLS = {"chunk_summaries", "final_summary"}

Patch = Callable[[pytest.MonkeyPatch], None]


def setting(**values: str) -> Patch:
    """Return a change of settings."""

    def change(patch: pytest.MonkeyPatch) -> None:
        for name, value in values.items():
            patch.setenv(name.upper(), value)

    return change


def prompt(name: str) -> Patch:
    """Return a change of the wording of one kind of call."""
    before = getattr(prompts, name)

    def change(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(prompts, name, lambda *given: f"{before(*given)} Be kind.")

    return change


def scorer(patch: pytest.MonkeyPatch) -> None:
    """Change the version of the quality score."""
    patch.setattr(persisted_summary, "SCORER", f"{SCORER}-next")


CHANGES = (
    pytest.param(setting(summary_chunk_tokens="4000"), {"chunks"}, id="chunk size"),
    pytest.param(setting(summary_map_output_tokens="150"), {"chunk_summaries"}, id="map output tokens"),
    pytest.param(setting(summary_final_output_tokens="400"), {"final_summary"}, id="final output tokens"),
    pytest.param(setting(summary_reduce_group_size="5"), {"final_summary"}, id="reduce groups"),
    pytest.param(setting(summary_model=DEFAULT_MODEL), CALLS, id="model"),
    pytest.param(setting(summary_temperature="0.9"), CALLS, id="temperature"),
    pytest.param(setting(summary_language="de"), CALLS, id="language"),
    pytest.param(setting(summary_single_call="true"), {"chunk_summaries"}, id="one call"),
    pytest.param(prompt("map_instructions"), {"chunk_summaries"}, id="map prompt"),
    pytest.param(prompt("merge_instructions"), {"final_summary"}, id="merge prompt"),
    pytest.param(prompt("final_instructions"), {"final_summary"}, id="final prompt"),
    pytest.param(scorer, {"persisted_summary"}, id="scorer"),
    pytest.param(setting(summary_concurrency="9"), set(), id="concurrency"),
    pytest.param(setting(summary_retry_attempts="5", summary_retry_delay_seconds="1"), set(), id="retries"),
    pytest.param(setting(summary_force="true"), set(), id="force"),
    pytest.param(setting(summary_max_cost_per_video_usd="1"), set(), id="cost limit"),
)


@pytest.fixture(autouse=True)
def no_remembered_shapes() -> Iterator[None]:
    """Forget what was put together of the usual prompts, and afterwards of those that a test changed."""

    def forget() -> None:
        call_shapes.partial_shape.cache_clear()
        call_shapes.final_shape.cache_clear()

    forget()
    yield
    forget()


@pytest.fixture
def offline_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that takes a temperature, whose answers cost nothing."""
    monkeypatch.setenv("SUMMARY_MODEL", "extractive-offline")


def code_versions() -> dict[str, str | None]:
    """Return those of the five assets, of definitions made now."""
    specs = build_defs().resolve_all_asset_specs()
    found = {spec.key.to_user_string(): spec.code_version for spec in specs}
    return {name: found[name] for name in ASSETS}


def changed_by(patch: Patch, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    before = code_versions()
    patch(monkeypatch)
    call_shapes.partial_shape.cache_clear()
    call_shapes.final_shape.cache_clear()
    after = code_versions()
    return {name for name in ASSETS if before[name] != after[name]}


@pytest.mark.parametrize(("change", "affected"), CHANGES)
@pytest.mark.usefixtures("offline_model")
def test_a_change_gives_exactly_the_assets_that_it_affects_a_new_code_version(
    change: Patch, affected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert changed_by(change, monkeypatch) == affected


def test_a_temperature_that_the_model_does_not_take_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUMMARY_MODEL", DEFAULT_MODEL)
    assert changed_by(setting(summary_temperature="0.9"), monkeypatch) == set()


@pytest.mark.usefixtures("offline_model")
def test_a_model_that_counts_tokens_otherwise_changes_the_chunks_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    registry = tmp_path / "models.json"
    registry.write_text(json.dumps({"own-model": {"encoding": "cl100k_base"}}))
    change = setting(summary_model_registry=str(registry), summary_model="own-model")
    assert changed_by(change, monkeypatch) == {"chunks", *CALLS}


def code_changed(platform: Platform, partition: str) -> set[str]:
    """Return the assets that Dagster's UI shows as "code changed" for a partition."""
    resolver = CachingStaleStatusResolver(
        platform.instance, platform.defs.resolve_asset_graph(), LoadingContextForTest(platform.instance)
    )
    return {
        name
        for name in ASSETS
        for cause in resolver.get_stale_causes(dg.AssetKey(name), partition)
        if cause.category is StaleCauseCategory.CODE and cause.key.partition_key == partition
    }


@pytest.mark.servers
@pytest.mark.parametrize(("change", "affected"), CHANGES)
def test_dagster_says_so_of_a_video_that_was_summarized_before(
    platform: Platform, change: Patch, affected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert platform.summarize(7, platform.add_video(7, snippets())).success
    assert code_changed(platform, "7") == set()
    change(monkeypatch)
    call_shapes.partial_shape.cache_clear()
    call_shapes.final_shape.cache_clear()
    assert code_changed(replace(platform, defs=build_defs()), "7") == affected
