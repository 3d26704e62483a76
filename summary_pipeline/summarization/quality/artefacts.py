"""Text that belongs to the making of a summary and not into it: refusals, instructions, leftovers of partial answers.

Belongs here: recognizing it by pattern. Does not belong here: what it costs.

The instructions that this pipeline gives (``prompts``) are recognized by six of their words in a row; patterns are for
what any prompt and any model may say. What the source says too is never held against the summary.
"""

import functools
import re
from itertools import pairwise

from summary_pipeline.summarization import prompts
from summary_pipeline.summarization.markers import MARKER
from summary_pipeline.summarization.parameters import SummarizationParameters
from summary_pipeline.summarization.quality import text_units
from summary_pipeline.summarization.quality.documents import Source, Summary

_SHINGLE = 6
_REFUSAL_OPENS = 120
"""Characters from the beginning within which a refusal declines."""
_REFUSAL_WORDS = 80
"""Words that a text of nothing but a refusal has at most."""
_START = r"(?:^|(?<=[.!?:;\n]))\s*"
_FLAGS = re.IGNORECASE | re.MULTILINE


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), _FLAGS)


_OPENS = r"(?:^|(?<=[.!?\n。！？]))[\s*_#>-]{0,8}"
"""Where a sentence opens, not within quotation marks: people who are quoted refuse and instruct too."""
_COURTESY = (
    r"(?:(?:sorry|unfortunately|regrettably|I understand[^.\n]{0,60}|(?:hello|hi|thanks|thank you)\b[^.!?\n]{0,60})"
    r"[,.!;]?\s+(?:but )?)?"
)
_DECLINE = r"(?:can['’]?t|cannot|could not|couldn['’]t|won['’]t|will not|am (?:unable|not able) to)"
_DECLINES = (
    (
        r"as an? (?:ai|artificial intelligence|(?:large )?language model)(?: (?:language )?model| assistant| system)?"
        r",? (?:I|my)\b"
    ),
    (
        rf"I(?:['’]m| am) (?:(?:very|really|so) )?(?:sorry|afraid)\b[^.]{{0,30}}\b(?:I['’]m|I|that)\b[^.]{{0,15}}\b"
        rf"(?:{_DECLINE}|unable|not able|don['’]t have)\b"
    ),
    (
        rf"I {_DECLINE} (?:be able to )?(?:assist|help(?! but)|provide|summari[sz]e|fulfil?l|comply|access|process"
        r"|complete|generate|create|write|do that|produce|answer)\b"
    ),
    r"I['’]m (?:unable|not able) to\b",
    (
        r"I (?:do not|don['’]t) have (?:enough (?:information|context)|access|sufficient (?:information|context)"
        r"|the (?:ability|transcript))\b"
    ),
    rf"I (?:apologi[sz]e|regret)\b[^.]{{0,30}}\bI\b[^.]{{0,15}}\b(?:{_DECLINE}|unable|not able|don['’]t have)\b",
    (
        r"my (?:guidelines|instructions|programming)\b[^.]{0,20} (?:don['’]t|do not|doesn['’]t|does not) "
        r"(?:allow|permit|let)"
        r"|my (?:guidelines|instructions|programming) (?:prevent|forbid|prohibit)s? me\b"
    ),
    r"(?:this|that|it|your request) (?:goes|is) against my (?:guidelines|instructions|programming)\b",
    r"als (?:eine? )?(?:KI|künstliche Intelligenz|(?:großes )?Sprachmodell)\b[^.]{0,30}\bich\b",
    (
        r"(?:es tut mir leid, (?:aber )?|leider )?(?:ich kann|kann ich) (?:dir|Ihnen|diese[sn]?|das|dabei|leider)\b"
        r"[^.]{0,40}\bnicht\b"
    ),
    r"en tant (?:qu['’](?:une? )?(?:IA|intelligence artificielle)|que modèle)\b[^.]{0,30}(?:\bje\b|\bj['’])",
    r"je (?:suis désolée?,? mais je|ne peux pas (?:vous aider|fournir|résumer))\b",
    (
        r"(?:como|come) (?:un['’]?a? ?)?(?:IA|inteligencia artificial|modelo de lenguaje|modelo de linguagem"
        r"|inteligência artificial|intelligenza artificiale|modello linguistico)\b[^.]{0,30}\b"
        r"(?:no|não|non) (?:puedo|posso|tengo|tenho|ho)\b"
    ),
    r"(?:lo siento|desculpe|lamento|mi dispiace),? (?:pero |mas |ma )?(?:no|não|non) (?:puedo|posso)\b",
    r"(?:作为|作為)(?:一个|一個|一名)?(?:AI|人工智能|人工智慧|大?语言模型|大?語言模型)[^。]{0,10}我",
    r"(?:抱歉|对不起|對不起)[，,]?\s?(?:但)?我(?:无法|無法|不能|没有|沒有)",
    r"我(?:无法|無法|不能)(?:提供|总结|總結|协助|協助|帮|幫|完成)",
    r"(?:AI|人工知能|言語モデル)(?:アシスタント)?として[^。]{0,30}(?:私|できません|いたしかね)",
    r"申し訳(?:ございません|ありません)[^。]{0,25}(?:でき|いたしかね)",
    r"как (?:искусственный интеллект|языковая модель|ИИ\b)[^.]{0,10}\bя\b",
    r"я не могу (?:помочь|предоставить|выполнить|составить)",
    r"(?:AI|인공지능|언어 모델)(?:으)?로서[^.]{0,30}(?:저는|제가|수 없)",
    r"죄송(?:합니다|하지만)[^.]{0,10}[.,]?[^.]{0,30}(?:수 없|드릴 수|못)",
)
"""A model that says of itself that it does not answer, from its first word on."""
_REFUSAL_OF_ALL = re.compile(rf"[\s*_#>-]*{_COURTESY}(?:{'|'.join(_DECLINES)})", re.IGNORECASE)
_REFUSAL = _any_of(
    rf"{_OPENS}{_COURTESY}(?:{'|'.join(_DECLINES)})",
    rf"{_OPENS}(?:please|(?:could|can|would) you(?: please)?) (?:provide|share|paste|send|upload)(?: me)?(?: with)? "
    r"(?:the|a|your) (?:full |complete )?(?:transcript|text|content|video)\b[^.\n]{0,30}(?:\b(?:I|me)\b|\?)",
    r"\btranscript (?:is|was|seems|appears)(?: to be)? (?:missing|empty|not (?:included|provided|attached))\b"
    r"[^\n]{0,40}\b(?:I|I['’]ll|please)\b",
    rf"{_OPENS}(?:there is no|no) transcript (?:in your|was (?:provided|attached)[^.\n]*\.\s+(?:please|could|can|I)\b)",
    r"^\W*(?:a |the )?summary (?:is )?(?:not available|unavailable)\W*$",
    rf"{_OPENS}unable to (?:provide|generate|create|produce|write) (?:a |the |this )?summary\b",
)
_HEADING = r"(?:rules|guidelines|requirements|constraints|response|tl;?\s?dr|summary instructions)"
_SPEAKER = r"(?:system|user|assistant|human|instructions?|prompt|transcript|input|output|task|context)"
_MATERIAL = r"(?:transcript|text|chunk|partial summaries|summaries|conversation|meeting|video|dialogue|content)"
_INSTRUCTION = _any_of(
    rf"{_OPENS}you are (?:an? )?(?:[\w-]+ ){{0,3}}(?:assistant|summari[sz]er|language model|AI)\b",
    rf"{_OPENS}your task is to\b",
    rf"{_OPENS}(?:please )?(?:summari[sz]e|condense|(?:write|give|create|provide|produce) (?:me )?an? (?:[\w-]+"
    rf" ){{0,3}}summary of) (?:the|this|these|all)(?: (?:following|above|provided|given|whole))? {_MATERIAL}\b",
    rf"{_OPENS}(?:only |just )?(?:output|respond|reply|answer|return)\b[^.\n]{{0,30}}\bJSON\b",
    rf"^\s*(?:{_HEADING}|{_SPEAKER}(?: prompt| message)?)\s?:(?=\s|$)",
    r"\bdelimited by (?:triple|three|double|the tags?|<|\"|`)|\btranscript to be summari[sz]ed\b"
    r"|\bsame language as the (?:transcript|input)\b",
    r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|</?(?:data|transcript|summary|text|instructions?|system"
    r"|document)\b[^>]{0,80}>",
    r"\{\{?\s?(?:transcript|text|summary|summaries|chunk|input|language|context)\w*\s?\}?\}",
    r"```|^#{1,4}\s?(?:instruction|task|system|summary|transcript)|#{2,4} (?:instruction|response|system)s?\b",
    r"(?:^|(?<=[。！？\n]))\s*(?:请|請)(?:总结|總結|概括|用[^。]{1,12}(?:句|字))"
    r"|(?:^|(?<=[。！？\n]))\s*你是(?:一个|一個|一名|一位)[^。]{0,12}(?:助手|助理|专家|專家)",
    rf"{_OPENS}(?:Fasse|Résume[rz]?|Resume|Riassumi|Обобщите|Суммируйте)\b[^.\n]{{0,30}}\b(?:Trans[ck]ript|Text\b|texte"
    r"|transcripción|texto|trascrizione|testo|transcri[çp]|текст|стенограмм)",
    rf"{_OPENS}(?:Du bist|Tu es|Eres|Sei|Ты|Вы) (?:ein|un|una|une)?\s?(?:\w+ ){{0,2}}(?:Assistent|assistant|asistente"
    r"|assistente|помощник|ассистент)",
)
_PHRASES = tuple(
    _any_of(pattern)
    for pattern in (
        r"\byou are (?:an? )?(?:[\w-]+ ){0,3}(?:assistant|summari[sz]er|expert|language model|AI)\b",
        r"\b(?:your|the) task is to\b",
        (
            rf"{_START}(?:please )?(?:summari[sz]e|condense|(?:write|give|create|provide|produce) (?:me )?an? (?:[\w-]+"
            rf" ){{0,3}}summary)\b"
        ),
        (
            rf"{_START}(?:please )?(?:do not|don['’]t|never) (?:include|add|mention|use|make up|invent|repeat|write"
            rf"|follow|copy|start|output)\b"
        ),
        rf"{_START}(?:only |just )?(?:output|respond|reply|answer|return)(?: only)?(?: with| in| the| a)\b",
        (
            r"\b(?:in|of|write|use|using|with) (?:exactly |at most |about )?(?:\d+|three|four|five|six)"
            r"(?: ?(?:-|–|to|or) ?(?:\d+|five|six|seven|eight))? (?:complete |full |short )?sentences\b"
        ),
        (
            r"\b(?:at most|no more than|under|fewer than|less than|maximum of) (?:\d+|a hundred|two hundred) "
            r"(?:words|tokens|characters)\b"
        ),
        (
            rf"{_START}(?:please |always |only )?(?:use only|be (?:concise|brief|factual|objective)"
            r"|keep (?:it|the summary) (?:under|short|brief|concise)|include only|stick to|focus on the (?:main|key)"
            r"|ensure (?:that )?the summary)\b"
        ),
        rf"{_START}(?:{_HEADING}|{_SPEAKER}(?: prompt| message)?)\s?:(?=\s|$)",
        r"\bnot (?:in|supported by) the (?:transcript|text|source)\b",
        r"\bsame language as the\b|\bJSON (?:object|format|array)\b",
        r"\bthe (?:following|above|provided|given) (?:transcript|text|chunk|partial summaries|summaries)\b",
    )
)
"""Phrases of prompts that people use as well: one alone shows nothing, two of them are instructions."""
_LEFTOVER = _any_of(
    r"(?:^|(?<=[.!?:;\n])|\bsummary (?:of|for) |\(|\*\*)\s*(?:the )?(?:chunk|part|section|segment|batch|group"
    r"|partial summary|summary|teil|abschnitt|"
    r"partie|section|parte|sección|sezione|seção|часть|фрагмент|deel|del)\s?(?:#|no\.?|nr\.?)?\s?\d{1,3}"
    r"(?:\s?(?:of|/|de|von|sur|из)\s?\d{1,3})?\s?(?:\*\*)?\s?[:.)\-–—]",
    r"\bchunk\s?#?\s?\d{1,3}\b",
    r"第\s?[\d一二三四五六七八九十]{1,3}\s?(?:部分|段|块|塊|节|節)(?:总结|總結|摘要)?\s?[:：]",
    r"(?:部分|パート|チャンク|부분|파트)\s?\d{1,3}\s?[:：]",
    rf"{MARKER}",
    r"[{,]\s?\"(?:summary|points|sentences|key_points|chapters|topics|at|text)\"\s?:",
    r"\b(?:in|of|from) (?:this|the (?:first|second|third|fourth|next|previous|last)) (?:chunk|segment of the"
    r" transcript|part of the transcript)\b",
)
_PREAMBLE = _any_of(
    rf"{_START}(?:sure|certainly|of course|absolutely|okay)\b[^.\n]{{0,60}}(?:summary|overview|summari[sz]e)",
    rf"{_START}here(?:['’]s| is| are) (?:an?|the|your|my) (?:[\w-]+ ){{0,4}}(?:summary|overview|summari[sz]ation)\b",
    r"\b(?:let me know|feel free to ask) if (?:you|there)\b|\bI hope this helps\b",
    r"(?:以下是|这是|這是)[^。：:]{0,12}(?:总结|總結|摘要|概要)\s?[:：]",
)
_PATTERNS = {"refusal": _REFUSAL, "leaked_prompt": _INSTRUCTION, "map_leftovers": _LEFTOVER, "preamble": _PREAMBLE}
_LOOKED_AT = 8_000
"""Characters of a summary in which artefacts are looked for."""


def find_artefacts(source: Source, summary: Summary) -> dict[str, tuple[str, ...]]:
    """Return what was found, as flag and the words that show it, in the order of gravity."""
    shown = summary.text[:_LOOKED_AT]
    found: dict[str, tuple[str, ...]] = {
        flag: (words,) for flag, pattern in _PATTERNS.items() if (words := _first_match(pattern, shown, source.text))
    }
    if "leaked_prompt" not in found:
        phrases = tuple(words for pattern in _PHRASES if (words := _first_match(pattern, shown, source.text)))
        if len(phrases) > 1:
            found["leaked_prompt"] = phrases
        elif words := _own_instructions(source, summary):
            found["leaked_prompt"] = (words,)
    return found


def is_refusal(text: str, *, material: str = "") -> bool:
    """Say whether a short text is nothing but a refusal: it opens with one that ``material`` does not hold.

    Only what a model says of itself counts, from the first word on: this decides whether a summary is saved at all.
    """
    if len(text.split()) > _REFUSAL_WORDS:
        return False
    match = _REFUSAL_OF_ALL.match(text.strip()[:_REFUSAL_OPENS])
    return match is not None and not _holds(material, match.group().strip())


def _first_match(pattern: re.Pattern[str], text: str, source: str) -> str:
    """Return the first words that match and do not stand in the source, or nothing."""
    matches = (match.group().strip() for match in pattern.finditer(text))
    return next((words for words in matches if words and not _holds(source, words)), "")


def _holds(text: str, words: str) -> bool:
    return re.search(re.escape(words), text, re.IGNORECASE) is not None


def _own_instructions(source: Source, summary: Summary) -> str:
    ours = _instruction_shingles()
    units = summary.units.units[:4_000]
    for index in range(len(units) - _SHINGLE + 1):
        shingle = tuple(units[index : index + _SHINGLE])
        if shingle in ours and not all(pair in source.pairs for pair in pairwise(shingle)):
            return " ".join(summary.units.surfaces[index : index + _SHINGLE])
    return ""


@functools.cache
def _instruction_shingles() -> frozenset[tuple[str, ...]]:
    parameters = SummarizationParameters.model_validate({})
    texts = (
        prompts.map_instructions(parameters, None),
        prompts.merge_instructions(parameters, None),
        prompts.final_instructions(parameters, None, "transcript", (4, 6)),
        prompts.final_instructions(parameters, None, "summaries", (4, 6)),
        prompts.user_message("transcript", ""),
    )
    shingles: set[tuple[str, ...]] = set()
    for text in texts:
        units = text_units.cut(text_units.normalized(text)).units
        shingles.update(tuple(units[index : index + _SHINGLE]) for index in range(len(units) - _SHINGLE + 1))
    return frozenset(shingles)
