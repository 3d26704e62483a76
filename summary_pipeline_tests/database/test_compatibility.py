import pytest
from sqlalchemy import Engine, text

from summary_pipeline.database.compatibility import (
    Difference,
    IncompatibleTablesError,
    check_compatibility,
    require_compatible,
)
from summary_pipeline.database.engine import create_database_engine
from summary_pipeline.database.errors import TransientDatabaseError
from summary_pipeline.database.models import SharedBase
from summary_pipeline.database.own_models import OwnBase
from summary_pipeline.database.persistence import PersistResult
from summary_pipeline_tests.database.rows import add_video, persist, request

pytestmark = pytest.mark.servers


def change(engine: Engine, schema: str, *statements: str) -> None:
    """Run statements in which ``{}`` stands for the schema."""
    with engine.begin() as connection:
        quoted = connection.dialect.identifier_preparer.quote(schema)
        for statement in statements:
            connection.execute(text(statement.replace("{}", quoted).replace(":", r"\:")))


def told(engine: Engine, schema: str) -> list[str]:
    return [str(difference) for difference in check_compatibility(engine, schema)]


def test_what_we_create_is_compatible(engine: Engine, schema: str) -> None:
    assert check_compatibility(engine, schema) == []


def test_every_missing_table_is_named(empty_engine: Engine, schema: str) -> None:
    differences = check_compatibility(empty_engine, schema)
    names = {*SharedBase.metadata.tables, *OwnBase.metadata.tables}
    assert {difference.table for difference in differences} == names
    assert all(difference.blocking for difference in differences)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "ALTER TABLE {}.videos DROP COLUMN status_message",
            "videos.status_message: column missing: expected TEXT, found nothing (blocking)",
        ),
        (
            "ALTER TABLE {}.video_summaries ALTER summary_text TYPE varchar(255)",
            "video_summaries.summary_text: type: expected TEXT, found VARCHAR(255) (blocking)",
        ),
        (
            "ALTER TABLE {}.video_summaries ALTER summary_text TYPE varchar",
            "video_summaries.summary_text: type: expected TEXT, found VARCHAR (tolerated)",
        ),
        (
            "ALTER TABLE {}.outbox_events ALTER payload TYPE jsonb",
            "outbox_events.payload: type: expected JSON, found JSONB (tolerated)",
        ),
        (
            "ALTER TABLE {}.videos ALTER updated_at TYPE timestamptz",
            "videos.updated_at: type: expected TIMESTAMP WITHOUT TIME ZONE, found TIMESTAMP WITH TIME ZONE (tolerated)",
        ),
        (
            "ALTER TABLE {}.videos ALTER status_message SET NOT NULL",
            "videos.status_message: nullability: expected NULL, found NOT NULL (blocking)",
        ),
        (
            "ALTER TABLE {}.videos ALTER title DROP NOT NULL",
            "videos.title: nullability: expected NOT NULL, found NULL (tolerated)",
        ),
        (
            "ALTER TABLE {}.processed_messages DROP CONSTRAINT processed_messages_message_id_key",
            (
                "processed_messages.message_id: uniqueness: expected UNIQUE, found neither "
                "a key nor a unique constraint (blocking)"
            ),
        ),
        (
            "ALTER TABLE {}.outbox_events DROP CONSTRAINT outbox_events_pkey",
            (
                "outbox_events.id: uniqueness: expected PRIMARY KEY, found neither "
                "a key nor a unique constraint (blocking)"
            ),
        ),
        (
            "ALTER TABLE {}.video_summaries ALTER id DROP DEFAULT",
            "video_summaries.id: default missing: expected a sequence or identity, found no default (blocking)",
        ),
        (
            "ALTER TABLE {}.outbox_events ADD tenant integer NOT NULL",
            (
                "outbox_events.tenant: unknown required column: expected a default, or NULL allowed, since inserts "
                "do not name it, found INTEGER NOT NULL without a default (blocking)"
            ),
        ),
        (
            "ALTER TABLE {}.video_status_log DROP COLUMN reason",
            "video_status_log.reason: column missing: expected TEXT, found nothing (blocking)",
        ),
    ],
)
def test_a_difference_is_named(engine: Engine, schema: str, statement: str, expected: str) -> None:
    change(engine, schema, statement)
    assert told(engine, schema) == [expected]


def test_all_differences_are_named_at_once(engine: Engine, schema: str) -> None:
    change(
        engine,
        schema,
        "DROP TABLE {}.video_transcripts",
        "ALTER TABLE {}.videos DROP COLUMN key, ALTER status TYPE varchar(20)",
    )
    places = [(difference.table, difference.column) for difference in check_compatibility(engine, schema)]
    assert sorted(places, key=str) == [("video_transcripts", None), ("videos", "key"), ("videos", "status")]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE {}.videos ADD tenant integer NOT NULL",
        "ALTER TABLE {}.outbox_events ADD tenant integer NOT NULL DEFAULT 1",
        "ALTER TABLE {}.outbox_events ADD tenant integer",
        "ALTER TABLE {}.outbox_events ADD size integer NOT NULL GENERATED ALWAYS AS (attempts + 1) STORED",
        "ALTER TABLE {}.processed_messages ALTER id DROP DEFAULT, ALTER id ADD GENERATED BY DEFAULT AS IDENTITY",
        "CREATE INDEX ON {}.videos (user_id)",
        "CREATE TABLE {}.users (id integer)",
    ],
)
def test_what_the_neighbour_adds_without_harm_is_no_difference(engine: Engine, schema: str, statement: str) -> None:
    change(engine, schema, statement)
    assert told(engine, schema) == []


def test_a_partial_unique_index_is_not_uniqueness(engine: Engine, schema: str) -> None:
    change(
        engine,
        schema,
        "ALTER TABLE {}.video_summaries DROP CONSTRAINT video_summaries_video_id_key",
        "CREATE UNIQUE INDEX ON {}.video_summaries (video_id) WHERE summary_text IS NOT NULL",
    )
    assert [difference.column for difference in check_compatibility(engine, schema)] == ["video_id"]


def test_a_unique_index_is_uniqueness(engine: Engine, schema: str) -> None:
    change(
        engine,
        schema,
        "ALTER TABLE {}.video_summaries DROP CONSTRAINT video_summaries_video_id_key",
        "CREATE UNIQUE INDEX ON {}.video_summaries (video_id)",
    )
    assert check_compatibility(engine, schema) == []


def test_the_work_goes_on_with_every_tolerated_difference(engine: Engine, schema: str) -> None:
    change(
        engine,
        schema,
        "ALTER TABLE {}.outbox_events ALTER payload TYPE jsonb, ALTER created_at TYPE timestamptz",
        "ALTER TABLE {}.outbox_events ALTER topic TYPE varchar",
        "ALTER TABLE {}.video_summaries ALTER model_info TYPE jsonb, ALTER updated_at TYPE timestamptz, "
        "ALTER video_id TYPE bigint",
        "ALTER TABLE {}.videos ALTER id TYPE bigint, ALTER status TYPE varchar, ALTER updated_at TYPE timestamptz",
        "ALTER TABLE {}.processed_messages ALTER message_id TYPE varchar",
    )
    assert not any(difference.blocking for difference in check_compatibility(engine, schema))
    add_video(engine)
    assert persist(engine, request()).result is PersistResult.SAVED
    assert persist(engine, request()).result is PersistResult.ALREADY_PROCESSED


def test_checking_changes_nothing(empty_engine: Engine, schema: str) -> None:
    first: list[Difference] = check_compatibility(empty_engine, schema)
    assert check_compatibility(empty_engine, schema) == first


def test_tables_that_can_be_worked_with_are_let_through(engine: Engine, schema: str) -> None:
    change(engine, schema, "ALTER TABLE {}.outbox_events ALTER payload TYPE jsonb")
    require_compatible(engine)


def test_every_blocking_difference_is_named_at_once_with_its_remedy(engine: Engine, schema: str) -> None:
    change(
        engine,
        schema,
        "ALTER TABLE {}.videos DROP COLUMN status_message",
        "ALTER TABLE {}.outbox_events ALTER payload TYPE jsonb",
        "DROP TABLE {}.dead_letters",
    )
    with pytest.raises(IncompatibleTablesError) as caught:
        require_compatible(engine)
    assert [(item.table, item.column) for item in caught.value.differences] == [
        ("videos", "status_message"),
        ("dead_letters", None),
    ]
    told_to_people = str(caught.value)
    assert "videos.status_message: column missing" in told_to_people
    assert "dead_letters: table missing" in told_to_people
    assert "summary-pipeline db create" in told_to_people
    assert "platform's migrations" in told_to_people
    assert "payload" not in told_to_people


def test_a_missing_table_of_our_own_does_not_send_anybody_to_the_platform(engine: Engine, schema: str) -> None:
    change(engine, schema, "DROP TABLE {}.dead_letters")
    with pytest.raises(IncompatibleTablesError, match="run `summary-pipeline db create`") as caught:
        require_compatible(engine)
    assert "platform" not in str(caught.value)


def test_tables_are_compared_again_until_they_are_good_and_then_no_more(engine: Engine, schema: str) -> None:
    change(engine, schema, "ALTER TABLE {}.dead_letters RENAME TO elsewhere")
    with pytest.raises(IncompatibleTablesError):
        require_compatible(engine)
    change(engine, schema, "ALTER TABLE {}.elsewhere RENAME TO dead_letters")
    require_compatible(engine)
    change(engine, schema, "DROP TABLE {}.dead_letters")
    require_compatible(engine)


def test_a_database_that_is_away_is_no_difference() -> None:
    away = create_database_engine("postgresql://nobody@127.0.0.1:1/nothing", schema="public")
    with pytest.raises(TransientDatabaseError):
        require_compatible(away)
