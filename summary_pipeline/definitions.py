"""The stable entry point that ``workspace.yaml`` and ``dg`` name. Everything is wired in ``build``."""

import dagster as dg

from summary_pipeline.build import build_defs


@dg.definitions
def defs() -> dg.Definitions:
    """Return the definitions of this code location."""
    return build_defs()
