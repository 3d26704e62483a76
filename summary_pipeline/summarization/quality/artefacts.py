"""Text that belongs to the making of a summary and not into it: refusals, instructions, leftovers of partial answers.

Belongs here: recognizing it by pattern. Does not belong here: what it costs.

The instructions that this pipeline gives (``prompts``) are recognized by six of their words in a row; patterns are for
what any prompt and any model may say. What the source says too is never held against the summary.
"""

import functools
import re
from itertools import pairwise

from summary_pipeline.summarization import prompts
from summary_pipeline.summarization.cited_lines import MARKER
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


_REFUSAL = _any_of(
    r"\bas an? (?:ai|artificial intelligence|large language model|language model)\b"
    r"(?! (?:researcher|engineer|company|expert|startup|developer))",
    r"\bI(?:['’]m| am) (?:sorry|afraid)\b[^.]{0,30}\b"
    r"(?:can['’]?t|cannot|unable|not able|won['’]t|don['’]t have)\b",
    r"\bI (?:can['’]?t|cannot|could not|couldn['’]t|am unable to|am not able to|won['’]t|will not) "
    r"(?:be able to )?(?:assist|help|provide|summari[sz]e|fulfil?l|comply|access|process|complete|generate"
    r"|create|write|do that"
    r"|produce|answer)",
    r"\bI['’]m (?:unable|not able) to\b",
    r"\bI (?:do not|don['’]t) have (?:enough|access|sufficient|the (?:ability|transcript))\b",
    r"\bI apologi[sz]e\b[^.]{0,30}\b(?:but|I)\b",
    r"^\W*(?:sorry|unfortunately|I regret)\b[^.]{0,20}\bI(?:['’]m| am)? (?:can['’]?t|cannot|not|unable|could)",
    r"\b(?:could|can|would) you (?:please )?(?:share|provide|paste|send|upload)\b",
    r"\b(?:there is no|no) transcript (?:in|was|is|has|provided|attached|available)\b",
    r"\btranscript (?:is|was|seems|appears)(?: to be)? (?:missing|empty|not (?:included|provided|attached))\b",
    r"\bmy (?:guidelines|instructions|programming|training data)\b",
    r"\bsummary (?:is )?(?:not available|unavailable)\b",
    r"\bunable to (?:provide|generate|create|produce|write) (?:a |the |this )?summary\b",
    r"\bplease (?:provide|share|paste|send)(?: me)?(?: with)? (?:the|a|your) (?:full |complete )?(?:transcript"
    r"|text|content|video)\b",
    r"\bgoes against my (?:guidelines|programming)\b",
    r"\bals (?:eine? )?(?:KI\b|künstliche Intelligenz|Sprachmodell)",
    r"\bich kann (?:dir|Ihnen|diese[sn]?|das|dabei|leider)\b[^.]{0,40}\bnicht\b",
    r"\ben tant qu['’](?:une? )?(?:IA\b|intelligence artificielle)",
    r"\ben tant que modèle\b",
    r"\bje (?:suis désolée?,? mais|ne peux pas (?:vous aider|fournir|résumer))",
    r"\bcomo (?:una? )?(?:IA\b|inteligencia artificial|modelo de lenguaje|modelo de linguagem|inteligência artificial)",
    r"\b(?:lo siento|desculpe|lamento|mi dispiace),? (?:pero |mas |ma )?(?:no|não|non) (?:puedo|posso)\b",
    r"\bcome (?:un['’]?\s?)?(?:IA\b|intelligenza artificiale|modello linguistico)",
    r"(?:作为|作為)(?:一个|一個|一名)?(?:AI|人工智能|人工智慧|大?语言模型|大?語言模型)",
    r"(?:抱歉|对不起|對不起)[，,]?\s?(?:但)?我(?:无法|無法|不能|没有|沒有)",
    r"我(?:无法|無法|不能)(?:提供|总结|總結|协助|協助|帮|幫|完成)",
    r"(?:AI|人工知能|言語モデル)(?:アシスタント)?として",
    r"申し訳[^。]{0,25}(?:でき|いたしかね)",
    r"как (?:искусственный интеллект|языковая модель|ИИ\b)",
    r"\bя не могу (?:помочь|предоставить|выполнить|составить)",
    r"(?:AI|인공지능|언어 모델)(?:으)?로서",
    r"죄송(?:합니다|하지만)",
)
_INSTRUCTION = _any_of(
    r"\byou are (?:an? )?(?:[\w-]+ ){0,3}(?:assistant|summari[sz]er|expert in|language model|AI)\b",
    r"\b(?:your|the) task is to\b",
    rf"{_START}(?:please )?(?:summari[sz]e|condense|(?:write|give|create|provide|produce) (?:me )?an? (?:[\w-]+"
    rf" ){{0,3}}summary) "
    r"(?:of |for )?(?:the|this|these|all|what)\b",
    rf"{_START}(?:please )?(?:do not|don['’]t|never) (?:include|add|mention|use|make up|invent|repeat|write"
    rf"|follow|copy|start|output)\b",
    rf"{_START}(?:only |just )?(?:output|respond|reply|answer|return)(?: only)?(?: with| in| the| a)\b",
    r"\b(?:in|of|write|use|using|with) (?:exactly |at most |about )?(?:\d+|three|four|five|six)"
    r"(?: ?(?:-|–|to|or) ?(?:\d+|five|six|seven|eight))? (?:complete |full |short )?sentences\b",
    r"\b(?:at most|no more than|under|fewer than|less than|maximum of) (?:\d+|a hundred|two hundred) "
    r"(?:words|tokens|characters)\b",
    rf"{_START}(?:please |always |only )?(?:use only|be (?:concise|brief|factual|objective)|keep (?:it|the summary) "
    r"(?:under|short|brief|concise)|include only|stick to|focus on the (?:main|key)|ensure (?:that )?the summary)\b",
    rf"{_START}(?:rules|guidelines|requirements|constraints|response|tl;?\s?dr|summary instructions)\b"
    r"[^.\n]{0,40}:",
    r"\bdelimited by\b|\bnot (?:in|supported by) the (?:transcript|text|source)\b|\bsame language as the\b",
    r"\bJSON (?:object|format|array)\b|\btranscript to be summari[sz]ed\b|\b(?:this|the) (?:system )?prompt\b",
    r"\bthe (?:following|above|provided|given) (?:transcript|text|chunk|partial summaries|summaries)\b",
    rf"{_START}(?:system|user|assistant|human|instructions?|prompt|transcript|input|output|task|context)(?:"
    rf" prompt| message)?\s?:(?=\s|$)",
    r"<\|[a-z_]+\|>|\[/?INST\]|<</?SYS>>|</?(?:data|transcript|summary|text|instructions?|system"
    r"|document)\b[^>]{0,80}>",
    r"\{\{?\s?(?:transcript|text|summary|summaries|chunk|input|language|context)\w*\s?\}?\}",
    r"```|^#{1,4}\s?(?:instruction|task|system|summary|transcript)",
    r"(?:请|請)(?:总结|總結|概括|用[^。]{1,12}(?:句|字))|你是(?:一个|一個|一名|一位)[^。]{0,12}(?:助手|助理|专家|專家)",
    rf"{_START}(?:Fasse|Résume[rz]?|Resume|Riassumi|Обобщите|Суммируйте)\b",
    r"\b(?:Du bist|Tu es|Eres|Sei|Ты|Вы) (?:ein|un|una|une)?\s?(?:\w+ ){0,2}(?:Assistent|assistant|asistente"
    r"|assistente|помощник|ассистент)",
)
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


def find_artefacts(source: Source, summary: Summary) -> dict[str, str]:
    """Return what was found, as flag and the words that show it, in the order of gravity."""
    found: dict[str, str] = {}
    for flag, pattern in _PATTERNS.items():
        for match in pattern.finditer(summary.text[:8_000]):
            words = match.group().strip()
            if words and not re.search(re.escape(words), source.text, re.IGNORECASE):
                found[flag] = words
                break
    if "leaked_prompt" not in found and (words := _own_instructions(source, summary)):
        found["leaked_prompt"] = words
    return found


def is_refusal(text: str, *, material: str = "") -> bool:
    """Say whether a short text is nothing but a refusal: it opens with one that ``material`` does not hold."""
    opening = text.strip()[:_REFUSAL_OPENS]
    if len(text.split()) > _REFUSAL_WORDS:
        return False
    match = _REFUSAL.search(opening)
    return match is not None and not re.search(re.escape(match.group().strip()), material, re.IGNORECASE)


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
