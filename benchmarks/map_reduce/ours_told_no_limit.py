"""Our summarizer as a contestant that is told no limit, and learns it from what the answers say."""

from dataclasses import replace

from benchmarks.map_reduce.contestant import Job, Summarize, run
from benchmarks.map_reduce.ours import make


def make_untold(job: Job) -> Summarize:
    """Return the summarizer without limits in its settings."""
    return make(replace(job, requests_per_minute=None, tokens_per_minute=None))


if __name__ == "__main__":
    run(make_untold)
