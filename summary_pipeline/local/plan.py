"""Which parts of the stack are embedded, and what the environment already names.

Belongs here: that decision, as pure functions of the environment. Does not belong here: starting anything.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

PartName = Literal["postgresql", "kafka", "s3", "openai", "dagster", "relay"]

ALL_PARTS: Final[frozenset[PartName]] = frozenset({"postgresql", "kafka", "s3", "openai", "dagster", "relay"})
SERVERS: Final[frozenset[PartName]] = frozenset({"postgresql", "kafka", "s3", "openai"})

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "postgresql": ("DB_HOST", "DB_PORT", "PG_USER", "PG_PASSWORD", "DB_NAME"),
    "kafka": ("KAFKA_BROKERS",),
    "s3": (
        *("AWS_S3_ENDPOINT", "USE_LOCALSTACK", "HOST_IP"),
        *("AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ),
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "redis": ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD"),
}
# What the AWS client reads beside our own variables.
_AWS_CLIENT = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
_KEPT_ALWAYS = ("DB_SCHEMA", "AWS_YOUTUBE_BUCKET")
_TRUE = frozenset({"1", "true", "yes", "on", "t", "y"})


@dataclass(frozen=True, slots=True)
class Plan:
    """What the stack runs itself."""

    servers: frozenset[PartName]
    """Of ``SERVERS``, those that stand for what the platform would have."""
    dagster_database: bool
    """Whether Dagster keeps its own data in the embedded PostgreSQL; it never does in the platform's."""
    dagster: bool
    relay: bool
    external: Mapping[str, str]
    """What is used instead of which part, for people; also Redis, which has no part of its own."""

    @property
    def platform_database(self) -> bool:
        """Whether the platform's tables are in the embedded PostgreSQL."""
        return "postgresql" in self.servers

    def variables(self, name: str) -> tuple[str, ...]:
        """Return the variables that say where the server ``name`` is and how it is used."""
        return _VARIABLES[name]

    @property
    def processes(self) -> frozenset[PartName]:
        """Of ``SERVERS``, those that have to run."""
        return self.servers | {"postgresql"} if self.dagster_database else self.servers


def make_plan(wanted: Collection[PartName], environment: Mapping[str, str]) -> Plan:
    """Return what of ``wanted`` is embedded; an empty variable counts as unset.

    The relay publishes the outbox only of a database that is embedded: beside any other, the platform's own scheduler
    has that job.
    """
    dagster = "dagster" in wanted
    used = {*wanted, "redis"} if dagster else {*wanted}
    external = {name: text for name, text in _external(environment).items() if name in used}
    servers = frozenset(name for name in SERVERS if name in wanted and name not in external)
    return Plan(
        servers=servers,
        dagster_database=dagster and not environment.get("DAGSTER_POSTGRES_URL"),
        dagster=dagster,
        relay="relay" in wanted and "postgresql" in servers,
        external=external,
    )


def given_variables(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the platform's variables that the environment sets and that no embedded part replaces."""
    names = [*_KEPT_ALWAYS, *(name for part in plan.external for name in _VARIABLES[part])]
    return {name: environment[name] for name in names if environment.get(name)}


def replaced_variables(plan: Plan) -> frozenset[str]:
    """Return the variables that must not reach a process, because an embedded part stands for what they name."""
    replaced = {name for part in plan.servers for name in _VARIABLES[part]}
    return frozenset(replaced | set(_AWS_CLIENT if "s3" in plan.servers else ()))


def redis_url(environment: Mapping[str, str]) -> str | None:
    """Return the address of the Redis that the environment names, None where it names none."""
    host = environment.get("REDIS_HOST")
    if not host:
        return None
    password = environment.get("REDIS_PASSWORD")
    login = f":{quote(password, safe='')}@" if password else ""
    return f"redis://{login}{host}:{environment.get('REDIS_PORT') or 6379}/0"


def _external(environment: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if host := environment.get("DB_HOST"):
        found["postgresql"] = f"DB_HOST={host}"
    if brokers := environment.get("KAFKA_BROKERS"):
        found["kafka"] = f"KAFKA_BROKERS={brokers}"
    if storage := _external_storage(environment):
        found["s3"] = storage
    if base_url := environment.get("OPENAI_BASE_URL"):
        found["openai"] = f"OPENAI_BASE_URL={base_url}"
    elif environment.get("OPENAI_API_KEY"):
        found["openai"] = "OPENAI_API_KEY"
    if redis := environment.get("REDIS_HOST"):
        found["redis"] = f"REDIS_HOST={redis}"
    return found


def _external_storage(environment: Mapping[str, str]) -> str | None:
    """AWS keys alone are no reason: many shells have some, and they are not meant for a demo's objects."""
    if endpoint := environment.get("AWS_S3_ENDPOINT"):
        return f"AWS_S3_ENDPOINT={endpoint}"
    if environment.get("USE_LOCALSTACK", "").lower() in _TRUE:
        return "USE_LOCALSTACK"
    if environment.get("AWS_ACCESS_KEY_ID") and (bucket := environment.get("AWS_YOUTUBE_BUCKET")):
        return f"AWS, bucket {bucket}"
    return None
