import os
import re
from pathlib import Path

import pytest
from dagster._cli.utils import get_possibly_temporary_instance_for_cli

from summary_pipeline.deployment.environment import DAGSTER_VARIABLES
from summary_pipeline.settings import (
    PipelineSettings,
    PlatformSettings,
    SettingsError,
    load_group,
    load_settings,
    read_environment,
)

REPOSITORY = Path(__file__).parents[1]

COMPLETE = {
    "DB_HOST": "127.0.0.1",
    "PG_USER": "summary",
    "PG_PASSWORD": "hunter2",
    "DB_NAME": "videos",
    "KAFKA_BROKERS": "127.0.0.1:9092,127.0.0.1:9093",
    "AWS_YOUTUBE_BUCKET": "videos",
    "OPENAI_API_KEY": "sk-test",
}

PASSWORD_LINE = "PG_PASSWORD=ab${cd}ef\n"


def test_the_required_variables_are_enough() -> None:
    settings = load_settings(COMPLETE)
    assert settings.platform.kafka_brokers == "127.0.0.1:9092,127.0.0.1:9093"
    assert settings.platform.db_port == 5432
    assert settings.pipeline.summary_chunk_tokens == 8000


def test_every_missing_and_malformed_variable_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"DB_PORT": "five", "KAFKA_BROKERS": "localhost", "SUMMARY_CHUNK_TOKENS": "0"})
    named = re.findall(r"^  ([A-Z_0-9]+) (?:is missing|is malformed)", str(caught.value), re.MULTILINE)
    assert set(named) == {*COMPLETE, "DB_PORT", "SUMMARY_CHUNK_TOKENS"}
    assert str(caught.value).startswith("9 setting(s) to mend")


def test_a_missing_variable_is_named_with_its_purpose_and_an_example() -> None:
    environment = {name: value for name, value in COMPLETE.items() if name != "KAFKA_BROKERS"}
    with pytest.raises(SettingsError, match=r"KAFKA_BROKERS is missing\. Kafka .*Example: KAFKA_BROKERS=127"):
        load_settings(environment)


def test_a_malformed_secret_is_not_repeated_in_the_message() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(COMPLETE | {"OPENAI_BASE_URL": "ftp://user:hunter2@example.org", "DB_PORT": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_an_empty_variable_counts_as_unset() -> None:
    assert load_settings(COMPLETE | {"DB_SCHEMA": "", "REDIS_HOST": ""}).platform.db_schema == "public"


def test_the_neighbours_other_variables_are_ignored() -> None:
    assert load_settings(COMPLETE | {"JWT_SECRET": "x", "THROTTLE_TTL": "60"}).platform.db_name == "videos"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "UTC+1"])
def test_a_time_zone_that_there_is_not_is_refused(zone: str) -> None:
    with pytest.raises(SettingsError, match=r"SUMMARY_REPORT_TIMEZONE is malformed: .*IANA"):
        load_group(PipelineSettings, {"SUMMARY_REPORT_TIMEZONE": zone})


@pytest.mark.parametrize("language", ["klingon!", "English", "en_US"])
def test_a_language_that_is_no_tag_is_refused(language: str) -> None:
    with pytest.raises(SettingsError, match=r"SUMMARY_LANGUAGE is malformed: .*BCP 47 .*Example: SUMMARY_LANGUAGE=en"):
        load_group(PipelineSettings, {"SUMMARY_LANGUAGE": language})


def test_a_language_may_have_a_script_and_a_region() -> None:
    assert load_group(PipelineSettings, {"SUMMARY_LANGUAGE": "zh-Hant-TW"}).summary_language == "zh-Hant-TW"


def test_definitions_need_no_variable_at_all() -> None:
    assert load_group(PipelineSettings, {}).summary_retry_attempts == 3


@pytest.mark.parametrize(
    ("extra", "endpoint"),
    [
        ({}, None),
        ({"USE_LOCALSTACK": "true"}, "http://127.0.0.1:4566"),
        ({"USE_LOCALSTACK": "true", "HOST_IP": "192.0.2.7"}, "http://192.0.2.7:4566"),
        ({"USE_LOCALSTACK": "true", "AWS_S3_ENDPOINT": "http://s3.test:9000/"}, "http://s3.test:9000"),
    ],
)
def test_the_s3_endpoint_follows_from_the_shared_variables(extra: dict[str, str], endpoint: str | None) -> None:
    assert load_settings(COMPLETE | extra).platform.s3_endpoint == endpoint


def test_secrets_do_not_show_when_settings_are_printed() -> None:
    assert "hunter2" not in repr(load_settings(COMPLETE).platform)


def test_the_process_environment_overrides_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DB_NAME=from_file\nDB_HOST=from_file\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DB_NAME", "from_process")
    monkeypatch.delenv("DB_HOST", raising=False)
    environment = read_environment()
    assert (environment["DB_NAME"], environment["DB_HOST"]) == ("from_process", "from_file")


def test_an_empty_variable_of_the_process_overrides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DB_HOST=from_file\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DB_HOST", "")
    assert read_environment()["DB_HOST"] == "from_file"


def test_a_dollar_sign_in_the_env_file_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(PASSWORD_LINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PG_PASSWORD", raising=False)
    assert read_environment()["PG_PASSWORD"] == "ab${cd}ef"


def test_so_it_is_in_the_processes_into_whose_variables_dagster_reads_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(PASSWORD_LINE)
    monkeypatch.chdir(tmp_path)
    for name in ("PG_PASSWORD", "DAGSTER_HOME"):
        monkeypatch.delenv(name, raising=False)
    with get_possibly_temporary_instance_for_cli():
        assert os.environ["PG_PASSWORD"] == "abef"
        assert read_environment()["PG_PASSWORD"] == "ab${cd}ef"


def test_the_sample_env_file_documents_every_variable_with_its_description() -> None:
    sample = (REPOSITORY / "env.sample").read_text()
    for kind in (PlatformSettings, PipelineSettings):
        for name, field in kind.model_fields.items():
            assert field.description is not None
            assert re.search(rf"^# {re.escape(field.description)}.*\n#? ?{name.upper()}=", sample, re.MULTILINE), name


def test_the_sample_env_file_documents_every_variable_that_dagster_yaml_reads() -> None:
    sample = (REPOSITORY / "env.sample").read_text()
    assert DAGSTER_VARIABLES
    for name, (purpose, example) in DAGSTER_VARIABLES.items():
        assert f"# {purpose}\n# {name}={example}\n" in sample
