"""``summary-pipeline batches``: backfills whose model calls go through the provider's Batch API."""

import typer

from summary_pipeline.commands.printing import printable
from summary_pipeline.settings import DatabaseSettings, load_group


def batches() -> None:
    """List the batches that wait, are at the provider, or whose runs are to be told; the oldest first."""
    from summary_pipeline.database.batches import open_batches
    from summary_pipeline.resources.connections import open_database

    rows = open_batches(open_database(load_group(DatabaseSettings)).engine)
    for row in rows:
        place = f" as {printable(row.batch_id)}" if row.batch_id else ""
        typer.echo(
            f"{row.id}  {row.state}{place} since {row.changed_at:%Y-%m-%d %H:%M:%S} UTC, {len(row.video_ids)} videos "
            f"of backfill {row.backfill_id}, {row.requests} requests. {printable(row.note or '')}".rstrip()
        )
    typer.echo(f"{len(rows)} open batch(es).")
