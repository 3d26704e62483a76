"""The platform of the assets' tests, whose database is counted in."""

from summary_pipeline_tests.defs.conftest import defs_database, platform

__all__ = ["defs_database", "platform"]
