"""LangChain's map-reduce, asked for the same answer as our summarizer.

What is sent is ours: instructions as the system message, the lines around the data, the last answer's JSON schema as
``response_format``, markers in the transcript from which times come, and partial summaries shown to the last call as
ours are. LangChain's are the splitter, the chain, the client, its retries and limits, set up as in
``langchain_map_reduce``. It cuts after the markers are put in, and checks no citation and no number of sentences.

Our package is imported from the repository: what it needs for this is in the environment of the peers too.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

# These are installed in the environment of the peers alone.
from langchain_classic.chains import (  # type: ignore[import-not-found]
    LLMChain,
    MapReduceDocumentsChain,
    ReduceDocumentsChain,
    StuffDocumentsChain,
)
from langchain_core.messages import SystemMessage  # type: ignore[import-not-found]
from langchain_core.output_parsers import StrOutputParser  # type: ignore[import-not-found]
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate  # type: ignore[import-not-found]

from benchmarks.map_reduce.contestant import FINAL_OUTPUT_TOKENS, MAP_OUTPUT_TOKENS, Job, Summarize, run
from benchmarks.map_reduce.ours import parameters_of, transcript_of
from benchmarks.peers.langchain_map_reduce import CONTEXT_TOKENS, Client
from summary_pipeline.summarization import cited_lines, structured
from summary_pipeline.summarization.call_shapes import CallShape, final_shape, partial_shape
from summary_pipeline.summarization.chunking import ChunkSegment
from summary_pipeline.summarization.model_registry import built_in_registry
from summary_pipeline.summarization.prompts import (
    DataKind,
    LineToShow,
    render_parts,
    render_transcript,
    user_message,
)
from summary_pipeline.summarization.sentences import join_sentences

LANGUAGE = "en"


class ShownPart(StrOutputParser):  # type: ignore[misc]
    """Reads the answer about a chunk and returns it as the last call shows it."""

    def parse(self, text: str) -> str:
        """Return the statements with their markers."""
        answer = cited_lines.read_partial(text)
        return render_parts([[LineToShow(said.at, said.text, None) for said in answer.statements]]).text


class FinalProse(StrOutputParser):  # type: ignore[misc]
    """Reads the last answer and returns its summary."""

    def parse(self, text: str) -> str:
        """Return the sentences as one paragraph."""
        return join_sentences(structured.read_final(text).sentences)


def marked(text: str) -> str:
    """Return a text with a marker before each paragraph."""
    snippets = transcript_of(text).snippets
    return render_transcript(
        ChunkSegment(snippet=index, text=snippet.text, start=snippet.start, end=snippet.end)
        for index, snippet in enumerate(snippets)
    ).text


def request_parts(shape: CallShape, kind: DataKind) -> tuple[ChatPromptTemplate, dict[str, Any]]:
    """Return the prompt with ``text`` to fill in, and what asks for the answer's form beside it."""
    messages = [SystemMessage(content=shape.instructions), ("human", user_message(kind, "{text}"))]
    prompt = ChatPromptTemplate.from_messages(messages)
    if shape.schema is None:
        return prompt, {}
    schema = {"name": shape.schema.name, "schema": dict(shape.schema.schema), "strict": True}
    return prompt, {"response_format": {"type": "json_schema", "json_schema": schema}}


def make(job: Job) -> Summarize:
    """Return the chain behind a splitter."""
    client = Client(job)
    parameters = parameters_of(job)
    spec = built_in_registry().lookup(parameters.model)
    sentences = (parameters.min_sentences, parameters.max_sentences)
    map_prompt, map_form = request_parts(
        partial_shape(cited_lines.CHUNK_SUMMARY, parameters, spec, LANGUAGE), "transcript"
    )
    final_prompt, final_form = request_parts(
        final_shape("summaries", sentences, parameters, spec, LANGUAGE), "summaries"
    )
    last = LLMChain(
        llm=client.model(FINAL_OUTPUT_TOKENS).bind(**final_form),
        prompt=final_prompt,
        output_parser=FinalProse(),
    )
    shown_parts = PromptTemplate.from_template("{page_content}")
    combine = StuffDocumentsChain(llm_chain=last, document_variable_name="text", document_prompt=shown_parts)
    chain = MapReduceDocumentsChain(
        llm_chain=LLMChain(
            llm=client.model(MAP_OUTPUT_TOKENS).bind(**map_form),
            prompt=map_prompt,
            output_parser=ShownPart(),
        ),
        reduce_documents_chain=ReduceDocumentsChain(combine_documents_chain=combine, token_max=CONTEXT_TOKENS),
        document_variable_name="text",
    )

    async def summarize_one(text: str) -> str:
        result = await chain.ainvoke({"input_documents": client.documents(marked(text))})
        return str(result["output_text"])

    async def summarize(texts: Sequence[str]) -> list[str]:
        return list(await asyncio.gather(*map(summarize_one, texts)))

    return summarize


if __name__ == "__main__":
    run(make)
