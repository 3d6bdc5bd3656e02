"""Is every word of the dashboard there in Chinese and in English, and used?"""

import re
from pathlib import Path

import pytest

from contracts import AGENCY_EVENTS, safeguard
from services.metrics import domain, reading
from services.metrics.web import asked, names, pages, texts

TEMPLATES = Path(pages.HERE / "templates")
HAN = re.compile(r"[\u4e00-\u9fff]")
SAID_IN_THE_OTHER = {"other_language", "demo"}  # the switch names the other language; the banner says both


@pytest.mark.parametrize("key", texts.TEXTS)
def test_every_sentence_is_there_in_both_languages(key):
    zh, en = texts.TEXTS[key]

    assert zh.strip() and en.strip()
    assert set(re.findall(r"{\w+}", zh)) == set(re.findall(r"{\w+}", en))
    if key not in SAID_IN_THE_OTHER:
        assert not HAN.search(en)
        assert HAN.search(zh) or not re.search(r"[A-Za-z]{3}", zh.replace("{", "").replace("}", "")) or "{" in zh


def test_no_page_says_a_sentence_that_nobody_has_written():
    written = set(texts.TEXTS)
    for template in TEMPLATES.glob("*.html"):
        source = template.read_text()
        said = set(re.findall(r"\bt\(['\"](\w+)['\"]\s*[,)]", source))
        assert said <= written, template.name
        outside = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", source, flags=re.DOTALL)
        assert not HAN.search(outside), f"{template.name} has a word that is not in the catalogue"


def test_every_key_that_is_put_together_exists():
    keys = {f"status_{value}" for value in reading.STATUS} | {f"sort_{value}" for value in reading.SORTS} | set(domain.FLOWS) | set(pages.TREND)
    keys |= {f"lane_{lane}" for lane in ("intake", "mediation", "deadline", "notify")} | {"running", "paused", "approached", "lapsed", "stopped"}
    keys |= {f"{what}_title" for what in ("not_found", "no_page", "away", "slow")} | set(asked.FILTERS) - {"what"}

    assert keys <= set(texts.TEXTS)


def test_every_name_is_there_in_both_languages():
    for table, named in names.NAMES.items():
        for token, (zh, en) in named.items():
            assert HAN.search(zh) and en.strip() and not HAN.search(en), (table, token)


@pytest.mark.parametrize("type", sorted(AGENCY_EVENTS.keys() - safeguard.STEPS.keys()))
def test_every_reason_that_an_agency_may_give_has_a_name(type):
    given = AGENCY_EVENTS[type].schema._declared_fields.get("reason")
    tokens = {token for rule in given.validators for token in rule.choices} if given else set()

    assert tokens <= set(names.NAMES["route_reason"])


@pytest.mark.parametrize(
    ("cited", "zh", "en"),
    [
        ("民事诉讼法 205; 人民调解法 33", "《民事诉讼法》第205条；《人民调解法》第33条", "Civil Procedure Law art. 205; People's Mediation Law art. 33"),
        ("after 在线调解规则 12", "参照《在线调解规则》第12条", "after Rules on online mediation of the people's courts art. 12"),
        ("none", "无明文规定", "no text sets it"),
        ("四级七天", "《四级七天》", "four levels, seven days (local practice)"),
    ],
)
def test_an_article_is_written_as_a_person_writes_it(cited, zh, en):
    assert (names.article("zh", cited), names.article("en", cited)) == (zh, en)
