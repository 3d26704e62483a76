"""What is put into broken copies of a summary: refusals, prompts, marks of parts, other languages, wrong facts.

Belongs here: words only. Does not belong here: where they are put (``breakages``).
"""

INVENTED = ("Kowalski", "Okafor", "Lindqvist", "Castellanos", "Nakamura", "Rosenthal", "Dubrovnik", "Wexford")
NUMBER_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "forty")
REFUSALS = (
    "I'm sorry, but I can't summarize this content.",
    "I apologize, but I am unable to process this transcript.",
    "As an AI language model, I don't have access to the video.",
    "I cannot fulfill this request because the text contains sensitive material.",
    "Unfortunately, I'm not able to help with that. Please provide the full transcript and I will gladly try again.",
    "Sorry, I can't assist with that request.",
    "I do not have enough information to write a summary. Could you share the transcript?",
    "There is no transcript in your message. Please paste the text you would like me to summarize.",
    "My guidelines don't allow me to summarize this material.",
    "As a large language model, I cannot watch videos or listen to audio.",
    "It seems that the transcript is missing. Once you provide it, I'll be happy to summarize it for you.",
    "I won't be able to provide a summary of this conversation.",
)
PROMPTS = (
    "Summarize the following transcript in 4 to 6 sentences.",
    "You are a helpful assistant that summarizes video transcripts.",
    "Your task is to write a concise summary of the text below.",
    "Write a summary of this transcript. Do not include any opinions.",
    "System: You are an expert summarizer. Respond only with the summary.",
    "<|im_start|>system You summarize meetings.<|im_end|>",
    "### Instruction: Summarize the meeting. ### Response:",
    "[INST] Please summarize the conversation [/INST]",
    "Please provide a brief summary of the above text in five sentences.",
    "Rules: be factual, do not add information that is not in the transcript, and keep it under 150 words.",
    "TL;DR of the text delimited by triple backticks:",
    "Here is the transcript to be summarized: {transcript}",
    "Return a JSON object with the keys summary and points.",
    "Use only facts from the transcript and answer in the same language as the transcript.",
)
LEFTOVERS = (
    "Chunk {n}: {s}",
    "Part {n}: {s}",
    "[Chunk {n}/7] {s}",
    "Summary of chunk {n}: {s}",
    "Section {n} - {s}",
    "(Part {n} of 5) {s}",
    "**Segment {n}:** {s}",
    "## Chunk {n}\n{s}",
    "--- chunk {n} ---\n{s}",
    "In this chunk, {s}",
)
FOREIGN = {
    "German": "Die Gruppe sprach über den neuen Plan und die Frage, wer ihn bezahlen soll. Am Ende einigte man sich "
    "darauf, im Herbst noch einmal zusammenzukommen. Bis dahin sollen alle ihre Vorschläge schriftlich "
    "einreichen. Ein Teil der Kosten wird von der Stadt getragen, der andere von den Vereinen.",
    "French": "Le groupe a discuté du nouveau projet et de la question de son financement. À la fin, ils ont décidé de "
    "se revoir à l'automne. D'ici là, chacun doit envoyer ses propositions par écrit. Une partie des frais "
    "sera payée par la ville, l'autre par les associations.",
    "Spanish": "El grupo habló del nuevo proyecto y de quién debe pagarlo. Al final decidieron volver a reunirse en "
    "otoño. Hasta entonces todos tienen que enviar sus propuestas por escrito. Una parte de los gastos la "
    "paga la ciudad y la otra las asociaciones.",
    "Chinese": "小组讨论了新的计划以及由谁来支付费用的问题。最后大家决定秋天再开一次会。"
    "在那之前每个人都要把建议写下来交上。一部分费用由市里承担，另一部分由各个协会承担。",
    "Arabic": "ناقشت المجموعة الخطة الجديدة ومن الذي يجب أن يدفع ثمنها. في النهاية قرروا أن يجتمعوا مرة أخرى في "
    "الخريف. حتى ذلك الحين يجب على الجميع إرسال مقترحاتهم مكتوبة. تدفع المدينة جزءا من التكاليف وتدفع "
    "الجمعيات الجزء الآخر.",
    "Russian": "Группа обсудила новый план и вопрос о том, кто должен за него платить. В конце они решили встретиться "
    "ещё раз осенью. До этого все должны прислать свои предложения в письменном виде. Часть расходов оплатит "
    "город, а остальное оплатят общества.",
}
"""Of nothing in particular, as a model answers in its own language."""
