"""Map-reduce over a transcript: one call a chunk, all at once, then one call over the partial summaries.

Belongs here: what callers use. Does not belong here: the phases (``mapping``, ``reducing``), and the pace of calls
(``pacing``).

Library use::

    summarizer = Summarizer(PacedModel(model), parameters=SummarizationParameters())
    final = await summarizer.summarize(parse_transcript(...))
"""

import asyncio
import logging
from weakref import WeakKeyDictionary

from summary_pipeline.summarization.answering import Answerer, as_executor
from summary_pipeline.summarization.calls import CallFactory
from summary_pipeline.summarization.chunk_store import ChunkStore, MemoryChunkStore
from summary_pipeline.summarization.chunking import Chunks, chunk_transcript
from summary_pipeline.summarization.cost import Budget, VideoBudget
from summary_pipeline.summarization.language_model import CallExecutor, LanguageModel
from summary_pipeline.summarization.mapping import map_chunks, spent_on
from summary_pipeline.summarization.model_registry import ModelRegistry, built_in_registry
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.progress import ProgressListener
from summary_pipeline.summarization.reducing import reduce_summaries
from summary_pipeline.summarization.summary import ChunkSummaries, FinalSummary
from summary_pipeline.summarization.transcript import Transcript

logger = logging.getLogger(__name__)


class Summarizer:
    """Summarizes transcripts with one model, many at once if wanted: what it keeps of them is in the store.

    Args:
        model: A ``CallExecutor`` such as ``PacedModel``; or a bare ``LanguageModel``, which is called once a request.
        parameters: How to summarize.
        registry: The models that are known; the built-in ones if not given.
        store: Where answers are kept; in memory if not given.
        budget: A limit on spending beside the one per video in ``parameters``, for example per day.
        on_progress: Told of each answer.
    """

    def __init__(
        self,
        model: LanguageModel | CallExecutor,
        *,
        parameters: SummarizationParameters,
        registry: ModelRegistry | None = None,
        store: ChunkStore | None = None,
        budget: Budget | None = None,
        on_progress: ProgressListener | None = None,
    ) -> None:
        self._executor = as_executor(model)
        self._parameters = parameters
        self._spec = (registry or built_in_registry()).lookup(parameters.model)
        self._store: ChunkStore = MemoryChunkStore() if store is None else store
        self._budget = budget
        self._on_progress = on_progress
        # A semaphore belongs to the event loop in which somebody has waited for it.
        self._at_once: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def summarize(self, transcript: Transcript) -> FinalSummary:
        """Chunk ``transcript``, then ``map_chunks`` and ``reduce``.

        Raises:
            SummarizationError: for good; the type says what is wrong.
            LanguageModelError: a call brought no answer, however often it was repeated.
        """
        chunks = await asyncio.to_thread(
            chunk_transcript, transcript, max_tokens=self._parameters.chunk_tokens, encoding=self._spec.encoding
        )
        return await self.reduce(await self.map_chunks(chunks))

    async def map_chunks(self, chunks: Chunks) -> ChunkSummaries:
        """Summarize each chunk, all at once under the concurrency limit; or pass all through where one call takes them.

        When a call fails for good, no other is begun; answers that have come, or are under way, stay in the store.

        Raises:
            NothingToSummarizeError: there are no chunks.
            CoverageError: the chunks are not the whole transcript.
            ContextExceededError: a chunk is too large for the model.
            CostLimitError: the transcript may cost more than a limit allows. Raised before the first call.
            AnswerError: the model gave no usable answer, twice.
            LanguageModelError: a call brought no answer.
        """
        return await map_chunks(
            chunks,
            factory=CallFactory(self._parameters, self._spec, chunks.language),
            answerer=self._answerer(spent_usd=0.0),
            listener=self._on_progress,
        )

    async def reduce(self, partials: ChunkSummaries) -> FinalSummary:
        """Make the final summary of what ``map_chunks`` returned.

        Raises:
            CoverageError: ``partials`` do not stand for the whole transcript. Raised before the first call.
            ReductionError: they can't be merged down to one call.
            NothingToSummarizeError, ContextExceededError, CostLimitError, AnswerError, LanguageModelError: as in
            ``map_chunks``.
        """
        factory = CallFactory(self._parameters, self._spec, partials.language)
        return await reduce_summaries(
            partials,
            factory=factory,
            answerer=self._answerer(spent_usd=spent_on(partials, factory)),
            listener=self._on_progress,
        )

    def _answerer(self, *, spent_usd: float) -> Answerer:
        """Return an answerer for one video, of which ``spent_usd`` have been spent already."""
        budgets = [] if self._budget is None else [self._budget]
        limit = self._parameters.max_cost_per_video_usd
        if limit is not None:
            budgets.append(VideoBudget(limit, spent_usd=spent_usd))
            if self._spec.price is None:
                logger.warning(
                    "No price is known for model %r: the cost limit per video does not hold.", self._spec.name
                )
        return Answerer(
            self._executor,
            self._spec,
            store=self._store,
            budgets=budgets,
            at_once=self._at_once.setdefault(
                asyncio.get_running_loop(), asyncio.Semaphore(self._parameters.concurrency)
            ),
            force=self._parameters.force,
        )
