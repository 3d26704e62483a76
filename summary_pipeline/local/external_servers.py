"""Whether the servers that the environment names can be used: their settings are there, and they answer.

Belongs here: both questions, which are asked before anything starts. Does not belong here: which servers are named
(``plan``).
"""

from collections.abc import Mapping
from concurrent.futures import Future, wait
from typing import Final

import httpx2
from redis import Redis

from summary_pipeline.health.app import Check
from summary_pipeline.health.checks import build_checks
from summary_pipeline.health.question import begin
from summary_pipeline.local.errors import ServersAwayError
from summary_pipeline.local.plan import Plan, redis_url, replaced_variables
from summary_pipeline.settings import PlatformSettings, Settings, load_settings

ANSWER_SECONDS: Final = 8.0
"""All are asked at once. Above the clients' own time-outs, whose messages say more."""

_CLIENT_SECONDS = 5.0
_EMBEDDED = "and an embedded one is started"
_WITHOUT: Final[Mapping[str, str]] = {
    "postgresql": f"leave DB_HOST unset, {_EMBEDDED}",
    "kafka": f"leave KAFKA_BROKERS unset, {_EMBEDDED}",
    "s3": f"leave AWS_S3_ENDPOINT, USE_LOCALSTACK and AWS_ACCESS_KEY_ID unset, {_EMBEDDED}",
    "openai": f"leave OPENAI_BASE_URL and OPENAI_API_KEY unset, {_EMBEDDED}",
    "redis": "leave REDIS_HOST unset, and Celery's broker is Dagster's PostgreSQL",
}


def require_external_servers(plan: Plan, environment: Mapping[str, str]) -> None:
    """Return if what is used in place of embedded servers can be used.

    Raises:
        SettingsError: naming all missing and malformed variables.
        ServersAwayError: naming all servers that do not answer, and what to do.
    """
    checks = _checks(plan, environment, _require_settings(plan, environment))
    asked = {name: begin(check) for name, check in checks.items()}
    wait(asked.values(), ANSWER_SECONDS)
    problems = {name: problem for name, outcome in asked.items() if (problem := _problem(outcome)) is not None}
    if problems:
        listing = "\n".join(
            f"  {name}, named by {plan.external[name]}: {problem}\n"
            f"    Start it or mend its variables ({', '.join(plan.variables(name))}), or {_WITHOUT[name]}."
            for name, problem in problems.items()
        )
        raise ServersAwayError(
            f"{len(problems)} server(s) named in the environment or in .env can't be used:\n{listing}"
        )


def _require_settings(plan: Plan, environment: Mapping[str, str]) -> Settings:
    """Return the settings, with examples for what the embedded servers will add to them."""
    added = replaced_variables(plan)
    examples = {
        name.upper(): str(field.examples[0])
        for name, field in PlatformSettings.model_fields.items()
        if field.examples and (name.upper() in added or ("s3" in plan.servers and name == "aws_youtube_bucket"))
    }
    given = {name: value for name, value in environment.items() if value and name not in added}
    return load_settings({**examples, **given})


def _checks(plan: Plan, environment: Mapping[str, str], settings: Settings) -> Mapping[str, Check]:
    checks = dict(build_checks(settings, plan.external))
    # OpenAI itself is nobody's to start; a server that speaks its API may be.
    if "openai" in plan.external and environment.get("OPENAI_BASE_URL"):
        checks["openai"] = lambda: _require_http(f"{settings.platform.openai_base_url}/models")
    if "redis" in plan.external and (url := redis_url(environment)):
        checks["redis"] = lambda: _require_redis(url)
    return checks


def _require_http(url: str) -> None:
    """Any answer will do: it was not asked with the key."""
    httpx2.get(url, timeout=_CLIENT_SECONDS)


def _require_redis(url: str) -> None:
    with Redis.from_url(url, socket_connect_timeout=_CLIENT_SECONDS, socket_timeout=_CLIENT_SECONDS) as client:
        client.ping()


def _problem(outcome: Future[tuple[str | None, None]]) -> str | None:
    return outcome.result()[0] if outcome.done() else f"no answer within {ANSWER_SECONDS:g} s"
