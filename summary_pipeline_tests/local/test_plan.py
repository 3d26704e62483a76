import pytest

from summary_pipeline.local.plan import (
    ALL_PARTS,
    SERVERS,
    given_variables,
    make_plan,
    redis_url,
    replaced_variables,
)


def test_everything_is_embedded_where_nothing_is_named() -> None:
    plan = make_plan(ALL_PARTS, {})
    assert plan.servers == SERVERS
    assert plan.dagster_database
    assert plan.relay
    assert plan.external == {}


@pytest.mark.parametrize(
    ("part", "environment"),
    [
        ("postgresql", {"DB_HOST": "db"}),
        ("kafka", {"KAFKA_BROKERS": "kafka:9092"}),
        ("s3", {"AWS_S3_ENDPOINT": "http://s3:9000"}),
        ("s3", {"USE_LOCALSTACK": "true"}),
        ("s3", {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_YOUTUBE_BUCKET": "ours"}),
        ("openai", {"OPENAI_API_KEY": "sk-example"}),
        ("openai", {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}),
    ],
)
def test_what_the_environment_names_is_used_instead(part: str, environment: dict[str, str]) -> None:
    plan = make_plan(ALL_PARTS, environment)
    assert plan.servers == SERVERS - {part}
    assert set(plan.external) == {part}
    assert environment.items() <= given_variables(plan, environment).items()
    assert not environment.keys() & replaced_variables(plan)


def test_redis_is_told_though_nothing_is_embedded_in_its_place() -> None:
    environment = {"REDIS_HOST": "redis", "REDIS_PORT": "7000"}
    plan = make_plan(ALL_PARTS, environment)
    assert plan.servers == SERVERS
    assert plan.external == {"redis": "REDIS_HOST=redis"}
    assert given_variables(plan, environment) == environment


def test_redis_is_not_asked_for_without_dagster() -> None:
    assert make_plan(SERVERS, {"REDIS_HOST": "redis"}).external == {}


@pytest.mark.parametrize(
    "environment",
    [
        {"DB_HOST": "", "KAFKA_BROKERS": "", "OPENAI_API_KEY": "", "AWS_S3_ENDPOINT": ""},
        {"USE_LOCALSTACK": "false"},
        {"DB_PORT": "5432", "PG_USER": "somebody", "DB_NAME": "theirs"},
        {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "of a shell"},
        {"AWS_YOUTUBE_BUCKET": "name"},
    ],
)
def test_half_a_name_names_nothing(environment: dict[str, str]) -> None:
    assert make_plan(ALL_PARTS, environment).servers == SERVERS


def test_keys_of_a_shell_do_not_reach_the_embedded_s3_server() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_PROFILE": "work", "DB_PASSWORD": "kept"}
    plan = make_plan(ALL_PARTS, environment)
    assert {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} <= replaced_variables(plan)
    assert given_variables(plan, environment) == {}


def test_dagster_keeps_its_data_in_the_embedded_database_beside_a_platform_database() -> None:
    plan = make_plan(ALL_PARTS, {"DB_HOST": "db"})
    assert "postgresql" not in plan.servers
    assert "postgresql" in plan.processes


def test_no_database_is_embedded_where_both_are_named() -> None:
    environment = {"DB_HOST": "db", "DAGSTER_POSTGRES_URL": "postgresql+psycopg2://u:p@db/dagster"}
    assert "postgresql" not in make_plan(ALL_PARTS, environment).processes


def test_the_relay_leaves_a_platform_database_to_the_platform() -> None:
    assert not make_plan(ALL_PARTS, {"DB_HOST": "db"}).relay


def test_only_what_is_wanted_is_planned() -> None:
    plan = make_plan({"kafka"}, {})
    assert plan.processes == {"kafka"}
    assert not plan.dagster
    assert not plan.relay


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, None),
        ({"REDIS_HOST": ""}, None),
        ({"REDIS_HOST": "redis"}, "redis://redis:6379/0"),
        (
            {"REDIS_HOST": "redis", "REDIS_PORT": "7000", "REDIS_PASSWORD": "p@ss/word"},
            "redis://:p%40ss%2Fword@redis:7000/0",
        ),
    ],
)
def test_the_address_of_redis(environment: dict[str, str], url: str | None) -> None:
    assert redis_url(environment) == url
