import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance

from summary_pipeline.defs.awaiting_runs import ANSWERS, AWAITED
from summary_pipeline.deployment import commands
from summary_pipeline.deployment.environment import (
    DAGSTER_VARIABLES,
    LOCATION_NAME,
    dagster_environment,
    prepare_dagster_home,
    require_dagster_environment,
    variables_in,
)
from summary_pipeline.deployment.launcher import WarmWorkerRunLauncher
from summary_pipeline.deployment.run_queue import BatchingRunCoordinator
from summary_pipeline.deployment.storage import PooledPostgresStorage
from summary_pipeline.local.postgresql import EmbeddedPostgres
from summary_pipeline.settings import SettingsError

REPOSITORY = Path(__file__).parents[2]
POSTGRES_URL = "postgresql+psycopg2://user:password@127.0.0.1:5432/dagster"


def environment(home: Path, *, postgres_url: str = POSTGRES_URL, redis_url: str | None = None) -> dict[str, str]:
    return dagster_environment(
        dagster_home=home, postgres_url=postgres_url, redis_url=redis_url, workers=3, code_server_port=4000
    )


def test_without_redis_dagsters_database_is_the_broker(tmp_path: Path) -> None:
    variables = environment(tmp_path)
    assert variables["DAGSTER_CELERY_BROKER_URL"] == f"sqla+{POSTGRES_URL}"
    assert variables["DAGSTER_CELERY_BACKEND_URL"] == f"db+{POSTGRES_URL}"


def test_with_redis_redis_is_the_broker(tmp_path: Path) -> None:
    variables = environment(tmp_path, redis_url="redis://:secret@redis:6379/0")
    assert variables["DAGSTER_CELERY_BROKER_URL"] == "redis://:secret@redis:6379/0"
    assert variables["DAGSTER_CELERY_BACKEND_URL"] == "redis://:secret@redis:6379/0"


def test_dagster_home_is_absolute_as_dagster_demands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert environment(Path("home"))["DAGSTER_HOME"] == str(tmp_path / "home")


def test_every_variable_that_dagster_yaml_reads_is_set(tmp_path: Path) -> None:
    prepare_dagster_home(tmp_path / "home", REPOSITORY / "dagster.yaml")
    read = {
        name for file in ("dagster.yaml", "workspace.yaml") for name in variables_in(load(tmp_path / "home" / file))
    }
    assert read <= set(environment(tmp_path))


def test_every_variable_that_dagster_yaml_reads_has_a_purpose_and_an_example() -> None:
    assert variables_in(load(REPOSITORY / "dagster.yaml")) | {"DAGSTER_HOME"} == set(DAGSTER_VARIABLES)


def test_a_complete_environment_is_enough(tmp_path: Path) -> None:
    prepare_dagster_home(tmp_path, REPOSITORY / "dagster.yaml")
    require_dagster_environment(environment(tmp_path))


def test_all_variables_that_are_missing_or_empty_are_named_at_once(tmp_path: Path) -> None:
    prepare_dagster_home(tmp_path, REPOSITORY / "dagster.yaml")
    incomplete = environment(tmp_path) | {"DAGSTER_CELERY_BROKER_URL": ""}
    del incomplete["DAGSTER_POSTGRES_URL"]
    with pytest.raises(SettingsError) as caught:
        require_dagster_environment(incomplete)
    assert str(caught.value) == (
        "2 setting(s) of Dagster to mend, in the environment itself (.env is not read for them):\n"
        "  DAGSTER_CELERY_BROKER_URL is missing. Broker that hands runs to Celery workers: Redis, or Dagster's database"
        " as sqla+ and its URL. Example: DAGSTER_CELERY_BROKER_URL=redis://127.0.0.1:6379/0\n"
        "  DAGSTER_POSTGRES_URL is missing. Dagster's own database, apart from the platform's."
        " Example: DAGSTER_POSTGRES_URL=postgresql+psycopg2://dagster:change-me@127.0.0.1:5432/dagster"
    )


def test_without_a_home_everything_that_dagster_yaml_reads_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        require_dagster_environment({})
    assert [name for name in DAGSTER_VARIABLES if f"{name} is missing. " not in str(caught.value)] == []


def test_a_home_without_a_dagster_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"DAGSTER_HOME is malformed: there is no .*/dagster\.yaml\. Directory that"
    ):
        require_dagster_environment(environment(tmp_path))


def test_an_adapted_dagster_yaml_decides_what_it_reads(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("storage: {postgres: {postgres_url: {env: MY_POSTGRES}}}\n")
    with pytest.raises(
        SettingsError, match=r"^1 setting.*\n  MY_POSTGRES is missing\. DAGSTER_HOME/dagster\.yaml reads it"
    ):
        require_dagster_environment({"DAGSTER_HOME": str(tmp_path)})


def test_an_edited_dagster_yaml_takes_effect_at_the_next_start(tmp_path: Path) -> None:
    source = tmp_path / "dagster.yaml"
    for content in ("telemetry: {enabled: true}\n", "telemetry: {enabled: false}\n"):
        source.write_text(content)
        prepare_dagster_home(tmp_path / "home", source)
        assert (tmp_path / "home" / "dagster.yaml").read_text() == content


def test_without_a_dagster_yaml_the_home_is_not_prepared(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        prepare_dagster_home(tmp_path / "home", tmp_path / "nowhere.yaml")


def test_workspace_and_tool_dg_and_code_server_name_the_same_definitions() -> None:
    (entry,) = load(REPOSITORY / "workspace.yaml")["load_from"]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    # dg looks for a module of that name below the root module unless it is told another.
    dg_module = project.get("code_location_target_module", f"{project['root_module']}.definitions")
    command = commands.code_server_command(4000)
    assert entry["python_module"]["module_name"] == dg_module == command[command.index("--module-name") + 1]
    assert entry["python_module"]["attribute"] == command[command.index("--attribute") + 1]


def test_sensors_keep_their_cursors_whichever_way_the_code_location_is_started(tmp_path: Path) -> None:
    prepare_dagster_home(tmp_path, REPOSITORY / "dagster.yaml")
    (of_repository,) = load(REPOSITORY / "workspace.yaml")["load_from"]
    (of_stack,) = load(tmp_path / "workspace.yaml")["load_from"]
    assert of_repository["python_module"]["location_name"] == LOCATION_NAME
    assert of_stack["grpc_server"]["location_name"] == LOCATION_NAME


def test_commands_use_this_interpreter_and_bind_to_loopback(tmp_path: Path) -> None:
    servers = [commands.code_server_command(4000), commands.webserver_command(tmp_path, 3000)]
    assert all(command[command.index("--host") + 1] == "127.0.0.1" for command in servers)
    everything = [*servers, commands.daemon_command(tmp_path), commands.celery_worker_command(2)]
    assert all(command[:2] == [sys.executable, "-m"] for command in everything)


@pytest.mark.servers
def test_dagster_yaml_makes_the_instance_that_this_deployment_needs(
    tmp_path: Path, postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgres_server.create_database("dagster_yaml")
    prepare_dagster_home(tmp_path, REPOSITORY / "dagster.yaml")
    for name, value in environment(tmp_path, postgres_url=postgres_server.url("dagster_yaml")).items():
        monkeypatch.setenv(name, value)
    with DagsterInstance.get() as instance:
        assert isinstance(instance.get_ref().storage, PooledPostgresStorage)
        assert isinstance(instance.run_launcher, WarmWorkerRunLauncher)
        assert isinstance(instance.run_coordinator, BatchingRunCoordinator)
        queue = instance.get_concurrency_config().run_queue_config
        assert queue is not None
        assert queue.max_concurrent_runs == 6
        assert {"key": "dagster/partition", "value": {"applyLimitPerUniqueValue": True}, "limit": 1} in (
            queue.tag_concurrency_limits
        )
        assert {"key": ANSWERS, "value": AWAITED, "limit": 0} in queue.tag_concurrency_limits
        assert instance.run_monitoring_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        assert not instance.telemetry_enabled
        limit = instance.run_launcher.celery.conf.task_time_limit
        assert limit > instance.run_monitoring_max_runtime_seconds + instance.run_monitoring_cancel_timeout_seconds


def load(path: Path) -> dict[str, list[dict[str, dict[str, object]]]]:
    loaded: dict[str, list[dict[str, dict[str, object]]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded
