"""What captions put in brackets for sounds that are not speech, in the languages that captions are mostly in.

Belongs here: the words. Does not belong here: which brackets there are, and taking them out (``normalization``).
"""

import re

_SOUNDS = """
music applause applauding applauds laughter laugh laughs laughing laughed chuckle chuckles chuckling giggle giggles
giggling snickers snickering cheering cheers clapping claps silence cough coughs coughing sneeze sneezes sneezing sigh
sighs sighing gasp gasps gasping sniff sniffs sniffing sniffles sniffling groan groans groaning moans moaning grunts
grunting screams screaming sobbing sobs weeping crying yawns yawning panting hums humming snoring beeping beeps
whooshing whooshes swooshing swishing swishes barking barks chirping meowing vocalsound nonvocalsound disfmarker

musik applaus gelächter lachen lacht lachend beifall räuspern räuspert hustet seufzt
musique applaudissements applaudissement rires soupir soupirs
música musica aplausos aplauso risas risos risadas tosse suspiro suspira
applausi risate risata sospira silenzio
muziek gelach skratt skrattar applåder klapsalve
muzyka oklaski brawa śmiech śmieje hudba potlesk smích
müzik alkış alkışlar kahkaha gülüşmeler tertawa tepuk nhạc vỗ

музыка аплодисменты смех смеётся смеется смеются кашель музика оплески сміх сміється
μουσική χειροκρότημα χειροκροτήματα γέλια γέλιο
מוזיקה מוסיקה מחיאות צחוק
موسيقى موسيقا تصفيق ضحك موسیقی تشویق خنده
संगीत तालियां तालियाँ हँसी हंसी
"""
_SOUNDS_OR_WORDS = """
noise noises static pause pauses paused gap bell bells bang banging typing clicking clicks ringing rings ding chime
chimes honking honks siren sirens knocking knocks footsteps buzzing buzzes thunder thud rustling rumbling whoosh swoosh
swish breathing breathes exhales inhales whistling whistles growling crickets jingle instrumental throat clap cheer buzz
beep hum stille jubel rire toux silencio silêncio stilte тишина вздох пауза صمت
"""
"""May also be said in brackets, as in "interference (noise)", so that more has to point to a sound."""

_ABOUT_SOUNDS = """
a an the and of in on at with to by from audience crowd background foreground everyone all people speaker man woman men
women upbeat soft softly light lightly loud loudly gentle dramatic tense somber cheerful playful ambient electronic
classical rock jazz orchestral piano guitar drum theme intro outro opening closing long short brief slow fast distant
faint muffled heavy deep nervous nervously sarcastically quietly both group scattered mild polite standing audio video
sound sounds effect screen text air phone door bird birds dog dogs engine wind keyboard mouse clears clearing playing
plays play played starts start starting begins beginning continues continuing continued stops ends ending fades fading
swells intensifies hintergrund leise laute spielt im publikum de du des en et del el e da do fond douce fondo suave
público âm tay tangan в зале играет фон на фоне כפיים
"""
_CERTAIN = frozenset(_SOUNDS.split())
_POSSIBLE = _CERTAIN | frozenset(_SOUNDS_OR_WORDS.split())
_ABOUT = frozenset(_ABOUT_SOUNDS.split())

_WITHOUT_SPACES = re.compile(
    # Chinese, Japanese, Korean, Thai: the sound, and at most a few characters that say whose or which.
    r".{0,6}(?:音乐|音樂|音楽|配乐|配樂|掌声|掌聲|鼓掌|拍手|笑声|笑聲|笑い声|笑い|笑|欢呼|歡呼|歓声|咳嗽|咳|呼啸|呼嘯|叹气|嘆氣|ため息|"
    r"음악|박수|박수갈채|웃음|웃음소리|기침|환호|เสียงดนตรี|ดนตรี|เสียงหัวเราะ|เสียงปรบมือ|ปรบมือ)"
)
_BETWEEN_WORDS = re.compile(r"[\s,;/&+]+")
_MOST_WORDS = 6


def is_noise(bracketed: str, *, by_itself: bool) -> bool:
    """Say whether the text between two brackets names sounds and nothing else.

    ``by_itself`` says that the brackets are ones in which nothing is spoken, or that nothing stands beside them: then
    also words count that may be speech elsewhere.
    """
    content = bracketed.strip(" .,!…\\♪-").casefold()
    if _WITHOUT_SPACES.fullmatch(content):
        return True
    words = [word for part in _BETWEEN_WORDS.split(content) if (word := part.strip(".,:!?…'\"-"))]
    sounds = _POSSIBLE if by_itself else _CERTAIN
    if not 0 < len(words) <= _MOST_WORDS or sounds.isdisjoint(words):
        return False
    return all(word in sounds or word in _ABOUT for word in words)
