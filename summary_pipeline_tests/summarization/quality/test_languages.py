import pytest

from summary_pipeline.summarization.quality import text_units
from summary_pipeline.summarization.quality.languages import detect, primary_tag, same_language
from summary_pipeline_tests.summarization.quality.good_summaries import BEES, HUB, MAPS, SOURDOUGH, transcript


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (HUB, "en"),
        (SOURDOUGH, "de"),
        (BEES, "zh-hans"),
        (MAPS, "ar"),
        ("這是我們的團隊這個星期來說明的問題，還沒有開始。", "zh-hant"),
        ("Le groupe a présenté les résultats du projet et la date de la prochaine réunion dans les locaux.", "fr"),
        ("El equipo presentó los resultados del proyecto y acordó las fechas de la próxima reunión.", "es"),
        ("A equipe apresentou os resultados do projeto e combinou as datas da próxima reunião.", "pt"),
        ("チームはプロジェクトの結果を発表し、次の会議の日程を決めました。", "ja"),
        ("팀은 프로젝트 결과를 발표하고 다음 회의 날짜를 정했습니다. 그리고 모두 동의했습니다.", "ko"),
    ],
)
def test_a_language_with_clear_evidence_is_named(text: str, language: str) -> None:
    assert detect(text_units.cut(text_units.normalized(text))).main == language


def test_too_few_words_name_no_language() -> None:
    assert detect(text_units.cut("the hub and the axle")).main is None


def test_a_bilingual_transcript_speaks_both_languages() -> None:
    both = transcript("105-bees-in-winter.vtt") + transcript("101-bicycle-hub.json")
    assert detect(text_units.cut(both)).spoken == {"zh-hans", "en"}


@pytest.mark.parametrize(
    ("given", "tag"),
    [("EN-us", "en"), ("German", "de"), ("zh_TW", "zh-hant"), ("zh-Hans-SG", "zh-hans"), ("nb", "no"), ("xyz", "xyz")],
)
def test_tags_and_names_become_one_tag(given: str, tag: str) -> None:
    assert primary_tag(given) == tag


def test_chinese_is_either_way_of_writing_it_but_these_differ() -> None:
    assert same_language("zh", "zh-hant")
    assert not same_language("zh-hans", "zh-hant")
