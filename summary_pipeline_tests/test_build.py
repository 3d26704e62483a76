import os
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml
from syrupy.assertion import SnapshotAssertion

from summary_pipeline.build import build_defs
from summary_pipeline.settings import PipelineSettings
from summary_pipeline.summarization.errors import ModelEndedError

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_defs(settings=PipelineSettings())


def test_the_asset_graph_is_as_it_was_reviewed(defs: dg.Definitions, snapshot: SnapshotAssertion) -> None:
    graph = {
        spec.key.to_user_string(): {
            "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
            "group": spec.group_name,
            "kinds": sorted(spec.kinds),
            "owners": list(spec.owners),
            "partitions": spec.partitions_def.name
            if isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition)
            else None,
            "described": bool(spec.description),
            "versioned": spec.code_version is not None,
        }
        for spec in defs.resolve_all_asset_specs()
    }
    assert graph == snapshot


def test_lineage_runs_from_the_incoming_topic_to_the_consumer_of_the_outgoing_event(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    downstream = {dg.AssetKey(["kafka", "video_transcribed"])}
    for _ in range(len(graph.get_all_asset_keys())):
        downstream |= {child for key in downstream for child in graph.get(key).child_keys}
    assert dg.AssetKey(["platform", "search_index"]) in downstream


def test_the_job_runs_one_video_in_one_process(defs: dg.Definitions) -> None:
    job = defs.resolve_job_def("summarize_video")
    assert job.executor_def is dg.in_process_executor
    assert isinstance(job.partitions_def, dg.DynamicPartitionsDefinition)
    assert job.partitions_def.name == "videos"


def code_versions(**settings: object) -> dict[str, str | None]:
    built = build_defs(settings=PipelineSettings.model_validate(settings))
    return {spec.key.to_user_string(): spec.code_version for spec in built.resolve_all_asset_specs()}


@pytest.mark.parametrize(
    ("changed", "affected"),
    [
        ({"summary_chunk_tokens": "4000"}, {"chunks"}),
        ({"summary_map_output_tokens": "150"}, {"chunk_summaries"}),
        ({"summary_final_output_tokens": "400"}, {"final_summary"}),
        ({"summary_concurrency": "9"}, set()),
        ({"summary_retry_attempts": "5"}, set()),
    ],
)
def test_a_changed_setting_shows_as_changed_code_on_exactly_the_assets_that_it_changes(
    changed: dict[str, object], affected: set[str]
) -> None:
    before, after = code_versions(), code_versions(**changed)
    assert {name for name in before if before[name] != after[name]} == affected


def test_definitions_load_with_every_variable_unset(tmp_path: Path) -> None:
    script = "from summary_pipeline.definitions import defs; defs().resolve_job_def('summarize_video'); print('loaded')"
    result = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.stdout.strip() == "loaded", result.stderr


def test_importing_the_definitions_opens_no_file_and_no_connection(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, dagster, openai, confluent_kafka, boto3, alembic
        touched = []
        def audit(name, args):
            writes = name == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
            if writes or name in {"socket.connect", "socket.bind"}:
                touched.append((name, str(args)[:200]))
        sys.addaudithook(audit)
        import summary_pipeline.definitions
        print(touched)
    """)
    result = subprocess.run(
        [sys.executable, "-B", "-c", script],
        env={"PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.stdout.strip() == "[]", result.stderr


def test_a_model_that_has_been_shut_down_is_refused_before_anything_runs() -> None:
    with pytest.raises(ModelEndedError, match=r"gpt-3\.5-turbo.*shut down on 2026-10-23.*Set SUMMARY_MODEL"):
        build_defs(settings=PipelineSettings(summary_model="gpt-3.5-turbo"))


def test_an_unknown_model_is_taken_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    build_defs(settings=PipelineSettings(summary_model="a-model-of-our-own"))
    assert "'a-model-of-our-own' is not in the registry" in caplog.text


def test_workspace_and_dg_name_the_same_definitions() -> None:
    workspace = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    (location,) = workspace["load_from"]
    assert location["python_module"]["module_name"] == f"{project['root_module']}.definitions"


def test_dg_finds_the_definitions_valid(tmp_path: Path) -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("dg")), "check", "defs"],
        cwd=REPOSITORY,
        # An instance of its own: the top-level dagster.yaml asks for a database.
        env={**os.environ, "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert result.returncode == 0, result.stdout + result.stderr
