"""``summary-pipeline compare``: two prompt versions or models on the same videos."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from summary_pipeline.commands.printing import printable
from summary_pipeline.settings import DatabaseSettings, load_group


def compare(
    *,
    model_a: Annotated[str | None, typer.Option(metavar="MODEL", help="Model of side A.")] = None,
    model_b: Annotated[str | None, typer.Option(metavar="MODEL", help="Model of side B.")] = None,
    prompt_a: Annotated[str | None, typer.Option(metavar="VERSION", help="Prompt version of side A.")] = None,
    prompt_b: Annotated[str | None, typer.Option(metavar="VERSION", help="Prompt version of side B.")] = None,
    videos: Annotated[
        str | None, typer.Option(metavar="IDS", help="Only videos whose id is in these: 1-500,7.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also write comparison.html and comparison.json there.")
    ] = None,
) -> None:
    """Compare the summaries of two models or prompt versions, on the videos that have both.

    Give --model-a and --model-b, or --prompt-a and --prompt-b, or all four. A prompt version has twelve digits; the
    quality report lists them, and so does this command where no video has both sides.
    """
    from summary_pipeline.database.selection import parse_video_ranges
    from summary_pipeline.report.comparison import compare as compare_sides
    from summary_pipeline.report.comparison_page import (
        render_comparison_html,
        render_comparison_json,
        render_comparison_text,
    )
    from summary_pipeline.report.comparison_queries import NothingToCompareError, Side, gather_comparison
    from summary_pipeline.resources.connections import open_database

    try:
        side_a, side_b = Side(model_a, prompt_a), Side(model_b, prompt_b)
        ranges = parse_video_ranges(videos) if videos is not None else ()
        side_a.require_apart(side_b)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        data = gather_comparison(open_database(load_group(DatabaseSettings)).engine, side_a, side_b, ranges)
    except NothingToCompareError as error:
        typer.echo(printable(str(error)), err=True)
        raise typer.Exit(1) from None
    comparison = compare_sides(data, generated_at=datetime.now(UTC))
    typer.echo(printable(render_comparison_text(comparison)), nl=False)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / "comparison.html").write_text(render_comparison_html(comparison), encoding="utf-8")
            (out / "comparison.json").write_text(render_comparison_json(comparison), encoding="utf-8")
        except OSError as error:
            typer.echo(f"{out} can't be written: {error.strerror or error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"\n{out / 'comparison.html'}\n{out / 'comparison.json'}")
