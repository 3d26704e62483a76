"""Every environment variable this service knows, parsed and validated in one place.

Belongs here: the names, meanings, defaults and limits of variables. Nothing else in the package reads the environment.
Does not belong here: anything that acts on a setting. ``env.sample`` documents the same variables for people.

``PlatformSettings`` says where the platform's servers are; it is needed once work is done, ``DatabaseSettings`` alone
for the tables. ``PipelineSettings`` has a default for everything, so that definitions load where nothing is configured.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, TypeVar

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from summary_pipeline.setting_values import BootstrapServers, HttpUrl, Identifier, Language, Port, TimeZone
from summary_pipeline.summarization.model_registry import DEFAULT_MODEL

LOCALSTACK_PORT = 4566


class _EnvironmentSettings(BaseModel):
    """A variable is a field's name in upper case. Unknown names are the neighbour's and are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class DatabaseSettings(_EnvironmentSettings):
    """Where the tables are. Names, here and below, are fixed by the contract; the neighbour's ``.env`` is shared."""

    db_host: str = Field(description="Host of the platform's PostgreSQL.", examples=["127.0.0.1"])
    db_port: Port = Field(5432, description="Port of the platform's PostgreSQL.")
    pg_user: str = Field(description="PostgreSQL role.", examples=["summary"])
    pg_password: SecretStr = Field(description="Password of the PostgreSQL role.", examples=["change-me"])
    db_name: Identifier = Field(description="PostgreSQL database.", examples=["videos"])
    db_schema: Identifier = Field("public", description="Schema of the shared tables.")


class PlatformSettings(DatabaseSettings):
    """Where the platform's servers are."""

    host_ip: str = Field("127.0.0.1", description="Host of LocalStack when AWS_S3_ENDPOINT is not set.")
    redis_host: str | None = Field(
        None, description="Redis; where set, the embedded stack uses it as Celery's broker.", examples=["127.0.0.1"]
    )
    redis_port: Port = Field(6379, description="Port of Redis.")
    redis_password: SecretStr | None = Field(None, description="Password of Redis.", examples=["change-me"])
    kafka_brokers: BootstrapServers = Field(
        description="Kafka bootstrap servers, host:port, separated by commas.", examples=["127.0.0.1:9092"]
    )
    aws_region: str = Field("us-east-1", description="Region of the bucket.")
    aws_access_key_id: str | None = Field(
        None, description="AWS access key; without it boto3 looks for a role or a profile.", examples=["AKIAEXAMPLE"]
    )
    aws_secret_access_key: SecretStr | None = Field(
        None, description="AWS secret key that goes with the access key.", examples=["change-me"]
    )
    aws_youtube_bucket: str = Field(
        min_length=3, max_length=63, description="Bucket of transcripts and summaries.", examples=["videos"]
    )
    use_localstack: bool = Field(
        default=False, description="Use LocalStack on HOST_IP where AWS_S3_ENDPOINT is not set."
    )
    aws_s3_endpoint: HttpUrl | None = Field(
        None, description="Endpoint of an S3-compatible server; unset means AWS.", examples=["http://127.0.0.1:4566"]
    )
    openai_api_key: SecretStr = Field(description="Key for the OpenAI API.", examples=["sk-example"])
    openai_base_url: HttpUrl = Field(
        "https://api.openai.com/v1", description="Base URL of the OpenAI API or of a server that speaks it."
    )

    @property
    def s3_endpoint(self) -> str | None:
        """The endpoint that the S3 client uses, or None for AWS itself."""
        if self.aws_s3_endpoint is None and self.use_localstack:
            return f"http://{self.host_ip}:{LOCALSTACK_PORT}"
        return self.aws_s3_endpoint


class PipelineSettings(_EnvironmentSettings):
    """How this pipeline works. Every value has a default."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field("INFO", description="Log level.")
    port: Port = Field(8081, description="Port of the health endpoints.")
    health_host: str = Field("127.0.0.1", description="Address that the health endpoints listen on.")

    summary_model: str = Field(DEFAULT_MODEL, min_length=1, description="Model that writes the summaries.")
    summary_model_registry: Path | None = Field(
        None, description="JSON file with models to add to the built-in registry.", examples=["models.json"]
    )
    summary_chunk_tokens: int = Field(8000, ge=100, description="Most tokens in a chunk.")
    summary_map_output_tokens: int = Field(200, ge=50, description="Most tokens in the answer about one chunk.")
    summary_final_output_tokens: int = Field(500, ge=100, description="Most tokens in the last answer.")
    summary_temperature: float = Field(0.3, ge=0, le=2, description="Sampling temperature, where the model takes one.")
    summary_concurrency: int = Field(5, ge=1, le=1000, description="Model calls at once, per worker process.")
    summary_single_call: bool | None = Field(
        None,
        description="One call for a whole transcript: true wherever the context takes it, false only where there is "
        "one chunk; unset means up to the size that the model registry gives.",
        examples=["true"],
    )
    summary_reduce_group_size: int | None = Field(
        None, ge=2, description="Partial summaries per reduce call; unset means as many as fit.", examples=["5"]
    )
    summary_language: Language | None = Field(
        None, description="Language of summaries (BCP 47); unset means the transcript's.", examples=["en"]
    )
    summary_force: bool = Field(default=False, description="Ask the model again even where an answer is stored.")
    summary_batch_from: int | None = Field(
        None,
        ge=1,
        description="Videos from which a backfill goes by the Batch API: half the price, up to 24 h; unset: never.",
        examples=["100"],
    )
    summary_requests_per_minute: int | None = Field(
        None, ge=1, description="Limit of model requests per minute, per worker process.", examples=["500"]
    )
    summary_tokens_per_minute: int | None = Field(
        None, ge=1, description="Limit of model tokens per minute, per worker process.", examples=["200000"]
    )
    summary_max_cost_per_video_usd: float | None = Field(
        None, gt=0, description="Stop before a video costs more than this.", examples=["0.50"]
    )
    summary_max_cost_per_day_usd: float | None = Field(
        None, gt=0, description="Stop before a day (UTC) costs more than this, over all workers.", examples=["20"]
    )
    summary_min_sentences: int = Field(4, ge=1, le=50, description="Fewest sentences of a summary.")
    summary_max_sentences: int = Field(
        6, ge=1, le=50, description="Most sentences of a summary.", validate_default=True
    )
    summary_request_timeout_seconds: float = Field(120, gt=0, description="Longest wait for one model answer.")

    summary_min_score: float = Field(0.45, ge=0, le=1, description="Quality score below which a check warns.")
    summary_min_support: float = Field(
        0.25, ge=0, le=1, description="Support by the transcript (a component of the score) below which a check warns."
    )
    summary_max_score_drop: float = Field(
        0.2, ge=0, le=1, description="How far below the median of its model and prompt version a score may be."
    )
    summary_score_history: int = Field(
        50, ge=3, le=10_000, description="Summaries that the median is taken over; a fifth of them has to be there."
    )
    summary_judge_model: str | None = Field(
        None,
        min_length=1,
        description="Model that judges summaries after they are saved; unset means none does.",
        examples=["gpt-6-luna"],
    )
    summary_judge_share: float = Field(1.0, ge=0, le=1, description="Share of summaries that are judged.")
    summary_judge_max_cost_per_day_usd: float | None = Field(
        None,
        gt=0,
        description="Judge no more once a day (UTC) would cost more than this, apart from summaries.",
        examples=["5"],
    )

    summary_max_transcript_bytes: int = Field(
        64 * 1024 * 1024, ge=1024, description="Largest transcript object that is read."
    )
    summary_retry_attempts: int = Field(
        3, ge=1, le=10, description="Attempts at an asset when S3 or SQL is in trouble."
    )
    summary_retry_delay_seconds: float = Field(60, ge=0, description="Wait before the second attempt; it then grows.")

    summary_kafka_group_id: str = Field("summary-pipeline", min_length=1, description="Consumer group, for lag tools.")
    summary_kafka_out_of_range: Literal["earliest", "latest", "error"] = Field(
        "earliest", description="Where to go on when the next offset no longer exists."
    )
    summary_tick_max_messages: int = Field(100, ge=1, le=1000, description="Most messages in one sensor tick.")
    summary_tick_seconds: float = Field(15, gt=0, le=45, description="Longest time that a tick reads from Kafka.")
    summary_max_rejected_share: float = Field(
        0.5, ge=0, le=1, description="Share of bad messages, in a tick or the last 50, that stops the sensor; 1: never."
    )
    summary_max_runs_in_flight: int = Field(50, ge=1, description="Runs queued or running above which nothing is read.")
    summary_sweep_after_seconds: float = Field(
        300, gt=0, description="Age at which an event without a result is looked for in the database."
    )
    summary_sweep_attempts: int = Field(3, ge=1, description="Runs of one event after which the sweep gives it up.")
    summary_stuck_after_seconds: float = Field(
        3600, gt=0, description="Age at which a summarizing video without an event or a run is summarized by itself."
    )
    summary_outbox_late_seconds: float = Field(
        300, gt=0, description="Age at which an unpublished outbox row is reported as late."
    )
    summary_relay_poll_seconds: float = Field(5, gt=0, description="Pause between two polls of the outbox relay.")

    summary_report_timezone: TimeZone = Field("UTC", description="Time zone of the days and weeks of reports (IANA).")
    summary_report_start_date: date = Field(date(2026, 1, 1), description="First day that there can be a report of.")
    summary_report_dir: Path = Field(
        Path(".data/reports"), description="Directory that workers write reports to, besides the bucket."
    )

    summary_run_retention_days: int = Field(
        180,
        ge=30,
        le=36_500,
        description="Days after which finished runs of videos are deleted from Dagster, and partitions without a run.",
    )
    summary_data_dir: Path = Field(Path(".data"), description="Where the embedded stack keeps its data.")
    summary_local_kafka: Literal["mock", "apache"] = Field(
        "mock", description="Embedded broker: librdkafka's mock cluster, or Apache Kafka (needs Java and Maven)."
    )
    summary_dagster_url: HttpUrl | None = Field(
        None,
        description="Where Dagster's webserver is; unset means on this machine, at SUMMARY_UI_PORT.",
        examples=["http://127.0.0.1:3000"],
    )
    summary_ui_port: Port = Field(3000, description="Port of the Dagster UI of the embedded stack.")
    summary_workers: int = Field(2, ge=1, le=64, description="Celery worker processes of the embedded stack.")

    @field_validator("summary_max_sentences")
    @classmethod
    def _is_not_below_the_fewest(cls, most: int, info: ValidationInfo) -> int:
        fewest = info.data.get("summary_min_sentences", 1)
        if most < fewest:
            raise ValueError(f"is below SUMMARY_MIN_SENTENCES ({fewest})")
        return most


@dataclass(frozen=True, slots=True)
class Settings:
    """Both groups, valid."""

    platform: PlatformSettings
    pipeline: PipelineSettings


class SettingsError(ValueError):
    """The environment is not usable; the message names every problem, what the variable is for and an example."""


SettingsT = TypeVar("SettingsT", bound=_EnvironmentSettings)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return all settings, from ``environment`` alone where it is given, else from the process and ``.env``.

    Raises:
        SettingsError: naming all missing and malformed variables at once.
    """
    values = read_environment() if environment is None else environment
    problems: list[str] = []
    platform = _validate(PlatformSettings, values, problems)
    pipeline = _validate(PipelineSettings, values, problems)
    if platform is None or pipeline is None:
        raise _settings_error(problems)
    return Settings(platform=platform, pipeline=pipeline)


def load_group(kind: type[SettingsT], environment: Mapping[str, str] | None = None) -> SettingsT:
    """Return one group of settings, for what needs no other; see ``load_settings``.

    Raises:
        SettingsError: naming all missing and malformed variables of the group at once.
    """
    problems: list[str] = []
    group = _validate(kind, read_environment() if environment is None else environment, problems)
    if group is None:
        raise _settings_error(problems)
    return group


def read_environment() -> dict[str, str]:
    """Return the variables of ``.env`` in the working directory, overridden by the process's that are not empty.

    The file is read as the neighbour reads it: a ``$`` stands for itself. Dagster has laid it over the variables of its
    webserver, daemon and code servers, with each ``${name}`` replaced; what it put there is the file's.
    """
    from_file, replaced = (dotenv_values(".env", interpolate=interpolate) for interpolate in (False, True))
    from_process = {name: value for name, value in os.environ.items() if value and value != replaced.get(name)}
    return {name: value for name, value in {**from_file, **from_process}.items() if value is not None}


def _validate(kind: type[SettingsT], values: Mapping[str, str], problems: list[str]) -> SettingsT | None:
    """An empty variable counts as unset, as shells and compose files leave them behind."""
    known = {name: values[name.upper()] for name in kind.model_fields if values.get(name.upper())}
    try:
        return kind.model_validate(known)
    except ValidationError as error:
        problems.extend(_describe(kind, problem) for problem in error.errors(include_input=False))
        return None


def _describe(kind: type[_EnvironmentSettings], problem: ErrorDetails) -> str:
    name = str(problem["loc"][0])
    field = kind.model_fields[name]
    fault = "is missing" if problem["type"] == "missing" else f"is malformed: {problem['msg']}"
    example = field.examples[0] if field.examples else field.default
    return f"{name.upper()} {fault}. {field.description} Example: {name.upper()}={example}"


def _settings_error(problems: list[str]) -> SettingsError:
    listing = "\n".join(f"  {problem}" for problem in problems)
    return SettingsError(f"{len(problems)} setting(s) to mend, in the environment or in .env:\n{listing}")
