"""Summaries of transcribed videos, as a Dagster data-asset pipeline."""
