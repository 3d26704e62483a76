"""Summaries of the package's sample transcripts as a good model writes them, the yardstick for broken copies."""

import functools
from pathlib import Path

from summary_pipeline import local
from summary_pipeline.summarization.parsing import parse_transcript

SAMPLES = Path(local.__file__).with_name("samples")

HUB = (
    "The video shows how to take apart, clean and adjust an ordinary cup and cone front hub with loose "
    "ball bearings. A gritty feeling, notches or play at the axle are the signs that a hub needs it. Only"
    " one locknut is undone, the ten balls on each side are counted over a tray, and a cone with even a "
    "small pit is replaced. Fresh grease holds the new balls in the cups while the axle goes back in. The"
    " hard bit is the adjustment, since tightening the locknut and closing the quick release squeeze the "
    "bearing further, so a trace of play must be left on the bench. Once a year is enough in decent "
    "weather, twice for anyone who rides on salted winter roads."
)
SHIPS = (
    "A former stowage planner explains how the boxes on a container ship find their places. Every place "
    "has an address of six digits for bay, row and tier, and the biggest ships hold about 24,000 "
    "twenty-foot units. The route from Shanghai to Rotterdam, Hamburg and Gdansk comes first, because "
    "each restow costs money and time at the terminal, while heavy boxes have to be at the bottom. The "
    "chief officer checks the plan on board and can refuse it. Since the Napoli was beached, where one "
    "box in five was off by more than three tonnes, the weight of each container has to be verified. On "
    "deck twistlocks and rods hold the stacks, yet in an ordinary year a few hundred containers fall into"
    " the sea."
)
BEES = (
    "养蜂的老周介绍了蜜蜂怎样过冬。蜜蜂不冬眠，气温降到十四度左右就抱团，聚成越冬蜂团，靠抖动胸部的肌肉发热。"
    "入冬前第一件事是看存粮，一箱蜂要留十五公斤以上的蜜，甘露蜜要抽出来。第二件事是蜂本身，过冬的蜂能活五六个"
    "月，秋天要让蜂王在对的时候产卵。治螨有两个时机，断子以后用草酸能去掉九成以上。"
)
SOURDOUGH = (
    "Das Video zeigt, wie man aus Roggenvollkornmehl und Wasser in fünf Tagen einen Sauerteig zieht und "
    "daraus ein Brot backt. Am zweiten Tag geht der Teig plötzlich hoch, doch erst ab dem dritten Tag "
    "übernehmen die Milchsäurebakterien. Die Säure bremst die Enzyme, die sonst die Stärke im Ofen zu "
    "Zucker abbauen. Gebacken wird zuerst sehr heiß mit Dampf und dann bei niedrigerer Hitze noch vierzig"
    " Minuten. Das Anstellgut bleibt im Kühlschrank und muss einmal in der Woche gefüttert werden."
)
MAPS = (
    "يشرح المتحدث لماذا لا يمكن رسم خريطة العالم على ورقة من دون تشويه. أثبت غاوس أن سطح الكرة لا يُفرد "
    "على ورقة، ولذلك تتنازل كل خريطة عن المساحات أو الأشكال أو المسافات. رسم مركاتور خريطته للبحّارة كي "
    "تبقى الزوايا صحيحة، فكبرت البلاد البعيدة عن خط الاستواء. قدّم بيترز خريطة تحفظ المساحات وأثارت جدلًا"
    " طويلًا، أما خريطة فينكل الثلاثية فهي حلّ وسط. وعادت خرائط الهواتف إلى مركاتور لسبب عملي."
)


@functools.cache
def transcript(name: str) -> str:
    """Return the text of a sample."""
    path = SAMPLES / name
    return parse_transcript(path.read_bytes(), key=name).text


GOOD = {
    "one English speaker": ("101-bicycle-hub.json", HUB),
    "an English interview": ("102-loading-container-ships.json", SHIPS),
    "Chinese": ("105-bees-in-winter.vtt", BEES),
    "German": ("106-roggensauerteig.srt", SOURDOUGH),
    "Arabic": ("107-map-projections.txt", MAPS),
}
