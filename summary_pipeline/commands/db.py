"""``summary-pipeline db``: the tables in PostgreSQL."""

import typer

from summary_pipeline.settings import DatabaseSettings, load_group

app = typer.Typer(help="The tables in PostgreSQL.", no_args_is_help=True)


@app.command()
def create() -> None:
    """Create what is missing of the shared tables, and bring our own tables up to date."""
    from summary_pipeline.database.schema import create_missing_shared_tables, migrate_own_tables
    from summary_pipeline.resources.connections import open_database

    settings = load_group(DatabaseSettings)
    engine = open_database(settings).engine
    for table in create_missing_shared_tables(engine, settings.db_schema):
        typer.echo(f"Created {settings.db_schema}.{table}.")
    migrate_own_tables(engine, settings.db_schema)
    typer.echo("Our own tables are up to date.")


@app.command()
def check() -> None:
    """Compare the shared tables with the contract and name every difference."""
    from summary_pipeline.database.compatibility import check_compatibility
    from summary_pipeline.resources.connections import open_database

    settings = load_group(DatabaseSettings)
    differences = check_compatibility(open_database(settings).engine, settings.db_schema)
    for difference in differences:
        typer.echo(str(difference))
    if differences:
        typer.echo(f"{len(differences)} difference(s) from the contract.", err=True)
        raise typer.Exit(1)
    typer.echo("The shared tables are as the contract says.")
