"""``summary-pipeline resummarize``: an asset backfill over the videos that a person describes."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from summary_pipeline.settings import load_settings

CONFIRM_ABOVE: Final = 20
"""More videos than this are only summarized again if a person says yes."""


def resummarize(
    *,
    videos: Annotated[str | None, typer.Option(metavar="IDS", help="Whose id is in these: 1-500,7.")] = None,
    model_was: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Whose summary was made by this model, in full.")
    ] = None,
    score_below: Annotated[
        float | None, typer.Option(metavar="SCORE", help="Whose summary has a quality score below this (0 to 1).")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="DATE",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            help="Whose summary (with --failed: whose failure) is of this day or time (UTC), or later.",
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Whose last attempt failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell which videos these are.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help=f"Do not ask, even about more than {CONFIRM_ABOVE} videos.")
    ] = False,
    dagster_url: Annotated[
        str | None, typer.Option(help="Where Dagster's webserver is, instead of SUMMARY_DAGSTER_URL.")
    ] = None,
) -> None:
    """Summarize videos again from their stored transcripts: those for which all that is given holds.

    Launches an asset backfill, as the Dagster UI does; docs/resummarizing.md tells what follows from it.
    """
    from summary_pipeline.database.selection import VideoSelection, format_video_ids, parse_video_ranges, select_videos
    from summary_pipeline.deployment.backfills import BackfillError, launch_backfill
    from summary_pipeline.resources.connections import open_database

    try:
        selection = VideoSelection(
            videos=parse_video_ranges(videos) if videos is not None else (),
            model_was=model_was,
            score_below=score_below,
            since=since.replace(tzinfo=UTC) if since else None,
            failed=failed,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    settings = load_settings()
    database = open_database(settings.platform)
    selected = select_videos(database.engine, selection)
    typer.echo(
        f"{len(selected)} video(s), {selection}: {format_video_ids(selected) or 'none that has been transcribed'}"
    )
    if dry_run or not selected:
        return
    if len(selected) > CONFIRM_ABOVE and not yes:
        typer.confirm("Summarize them again?", abort=True)
    url = (
        dagster_url or settings.pipeline.summary_dagster_url or f"http://127.0.0.1:{settings.pipeline.summary_ui_port}"
    )
    title = f"Summarize {len(selected)} video(s) again"
    try:
        launched = launch_backfill(url.rstrip("/"), selected, title=title, description=f"Selected: {selection}.")
    except BackfillError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if launched.added_partitions:
        typer.echo(f"{launched.added_partitions} of them had no partition; it was added.")
    typer.echo(f"Backfill {launched.backfill_id}: {launched.url}")
    batch_from = settings.pipeline.summary_batch_from
    if batch_from is not None and len(selected) >= batch_from:
        typer.echo(
            f"Its runs wait in the queue for answers by batch (SUMMARY_BATCH_FROM={batch_from}): "
            "summary-pipeline batches."
        )
