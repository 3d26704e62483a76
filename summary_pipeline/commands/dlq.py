"""``summary-pipeline dlq``: dead letters, messages and events that had no effect."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from summary_pipeline.commands.printing import clock, one_line, printable, readable, utc
from summary_pipeline.commands.tables import Column, print_table
from summary_pipeline.settings import DatabaseSettings, load_group, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from summary_pipeline.contract.dead_letter import DeadLetter
    from summary_pipeline.database.dead_letters import ListedLetter

app = typer.Typer(help="Dead letters: messages and events that had no effect.", no_args_is_help=True)

_TIME_FORMATS: Final = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]
_REASON_CHARACTERS: Final = 160
_COLUMNS: Final = (
    Column("id"),
    Column("since (UTC)"),
    Column("from"),
    Column("event", detail=True),
    Column("video"),
    Column("bytes", detail=True),
    Column("replayed", detail=True),
    Column("reason"),
)


@app.command("list")
def list_letters(
    *,
    since: Annotated[
        datetime | None, typer.Option(formats=_TIME_FORMATS, help="Leave out older ones; UTC, unless it names a zone.")
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(help="Only those whose reason holds this text, or whose stage (SWEEP) or error class it is."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, without the messages.")] = False,
) -> None:
    """List dead letters, the newest first; columns for which a terminal is too narrow are told by `dlq show`."""
    from summary_pipeline.database.dead_letters import list_dead_letters
    from summary_pipeline.resources.connections import open_database

    if since is not None and since.tzinfo is not None:
        since = since.astimezone(UTC).replace(tzinfo=None)
    letters = list_dead_letters(open_database(load_group(DatabaseSettings)).engine, since=since, reason=reason)
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(dataclasses.asdict(letter), default=utc))
    else:
        _print_table(letters, "" if since is None and reason is None else " match")


@app.command()
def show(letter_id: Annotated[int, typer.Argument(metavar="ID", min=1)]) -> None:
    """Show all of one dead letter; what is very long is cut, and its length named."""
    from summary_pipeline.database.dead_letters import UnknownDeadLetterError, dead_letter
    from summary_pipeline.resources.connections import open_database

    try:
        stored = dead_letter(open_database(load_group(DatabaseSettings)).engine, letter_id)
    except UnknownDeadLetterError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    letter = stored.letter
    place = _place(letter.topic, letter.partition, letter.offset)
    lines = [
        ("id", str(stored.id)),
        ("since", utc(stored.created_at)),
        ("from", place if letter.cluster_id is None else f"{place} of cluster {printable(letter.cluster_id)}"),
        ("event", letter.event_id or "-"),
        ("video", "-" if letter.video_id is None else str(letter.video_id)),
        ("stage", f"{letter.stage}, {letter.error_class}"),
        ("reason", printable(letter.reason)),
        ("replayed", _replays(stored.replays, stored.replayed_at)),
        *(("header", f"{printable(name)}: {readable(value)}") for name, value in letter.headers),
        ("key", readable(letter.key)),
        ("value", readable(letter.value)),
    ]
    for name, text in lines:
        typer.echo(f"{name:<10}{text}")


@app.command()
def replay(
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", min=1)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that nobody has replayed yet.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Also what was replayed before.")] = False,
) -> None:
    """Produce the original key and value once more to the topic that they came from."""
    from summary_pipeline.database.dead_letters import (
        ReplayResult,
        UnknownDeadLetterError,
        dead_letter,
        list_dead_letters,
        replay_dead_letter,
    )
    from summary_pipeline.database.outbox_producer import DeliveryError
    from summary_pipeline.resources.connections import open_database
    from summary_pipeline.resources.kafka_producer import open_producer

    if bool(ids) == everything:
        raise typer.BadParameter("name dead letters, or say --all")
    platform = load_settings().platform
    engine = open_database(platform).engine
    if everything:
        # In the order in which they came.
        chosen = [row.id for row in list_dead_letters(engine) if again or row.replayed_at is None][::-1]
    else:
        chosen = list(dict.fromkeys(ids or ()))
    left_out = 0
    with open_producer(platform.kafka_brokers) as producer:

        def send(letter: "DeadLetter") -> None:
            producer.send(letter.topic, key=letter.key, value=letter.value, headers=letter.headers)

        try:
            for letter_id in ids or ():
                dead_letter(engine, letter_id)  # one that is unknown is named before anything is sent
            for letter_id in chosen:
                if replay_dead_letter(engine, letter_id, send, again=again) is ReplayResult.REPLAYED:
                    typer.echo(f"{letter_id}: replayed.")
                else:
                    left_out += 1
                    typer.echo(
                        f"{letter_id}: left out, it was replayed before; --again replays it once more.", err=True
                    )
        except (UnknownDeadLetterError, DeliveryError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from error
    typer.echo(f"{len(chosen) - left_out} of {len(chosen)} dead letter(s) replayed.")
    if left_out:
        raise typer.Exit(1)


def _print_table(letters: "Iterable[ListedLetter]", condition: str) -> None:
    rows = [
        (
            str(letter.id),
            clock(letter.created_at),
            _place(letter.topic, letter.partition, letter.offset),
            letter.event_id or "-",
            "-" if letter.video_id is None else str(letter.video_id),
            "none" if letter.value_bytes is None else str(letter.value_bytes),
            _replays(letter.replays, letter.replayed_at),
            one_line(letter.reason, most=_REASON_CHARACTERS),
        )
        for letter in letters
    ]
    if rows:
        print_table(_COLUMNS, rows)
    typer.echo(f"{len(rows)} dead letter(s){condition}.")


def _place(topic: str, partition: int | None, offset: int | None) -> str:
    return printable(topic) if offset is None else f"{printable(topic)}[{partition}]@{offset}"


def _replays(count: int, last: datetime | None) -> str:
    if not count:
        return "never"
    return f"{count} time(s), " + ("and given up again since" if last is None else f"last {utc(last)}")
