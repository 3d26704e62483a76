"""That what is persisted comes from one transcript.

Belongs here: comparing where stored assets come from. Does not belong here: carrying it along (each asset does).

Assets are stored by video, and a run that is re-executed from its failure begins with what is there: some of it may be
from another run of the same video, whose transcript was another one.
"""

from summary_pipeline.defs.assets.transcript import SourcedTranscript
from summary_pipeline.defs.failures import MixedSourcesError
from summary_pipeline.defs.run_tags import EventOrigin
from summary_pipeline.summarization.summary import FinalSummary

_ADVICE = "Materialize transcript and everything downstream of it again for this partition."


def require_one_source(event: EventOrigin | None, transcript: SourcedTranscript, final: FinalSummary) -> None:
    """Return if ``final`` was made from ``transcript``, and ``transcript`` is what the event names.

    Raises:
        MixedSourcesError: another run of the video has replaced one of them in between.
    """
    if final.source_sha256 != transcript.source_sha256:
        made_from = f"sha256 {final.source_sha256[:12]}" if final.source_sha256 else "an unknown transcript"
        raise MixedSourcesError(
            f"final_summary was made from {made_from}, but the stored transcript is {transcript.source_key} with "
            f"sha256 {transcript.source_sha256[:12]}: another run of this video came in between. {_ADVICE}"
        )
    if event is not None and event.transcript_key != transcript.source_key:
        raise MixedSourcesError(
            f"The event names the transcript {event.transcript_key}, but the stored one is {transcript.source_key}: "
            f"another run of this video came in between. {_ADVICE}"
        )
