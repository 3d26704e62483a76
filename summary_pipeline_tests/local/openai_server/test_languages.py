import pytest

from summary_pipeline.local.openai_server.languages import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The keepers of the light were not needed any more, and that is what this is about.", "en"),
        ("Die Wärter wurden nicht mehr gebraucht, und das ist auch das Thema, um das es geht.", "de"),
        ("Les gardiens ne sont plus dans la tour, et nous parlons des lentilles pour les phares.", "fr"),
        ("Los guardianes ya no son necesarios, pero la torre es muy bonita y se puede visitar.", "es"),
        ("今天我们谈灯塔的历史。", "zh"),
        ("灯台の歴史についてお話しします。", "ja"),
        ("오늘은 등대의 역사에 대해 이야기합니다.", "ko"),
        ("سنتحدث اليوم عن تاريخ المنارات", "ar"),
        ("امروز درباره‌ی پیشینه‌ی چراغ‌های دریایی گپ می‌زنیم", "fa"),
        ("Сегодня мы говорим об истории маяков.", "ru"),
        ("Сьогодні ми говоримо про історію маяків і їхніх доглядачів.", "uk"),
        ("आज हम प्रकाशस्तंभों के बारे में बात करते हैं।", "hi"),
        ("12345 ...", "und"),
        ("", "und"),
    ],
)
def test_a_language_is_told_by_its_script_and_its_commonest_words(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_a_few_foreign_words_do_not_change_the_language() -> None:
    assert detect_language("我们使用 Bitcoin Core 的时候，通道会更新，瞭望塔会知道惩罚交易。") == "zh"
