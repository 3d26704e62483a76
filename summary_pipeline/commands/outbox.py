"""``summary-pipeline outbox``: what the relay could not publish."""

from typing import Annotated, Final
from uuid import UUID

import typer

from summary_pipeline.commands.printing import clock, one_line
from summary_pipeline.commands.tables import Column, print_table
from summary_pipeline.settings import DatabaseSettings, load_group

app = typer.Typer(help="Outbox rows that the relay could not publish.", no_args_is_help=True)

_MOST_CHARACTERS: Final = 160
_COLUMNS: Final = (
    Column("row"),
    Column("topic", detail=True),
    Column("since (UTC)", detail=True),
    Column("state (UTC)"),
    Column("failures", detail=True),
    Column("refusals", detail=True),
    Column("last error"),
)


@app.command()
def parked() -> None:
    """List the rows that the relay failed to publish, parked or to be tried again, and count the backlog.

    Columns for which a terminal is too narrow are left out; piped (`| less -S`), all are there.
    """
    from summary_pipeline.database.outbox_backlog import outbox_backlog, outbox_troubles
    from summary_pipeline.resources.connections import open_database

    engine = open_database(load_group(DatabaseSettings)).engine
    rows = [
        (
            str(row.event_id),
            one_line(row.topic, most=_MOST_CHARACTERS),
            clock(row.created_at),
            f"next attempt {clock(row.next_attempt_at)}" if row.parked_at is None else f"parked {clock(row.parked_at)}",
            str(row.failures),
            str(row.rejections),
            one_line(row.last_error, most=_MOST_CHARACTERS),
        )
        for row in outbox_troubles(engine)
    ]
    if rows:
        print_table(_COLUMNS, rows)
    backlog = outbox_backlog(engine)
    oldest = (
        ""
        if backlog.oldest_seconds is None
        else f"; the oldest that is not parked waits for {backlog.oldest_seconds:.0f} s"
    )
    typer.echo(f"{backlog.unpublished} unpublished row(s), {backlog.parked} of them parked{oldest}.")


@app.command()
def release(
    ids: Annotated[list[UUID] | None, typer.Argument(metavar="ID...")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every parked row.")] = False,
) -> None:
    """Let parked rows be tried again, after their cause was mended."""
    from summary_pipeline.database.outbox_backlog import outbox_troubles
    from summary_pipeline.database.relay import release_parked
    from summary_pipeline.resources.connections import open_database

    if bool(ids) == everything:
        raise typer.BadParameter("name parked rows, or say --all")
    engine = open_database(load_group(DatabaseSettings)).engine
    are_parked = [row.event_id for row in outbox_troubles(engine) if row.parked_at is not None]
    chosen = are_parked if everything else list(dict.fromkeys(ids or ()))
    released = release_parked(engine, [row_id for row_id in chosen if row_id in are_parked])
    for row_id in chosen:
        if row_id not in are_parked:
            typer.echo(f"{row_id} is not parked. `summary-pipeline outbox parked` shows what is.", err=True)
    typer.echo(f"{released} row(s) released; the relay tries them at its next poll.")
    if not set(chosen) <= set(are_parked):
        raise typer.Exit(1)
