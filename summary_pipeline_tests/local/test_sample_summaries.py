"""What the demo shows: the offline server's summaries of the samples, and how they score."""

import pytest
from openai import AsyncOpenAI

from summary_pipeline.local.demo_transcripts import DemoTranscript, sample_transcripts
from summary_pipeline.local.offline_openai import OfflineOpenAI
from summary_pipeline.resources.openai_language_model import OpenAILanguageModel
from summary_pipeline.settings import PipelineSettings
from summary_pipeline.summarization.pacing import PacedModel
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.parsing import parse_transcript
from summary_pipeline.summarization.quality import score_summary
from summary_pipeline.summarization.summarizer import Summarizer

pytestmark = pytest.mark.servers


@pytest.mark.parametrize("sample", sample_transcripts(), ids=lambda sample: sample.file_name)
async def test_a_samples_summary_raises_no_flag_that_costs_and_scores_above_the_checks_threshold(
    openai_server: OfflineOpenAI, sample: DemoTranscript
) -> None:
    transcript = parse_transcript(sample.content, key=sample.file_name)
    async with AsyncOpenAI(base_url=openai_server.base_url, api_key="any") as client:
        parameters = SummarizationParameters(model="extractive-offline")
        final = await Summarizer(PacedModel(OpenAILanguageModel(client)), parameters=parameters).summarize(transcript)
    quality = score_summary(transcript.text, final.summary, language=final.language)
    assert set(quality.flags) <= {"names_not_checked", "numbers_not_checked"}
    assert quality.score > PipelineSettings.model_fields["summary_min_score"].default + 0.05
