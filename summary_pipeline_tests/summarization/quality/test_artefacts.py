"""Refusals and instructions are found, and ordinary sentences with their words are not taken for them."""

import pytest

from summary_pipeline.summarization.quality import artefacts, documents, text_units

SOURCE = "The harbour authority raised its fees on Monday after a long debate."
GOOD = "The harbour authority raised its fees after a long debate."
REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I apologize, but I am unable to process this transcript.",
    "As an AI language model, I don't have access to the video.",
    "Unfortunately, I'm not able to help with that.",
    "I do not have enough information to write a summary.",
    "My guidelines don't allow me to summarize this material.",
    "This goes against my guidelines.",
    "I won't be able to provide a summary of this conversation.",
    "Thank you for the material. I cannot summarize it.",
    "Als KI-Modell kann ich das Video nicht ansehen.",
    "Es tut mir leid, aber ich kann dieses Video nicht zusammenfassen.",
    "En tant qu'IA, je ne peux pas regarder la vidéo.",
    "Je suis désolé, mais je ne peux pas résumer cela.",
    "Como modelo de lenguaje, no puedo ver el video.",
    "Lo siento, pero no puedo ayudar.",
    "作为人工智能，我无法观看视频。",
    "抱歉，我无法总结这个视频。",
    "我无法提供总结。",
    "AIとして、動画を見ることはできません。",
    "申し訳ございませんが、要約できません。",
    "Как языковая модель, я не смотрю видео.",
    "Я не могу составить пересказ.",
    "AI로서 저는 영상을 볼 수 없습니다.",
    "죄송합니다. 요약할 수 없습니다.",
)
INCOMPLETE = (
    "There is no transcript in your message. Please paste it.",
    "It seems that the transcript is missing. Once you provide it, I'll be happy to summarize it.",
    "Could you share the transcript?",
    "Please provide the full transcript and I will gladly try again.",
    "Unable to generate a summary of this video.",
    "Summary not available",
)
"""Not said in the first person from the first word on."""
REPORTS = (
    "Historians explain why no transcript was kept of the 1911 trial, and what is known of it all the same.",
    'The video opens with a caller who asks, "Can you send me the invoice?", and with a clerk who has lost it.',
    "The coach says that my instructions were ignored on the day of the race.",
    "As an AI tool spreads through schools, teachers ask who checks the homework.",
    "As an AI researcher, Mary Quill looks at what machines see.",
    "The nurse says: \"I'm sorry, I can't help you,\" and leaves the room.",
    '"I cannot provide the figures," the clerk tells the court.',
    "I cannot help but admire the bridge, says the engineer.",
    "I do not have enough flour, the baker says, and buys more.",
    "The mayor is sorry that she could not answer all the letters.",
    "The transcript was missing from the file when the court met.",
    "The clerk was unable to provide a summary of the costs.",
    "The council's summary is unavailable online until Monday.",
    "The teacher writes: please send me the text by Friday.",
    "The law goes against my guidelines for good style, says the editor.",
    "Als KI noch ein Fremdwort war, baute Zuse seine Rechner.",
    "Der Redner meint, ich kann das Haus nicht verkaufen.",
    "En tant que modèle pour les autres villes, Lyon attire des visiteurs.",
    "Come IA e lavoro si incontrano, lo racconta il video.",
    "Como inteligencia artificial se conoce un campo de los años cincuenta.",
    "作为人工智能领域的先驱，图灵提出了这个问题。",
    "老师说，对不起，这个问题太难。",
    "AIとして初めて、その棋士に勝った。",
    "彼は申し訳ないと言い、対策ができた。",
    "Лектор объясняет, как языковая модель предсказывает слова.",
    "인공지능으로서 처음으로 시험에 합격했다.",
    "직원은 죄송합니다라고 말했다.",
)
PROMPTS = (
    "Summarize the following transcript in 4 to 6 sentences.",
    "You are a helpful assistant that summarizes video transcripts.",
    "Your task is to write a concise summary of the text below.",
    "Rules: be factual, do not add information that is not in the transcript, and keep it under 150 words.",
    "System: You are an expert summarizer. Respond only with the summary.",
    "TL;DR of the text delimited by triple backticks:",
    "Return a JSON object with the keys summary and points.",
    "Use only facts from the transcript and answer in the same language as the transcript.",
    "Please provide a brief summary of the above text in five sentences.",
    "### Instruction: Summarize the meeting. ### Response:",
    "Fasse den folgenden Text zusammen.",
    "请用三句话概括。",
    "Du bist ein hilfreicher Assistent.",
)
ORDINARY = (
    "Response to the decision was mixed: some were glad, others were not.",
    "Requirements for the works are strict: no noise after six.",
    "Rules on parking changed, too: nobody may stop in the square.",
    "The service returns a JSON object for each ship.",
    "The engineer refines the prompt until the answer is right.",
    "The fields are delimited by commas.",
    "A password of fewer than 12 characters is refused.",
    "The task is to rebuild the bridge before winter.",
    "The teacher tells her that you are an expert in your own life.",
    "Her tip is simple: never use bleach on oak.",
    "The host gives one rule: answer the letter on the day it comes.",
    "The court replaced its ruling with three sentences.",
    "A telegram has at most 20 words.",
    "Her advice to students: focus on the main idea.",
    "The clause is not in the text of the treaty.",
    "The song is in the same language as the play.",
    "Scholars compare the following text with an older one.",
    "The lesson ends with homework: summarize the chapter.",
    "Resume las propuestas de los vecinos y las critica.",
    "Fasse und Tröge werden in der Werkstatt gebaut.",
    "主持人请用三个字形容自己的父亲。",
    'Il medico gli dice: "Sei un assistente, non un collega."',
)


def _flags(text: str) -> set[str]:
    summary = documents.read_summary(text_units.normalized(text))
    source = documents.read_source(text_units.cut(SOURCE), SOURCE, summary, "en")
    return set(artefacts.find_artefacts(source, summary))


@pytest.mark.parametrize("text", REFUSALS)
def test_a_model_that_declines_is_understood(text: str) -> None:
    assert artefacts.is_refusal(text)
    assert "refusal" in _flags(text)
    assert "refusal" in _flags(f"{text} {GOOD}")


@pytest.mark.parametrize("text", INCOMPLETE)
def test_what_asks_for_the_material_scores_as_a_refusal(text: str) -> None:
    assert "refusal" in _flags(text)


@pytest.mark.parametrize("text", REPORTS)
def test_a_summary_that_tells_of_a_refusal_is_none(text: str) -> None:
    for whole in (text, f"{text} {GOOD}", f"{GOOD} {text}"):
        assert not artefacts.is_refusal(whole)
        assert "refusal" not in _flags(whole)


@pytest.mark.parametrize("text", PROMPTS)
def test_instructions_before_or_behind_a_summary_are_noticed(text: str) -> None:
    assert "leaked_prompt" in _flags(f"{text} {GOOD}")
    assert "leaked_prompt" in _flags(f"{GOOD} {text}") or " " not in text


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_sentence_is_no_instruction(text: str) -> None:
    assert not _flags(f"{text} {GOOD}")
    assert not _flags(f"{GOOD} {text}")


def test_what_the_source_says_too_is_no_instruction() -> None:
    said = "Your task is to win."
    summary = documents.read_summary(said)
    source = documents.read_source(text_units.cut(said), said, summary, "en")
    assert artefacts.find_artefacts(source, summary) == {}
