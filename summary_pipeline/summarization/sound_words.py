"""The words by which captions name sounds that are not speech, in the languages that captions are mostly in.

Belongs here: the words, and how sure each is. Does not belong here: where such a word is noise (``noise``).
"""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_BY_PEOPLE_UNSPACED = _words("""
掌声 掌聲 鼓掌 拍手 笑声 笑聲 笑い声 笑い 笑 大笑 苦笑 爆笑 哄笑 欢呼 歡呼 歓声 咳嗽 咳 叹气 嘆氣 ため息
박수 박수갈채 웃음 웃음소리 기침 환호 เสียงหัวเราะ เสียงปรบมือ ปรบมือ
""")
_OTHER_UNSPACED = _words("音乐 音樂 音楽 配乐 配樂 呼啸 呼嘯 음악 เสียงดนตรี ดนตรี")
UNSPACED = tuple(_BY_PEOPLE_UNSPACED | _OTHER_UNSPACED)
"""In Chinese, Japanese, Korean and Thai what a sound is like, or whose it is, may be written on to it."""

BY_PEOPLE = (
    _words("""
applause applauding applauds laughter laugh laughs laughing laughed chuckle chuckles chuckling giggle giggles giggling
snickers snickering cheering clapping claps cough coughs coughing sneeze sneezes sneezing sigh sighs sighing gasp gasps
gasping sniff sniffs sniffing sniffles sniffling groan groans groaning moans moaning grunts grunting screams screaming
sobbing sobs weeping crying yawns yawning panting hums humming snoring

gelächter lachen lacht lachend beifall räuspern räuspert hustet seufzt
applaudissements applaudissement rires soupir soupirs
aplausos aplauso risas risos risadas tosse suspiro suspira
applausi risate risata sospira
applaus gelach skratt skrattar applåder klapsalve
oklaski brawa śmiech śmieje potlesk smích
alkış alkışlar kahkaha gülüşmeler tertawa tepuk vỗ

аплодисменты смех смеётся смеется смеются кашель оплески сміх сміється
χειροκρότημα χειροκροτήματα γέλια γέλιο
מחיאות צחוק
تصفيق ضحك تشویق خنده
तालियां तालियाँ हँसी हंसी
""")
    | _BY_PEOPLE_UNSPACED
)
OTHER_SOUNDS = (
    _words("""
music silence cheers beeping beeps whooshing whooshes swooshing swishing swishes barking barks chirping meowing

musik musique música musica silenzio muziek muzyka hudba müzik nhạc
музыка музика μουσική מוזיקה מוסיקה موسيقى موسيقا موسیقی संगीत""")
    | _OTHER_UNSPACED
)
MARKS = _words("vocalsound nonvocalsound disfmarker noise noises static pause pauses paused gap")
"""What those who annotate recordings mark in brackets of their own, and what is a word elsewhere."""

WORDS_TOO = _words("""
bell bells bang banging typing clicking clicks ringing rings ding chime chimes honking honks siren sirens knocking
knocks footsteps buzzing buzzes thunder thud rustling rumbling whoosh swoosh swish breathing breathes exhales inhales
whistling whistles growling crickets jingle instrumental throat clap cheer buzz beep hum stille jubel rire toux silencio
silêncio stilte тишина вздох пауза صمت
""")
"""Sounds that are more often words, so that they count only where nothing is said beside them."""

ABOUT = _words("""
a an the and of in on at with to by from audience crowd background foreground everyone all people speaker man woman men
women upbeat soft softly light lightly loud loudly gentle dramatic tense somber cheerful playful ambient electronic
classical rock jazz orchestral piano guitar drum theme intro outro opening closing long short brief slow fast distant
faint muffled heavy deep nervous nervously sarcastically quietly both group scattered mild polite standing audio video
sound sounds effect screen text air phone door bird birds dog dogs engine wind keyboard mouse clears clearing playing
plays play played starts start starting begins beginning continues continuing continued stops ends ending fades fading
swells intensifies hintergrund leise laute spielt im publikum de du des en et del el e da do fond douce fondo suave
público âm tay tangan в зале играет фон на фоне כפיים
""")
"""What says whose sound it is, or which."""
