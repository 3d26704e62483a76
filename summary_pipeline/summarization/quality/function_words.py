"""Words that carry grammar rather than content, by language.

Belongs here: data only. They serve to recognize a language and to keep such words out of comparisons of content.
Languages that share a script are told apart by them alone, so each list holds the most frequent words of its language,
whether shared or not.
"""

FUNCTION_WORDS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """a an the and or but nor so if then than as of in on at by for with about against between into
            through during before after above below to from up down out off over under again once here there
            when where why how all any both each few more most other some such no not only own same too very can
            will just should now i me my we our us you your he him his she her it its they them their what which
            who whom this that these those am is are was were be been being have has had having do does did
            doing would could may might must shall also because while until s t don ve ll re d m""",
        "de": """der die das den dem des ein eine einen einem einer eines und oder aber nicht auch nur noch schon ist
            sind war waren wird werden wurde hat haben hatte ich du er sie es wir ihr ihm ihn uns sich mich mir
            mit von zu zum zur bei nach aus auf für über unter in im an am um vor durch als wie wenn dass weil
            ob so dann da hier man kann muss soll was wer wo dies diese dieser dieses kein keine mehr sehr""",
        "fr": """le la les l un une des du de d et ou mais ne pas plus que qui quoi dont où ce cet cette ces il elle
            ils elles on nous vous je tu me te se lui leur leurs son sa ses mon ma mes notre nos votre vos est
            sont était étaient a ont avait être avoir fait en dans sur sous par pour avec sans au aux entre
            comme si y aussi très c s n qu j""",
        "es": """el la los las un una unos unas de del y e o u pero no que quien como cuando donde en con por para
            sin sobre entre desde hasta a al se su sus lo le les me te nos mi mis tu es son era eran fue fueron
            ser está están ha han había hay más muy también ya si este esta estos estas ese esa eso esto él ella
            ellos porque""",
        "it": """il lo la i gli le l un uno una di del dello della dei degli delle d e o ma non che chi cui come
            quando dove in nel nella nei con su sul sulla per tra fra da dal dalla a al alla ai si ci mi ti vi
            suo sua suoi loro è sono era erano ha hanno aveva essere stato più anche questo questa questi queste
            quello se perché""",
        "pt": """o a os as um uma uns umas de do da dos das e ou mas não que quem como quando onde em no na nos nas
            com por pelo pela para sem sobre entre até ao à aos se seu sua seus suas lhe me te é são era eram
            foi foram ser está estão tem têm há mais muito também já este esta isso ele ela eles elas porque
            você""",
        "nl": """de het een en of maar niet ook nog al is zijn was waren wordt worden werd heeft hebben had ik je jij
            hij zij ze wij we u haar hem hun ons zich me mij met van te ten ter bij naar uit op voor over onder
            in aan om door als dan dat die dit deze er daar hier wat wie waar kan moet zal zou geen meer zeer
            veel""",
        "sv": """och att det som en ett den de på är av för med till inte har var om jag han hon vi du ni sig så men
            från kan ska skulle när här där vad alla mycket också hade efter eller nu bara vid under mot min din
            sin deras dem""",
        "da": """og at det som en et den de på er af for med til ikke har var om jeg han hun vi du sig så men fra kan
            skal skulle når her der hvad alle meget også havde efter eller nu kun ved under mod min din sin
            deres dem blev bliver""",
        "no": """og at det som en et den de på er av for med til ikke har var om jeg han hun vi du seg så men fra kan
            skal skulle når her der hva alle mye også hadde etter eller nå bare ved under mot min din sin deres
            dem ble blir""",
        "fi": """ja on ei se että hän ovat oli mutta kun niin myös tai joka jotka mitä tämä ne nyt vain jos kuin ole
            olla siitä sen minä sinä me te he mukaan ennen jälkeen sekä hänen heidän""",
        "pl": """i w na z ze do się nie że to jest są był była było były jak ale o od po przez dla tak za co który
            która które ten ta te tego tym czy już tylko jego jej ich mu oraz może być bardzo gdy""",
        "cs": """a v na s z ze do se že to je jsou byl byla bylo byli jak ale o od po pro tak za co který která které
            ten ta tím už jen jeho její jejich nebo může být velmi když i ve si by""",
        "tr": """ve bir bu da de için ile çok daha olarak ne ama gibi var yok o ben sen biz siz onlar her kadar sonra
            olan değil mi ki şu en ya veya şey bunu ise""",
        "ro": """și în la de cu pe nu că să un o a al ale ai este sunt era au am fost din pentru mai care ce dar sau
            se lui ei lor prin după acest această foarte""",
        "hu": """a az és hogy nem is egy ez azt ezt van volt vagy de meg mint csak már ki mi ő én te ha lesz lehet
            kell nagyon még után között szerint""",
        "id": """yang dan di ke dari ini itu untuk dengan adalah pada tidak dalam akan juga oleh ada saya kami kita
            mereka dia atau bisa sudah telah lebih karena sebagai seperti tersebut""",
        "vi": """và của là có không được cho các một những trong này với đã để khi người tôi chúng ta bạn anh cũng
            như từ đến thì nhưng ra vào nếu rất""",
        "ru": """и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее мне было
            вот от меня еще нет о из ему когда это они был была были для или мы их чтобы также который которые
            при до об""",
        "uk": """і й в у не що він на я з як а то все вона так його але ти до ви за б по тільки її було від мене ще
            ні про із йому коли це вони був була були для або ми їх щоб також який які при та є""",
        "bg": """и в на не че той се с от за да по като но тя те са е си ще или до при това един една ние вие аз ти
            го му беше бяха има също които който след""",
        "el": """ο η το οι τα του της των τον την και να με σε από για που δεν θα είναι ήταν ότι ως αλλά στο στη στην
            στον στα στις μια ένα ένας αυτό αυτή αν ή έχει έχουν""",
        "ar": """في من على إلى عن أن إن التي الذي هذا هذه ذلك كان كانت ما لا لم هو هي هم مع كل بعد قبل أو ثم قد بين
            حيث كما عند لكن نحن أنا""",
        "fa": """و در به از که این را با است برای آن یک هم تا بر می ها شد بود خود کرد اما یا ما او آنها نیز باید شده""",
        "he": """של את על לא זה הוא היא הם אני אנחנו גם עם אל כי אם או כל יש אין היה היתה היו אבל מה אשר כמו רק עוד""",
        "hi": """के का की में है और से को पर यह वह ने हैं था थी थे एक नहीं कि भी हो कर जो तो ही इस उस लिए या गया""",
    }.items()
}

FILLERS: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """uh um er erm hmm hm mm mhm huh ah oh yeah yep yes nope okay ok alright hey hi hello well like know
            think mean right gonna wanna gotta kinda get got getting go going gone went come say said says
            really actually basically maybe probably guess kind sort thing things something anything stuff lot
            bit way one two want need see look let make much many even still back good sure thank thanks sorry
            please""",
        "de": "äh ähm hm mhm ja nein okay genau also halt eben eigentlich vielleicht glaube sagen gesagt sache sachen",
        "fr": "euh hein ben bah bon oui non okay voilà donc alors quoi enfin vraiment peut-être chose choses merci",
        "es": "eh pues bueno vale sí oye entonces creo digamos cosa cosas gracias decir dice dicho",
        "it": "eh beh allora ecco cioè sì no cosa cose grazie dire detto insomma",
        "pt": "é né então bom sim tá coisa coisas obrigado dizer disse acho",
        "nl": "eh uh ja nee oké gewoon eigenlijk denk ding dingen zeggen bedankt",
    }.items()
}
"""What people say while they think or talk to each other; it is no content of what is said."""

DIRECT_SPEECH: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """i me my mine we us you your yours uh um hmm mm yeah yep okay ok oh hey gonna wanna gotta kinda""",
        "de": "ich mich mir mein du dich dir dein euch äh ähm ja genau okay",
        "fr": "je me moi mon tu te toi vous euh ben ouais okay",
        "es": "yo me mi tú te ti usted eh pues vale",
        "it": "io mi me mio tu ti te eh beh okay",
        "pt": "eu me mim meu você tu te né ah okay",
        "nl": "ik me mij mijn jij je jou jouw uh eh ja oké",
        "zh": "我们 我們 你们 你們 我想 我觉 我覺 我就 你可",
    }.items()
}
"""Words of people who talk of themselves or to each other."""

UNSPACED_FUNCTION_CHARACTERS = frozenset(
    "的了是我你他她它們们這这那在和與与有就不也都要會会說说對对個个嗎吗呢吧啊之而或及被把將将從从到為为以所其很還还沒没又再因此但並并可能來来去上下中一"
)
"""Chinese characters whose pairs with others say little of the content."""

SIMPLIFIED = frozenset("们这说会个来对时国学为从还没让给经过发现问题开关东应实点当听见觉样后话")
TRADITIONAL = frozenset("們這說會個來對時國學為從還沒讓給經過發現問題開關東應實點當聽見覺樣後話")
"""Frequent characters whose forms differ between the two ways of writing Chinese; readers take the differences."""

LANGUAGE_NAMES: dict[str, str] = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "swedish": "sv", "danish": "da", "norwegian": "no", "finnish": "fi", "polish": "pl",
    "czech": "cs", "turkish": "tr", "romanian": "ro", "hungarian": "hu", "indonesian": "id", "vietnamese": "vi",
    "russian": "ru", "ukrainian": "uk", "bulgarian": "bg", "greek": "el", "arabic": "ar", "persian": "fa",
    "hebrew": "he", "hindi": "hi", "chinese": "zh", "simplified chinese": "zh-hans",
    "traditional chinese": "zh-hant", "japanese": "ja", "korean": "ko", "thai": "th", "nb": "no", "nn": "no",
    "iw": "he", "in": "id",
}  # fmt: skip
"""English names and superseded codes."""
