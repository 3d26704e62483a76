"""Reading transcript documents: from the bytes that a transcriber left to a normalized transcript, or a typed error.

Belongs here: recognizing the form of a document and reading it. All forms of the contract are read, whatever the file
is called: lists of snippets, the same under ``snippets``, Whisper's verbose JSON, ``{"text"}`` alone, WebVTT, SubRip
and plain text. Does not belong here: what is made of the snippets (``normalization``), fetching the bytes.

Nothing that may be speech is dropped in silence: what can't be understood is an error, which says what was found,
where, and what was expected. Errors never quote the document.
"""

from summary_pipeline.summarization.parsing.reading import parse_transcript
from summary_pipeline.summarization.parsing.transcript_errors import EmptyTranscriptError, UnreadableTranscriptError

__all__ = ["EmptyTranscriptError", "UnreadableTranscriptError", "parse_transcript"]
