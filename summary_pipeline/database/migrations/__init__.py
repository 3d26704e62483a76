"""Alembic's migrations of the pipeline's own tables. ``schema.migrate_own_tables`` runs them."""
