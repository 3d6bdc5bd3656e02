"""Tests of the dashboard's texts: every text and display name exists in Chinese and English, and templates use only existing text keys."""

import re
from pathlib import Path

import pytest

from contracts import AGENCY_EVENTS, safeguard
from services.metrics import domain, queries
from services.metrics.web import filters, names, pages, texts

TEMPLATES = Path(pages.WEB_FOLDER / "templates")
CHINESE_CHARACTER = re.compile(r"[\u4e00-\u9fff]")
KEYS_WITH_BOTH_LANGUAGES = {"other_language", "demo"}  # other_language: label of the language switch, in the other language; demo: banner in both languages


@pytest.mark.parametrize("key", texts.TEXTS)
def test_every_text_exists_in_both_languages_with_the_same_placeholders(key):
    zh, en = texts.TEXTS[key]

    assert zh.strip() and en.strip()
    assert set(re.findall(r"{\w+}", zh)) == set(re.findall(r"{\w+}", en))
    if key not in KEYS_WITH_BOTH_LANGUAGES:
        assert not CHINESE_CHARACTER.search(en)
        assert CHINESE_CHARACTER.search(zh) or not re.search(r"[A-Za-z]{3}", zh.replace("{", "").replace("}", "")) or "{" in zh


def test_templates_use_only_existing_text_keys_and_contain_no_chinese_text():
    existing_keys = set(texts.TEXTS)
    for template in TEMPLATES.glob("*.html"):
        source = template.read_text()
        used_keys = set(re.findall(r"\bt\(['\"](\w+)['\"]\s*[,)]", source))
        assert used_keys <= existing_keys, template.name
        markup = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", source, flags=re.DOTALL)
        assert not CHINESE_CHARACTER.search(markup), f"{template.name} contains Chinese text that is not in texts.py"


def test_every_text_key_composed_at_run_time_exists():
    keys = (
        {f"status_{value}" for value in queries.STATUS_CONDITIONS}
        | {f"sort_{value}" for value in queries.SORT_COLUMNS}
        | set(domain.DAILY_FIGURES)
        | set(pages.TREND_FIGURES)
    )
    keys |= {f"category_{category}" for category in ("intake", "mediation", "deadline", "notify")} | {"running", "paused", "approached", "lapsed", "stopped"}
    keys |= {f"{problem}_title" for problem in ("not_found", "no_page", "unavailable", "slow")} | set(filters.FILTER_VALUES) - {"what"}

    assert keys <= set(texts.TEXTS)


def test_every_token_has_a_display_name_in_both_languages():
    for table, display_names in names.NAMES.items():
        for token, (zh, en) in display_names.items():
            assert CHINESE_CHARACTER.search(zh) and en.strip() and not CHINESE_CHARACTER.search(en), (table, token)


@pytest.mark.parametrize("type", sorted(AGENCY_EVENTS.keys() - safeguard.STEP_NAMES.keys()))
def test_every_reason_token_of_an_agency_event_has_a_display_name(type):
    reason_field = AGENCY_EVENTS[type].schema._declared_fields.get("reason")
    tokens = {token for rule in reason_field.validators for token in rule.choices} if reason_field else set()

    assert tokens <= set(names.NAMES["route_reason"])


@pytest.mark.parametrize(
    ("cited", "zh", "en"),
    [
        ("民事诉讼法 205; 人民调解法 33", "《民事诉讼法》第205条；《人民调解法》第33条", "Civil Procedure Law art. 205; People's Mediation Law art. 33"),
        ("after 在线调解规则 12", "参照《在线调解规则》第12条", "by analogy with Rules on online mediation of the people's courts art. 12"),
        ("none", "无明文规定", "not set by any legal text"),
        ("四级七天", "《四级七天》", "four levels, seven days (local practice)"),
    ],
)
def test_cited_articles_of_law_are_formatted_in_both_languages(cited, zh, en):
    assert (names.format_articles("zh", cited), names.format_articles("en", cited)) == (zh, en)
