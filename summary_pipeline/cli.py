"""``summary-pipeline <command>``.

Belongs here: arguments, exit codes, and turning errors into messages. Does not belong here: what a command does.
Imports that only one command needs are made in that command, so that each starts quickly and needs only what it uses.
"""

import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from summary_pipeline.commands import batches, compare, db, dlq, outbox, resummarize
from summary_pipeline.settings import SettingsError, load_settings, read_environment

app = typer.Typer(
    name="summary-pipeline",
    help="Summaries of transcribed videos.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(db.app, name="db")
app.add_typer(dlq.app, name="dlq")
app.add_typer(outbox.app, name="outbox")
app.command()(resummarize.resummarize)
app.command()(compare.compare)
app.command()(batches.batches)


@app.command()
def relay() -> None:
    """Publish outbox events to Kafka, where no other scheduler of the platform does it."""
    from summary_pipeline.database.relay import Relay
    from summary_pipeline.database.relay_rules import RelaySettings
    from summary_pipeline.resources.connections import open_database
    from summary_pipeline.resources.kafka_producer import open_producer

    settings = load_settings()
    logging.basicConfig(level=settings.pipeline.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    stop = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda _number, _frame: stop.set())
    rules = RelaySettings(poll_seconds=settings.pipeline.summary_relay_poll_seconds)
    with open_producer(settings.platform.kafka_brokers) as producer:
        Relay(open_database(settings.platform).engine, producer, rules).run_forever(stop)


@app.command()
def health() -> None:
    """Serve the health endpoints on PORT."""
    import uvicorn

    from summary_pipeline.health.app import create_app
    from summary_pipeline.health.checks import build_checks, build_details

    settings = load_settings()
    uvicorn.run(
        create_app(build_checks(settings), build_details(settings)),
        host=settings.pipeline.health_host,
        port=settings.pipeline.port,
        log_level=settings.pipeline.log_level.lower(),
        access_log=False,
        # A probe that waits for a server which hangs does not hold up the end.
        timeout_graceful_shutdown=1,
    )


@app.command()
def dev() -> None:
    """Start the embedded stack and keep it up until Ctrl-C."""
    from summary_pipeline.local.dev import run_dev

    raise typer.Exit(run_dev(read_environment()))


@app.command()
def demo(
    transcripts: Annotated[
        Path | None, typer.Option(help="Transcript files to summarize instead of the samples (all but index.json).")
    ] = None,
) -> None:
    """Summarize the samples on the embedded stack and show the result."""
    from summary_pipeline.local.demo import run_demo

    environment = read_environment()
    stay = sys.stdout.isatty() and not environment.get("DEMO_EXIT")
    raise typer.Exit(run_demo(environment, transcripts=transcripts, stay=stay))


def main() -> None:
    """Run a command; an error that the user can mend is a message and exit status 2, not a stack trace."""
    from summary_pipeline.database.errors import DatabaseError

    try:
        app()
    except (SettingsError, DatabaseError) as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
