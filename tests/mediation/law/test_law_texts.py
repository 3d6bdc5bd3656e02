"""Tests of the texts of articles in contracts/law_texts.py: every article cited in periods.py has a text, and the text states the length of the period."""

import re
from datetime import date

import pytest

from contracts.clocks import LAWS, is_article
from contracts.law_texts import ARTICLE_TEXTS, RULE_ORIGINS, SOURCES, cited_articles, origin_anchor
from services.mediation.law.counting import Days, Hours, Months, WorkingDays
from services.mediation.law.periods import REGISTRATION_FIRST_FROM, RULES

HAN_CHARACTER = re.compile(r"[\u4e00-\u9fff]")
CHINESE_DIGITS = "零一二三四五六七八九"
# Clocks counted in working days although the article says "days": where the law defines this.
WORKING_DAYS_BY_DEFINITION = {
    "labour_accept": "reading 7",
    "traffic_apply": "道路交通事故处理程序规定 112(5)",
    "traffic_mediation": "道路交通事故处理程序规定 112(5)",
}
CITING_RULES = [rule for rule in RULES if rule.article != "none"]


def rule_id(rule):
    return f"{rule.clock}-{rule.kind}"


def chinese_number(count):
    tens, ones = divmod(count, 10)
    if not tens:
        return CHINESE_DIGITS[ones]
    return (CHINESE_DIGITS[tens] if tens > 1 else "") + "十" + (CHINESE_DIGITS[ones] if ones else "")


def spellings_of_length(length, clock=None):
    """Return the spellings of this length that a statute may use, in Chinese."""
    numbers = [str(length.count), chinese_number(length.count)]
    if isinstance(length, Months) and length.count % 12 == 0:
        return [f"{chinese_number(length.count // 12)}年"]
    if isinstance(length, Months):
        return [f"{number}个月" for number in [*numbers, "两"][: 3 if length.count == 2 else 2]]
    if isinstance(length, WorkingDays):
        counted = [number + "个工作日" for number in [*numbers, *(["两"] if length.count == 2 else [])]]
        return counted + ([number + "日" for number in numbers] if clock in WORKING_DAYS_BY_DEFINITION else [])
    return [number + {Days: "日", Hours: "小时"}[type(length)] for number in numbers]


def states_length(text, length, clock=None):
    """Return whether the text states the length. The end of a longer number does not count: "十五日" does not state five days."""
    return any(re.search(rf"(?<![{CHINESE_DIGITS}十百\d]){spelling}", text) for spelling in spellings_of_length(length, clock))


def article_texts_of_rule(rule):
    return [ARTICLE_TEXTS[citation] for citation in cited_articles(rule.article)]


def chinese_wording_of_rule(rule):
    return "".join(zh for text in article_texts_of_rule(rule) for zh, _ in text.sentences)


def test_every_cited_article_has_a_text_and_every_text_is_cited():
    cited = {citation for rule in RULES for citation in cited_articles(rule.article)}

    assert cited == set(ARTICLE_TEXTS)


def test_every_source_has_a_text_and_is_listed_under_the_short_name_of_a_law():
    assert {text.law for text in ARTICLE_TEXTS.values()} == set(SOURCES) <= set(LAWS)


@pytest.mark.parametrize("citation", ARTICLE_TEXTS)
def test_the_text_of_an_article_has_its_citation_and_is_complete_in_chinese_and_english(citation):
    text, source = ARTICLE_TEXTS[citation], SOURCES[ARTICLE_TEXTS[citation].law]

    assert text.citation == citation and is_article(citation)
    for zh, en in (*text.sentences, source.title, source.issued_by, source.number, source.published_in, *((text.note,) if text.note else ())):
        assert HAN_CHARACTER.search(zh) and en.strip() and not HAN_CHARACTER.search(en)
    assert all(zh[-1] in "。；：" for zh, _ in text.sentences)


def test_the_anchors_of_texts_sources_and_origins_are_unique_and_valid_in_a_url():
    anchors = [text.anchor for text in ARTICLE_TEXTS.values()] + [source.slug for source in SOURCES.values()] + [origin_anchor(clock) for clock in RULE_ORIGINS]

    assert len(set(anchors)) == len(anchors)
    assert all(re.fullmatch(r"[a-z][a-z0-9-]+", anchor) for anchor in anchors)


@pytest.mark.parametrize("rule", CITING_RULES, ids=rule_id)
def test_the_law_cited_by_a_rule_is_in_force_on_all_days_on_which_the_rule_applies(rule):
    for text in article_texts_of_rule(rule):
        source = text.source
        first, last = rule.opened_from or min(REGISTRATION_FIRST_FROM, rule.opened_until or date.max), rule.opened_until or date.max
        assert source.valid_from <= first, f"{text.citation} is not in force on {first}"
        assert (source.valid_until or date.max) >= last, f"{text.citation} ends before the rule"
        if rule.extension and rule.extension.limits_from and text.law == "立案与调解意见":
            assert source.valid_from == rule.extension.limits_from


@pytest.mark.parametrize("rule", [rule for rule in CITING_RULES if rule.length.count], ids=rule_id)
def test_the_length_of_a_rule_is_the_length_that_its_article_states(rule):
    assert states_length(chinese_wording_of_rule(rule), rule.length, rule.clock)


@pytest.mark.parametrize("rule", [rule for rule in CITING_RULES if rule.extension and rule.extension.at_most], ids=rule_id)
def test_the_limit_of_extensions_in_a_rule_is_the_limit_that_its_article_states(rule):
    assert any("延长" in zh and states_length(zh, rule.extension.at_most) for text in article_texts_of_rule(rule) for zh, _ in text.sentences)


@pytest.mark.parametrize("rule", [rule for rule in CITING_RULES if rule.length.count and rule.kind == "LAW"], ids=rule_id)
def test_states_length_returns_false_for_a_wrong_length(rule):
    wrong = type(rule.length)(rule.length.count + 3)

    assert not states_length(chinese_wording_of_rule(rule), wrong, rule.clock)


def test_a_legal_source_has_a_verification_date_if_and_only_if_its_text_is_quoted():
    quoted = {text.law for text in ARTICLE_TEXTS.values() if not text.is_summary}

    assert {law for law, source in SOURCES.items() if source.verified_on} == quoted


def test_every_period_of_kind_law_cites_at_least_one_article_that_is_quoted_and_not_summarised():
    assert all(any(not text.is_summary for text in article_texts_of_rule(rule)) for rule in RULES if rule.kind == "LAW")


def test_a_rule_has_a_stated_origin_if_and_only_if_it_is_not_of_kind_law():
    assert {rule.clock for rule in RULES if rule.kind != "LAW"} == set(RULE_ORIGINS)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.kind != "LAW"], ids=rule_id)
def test_the_origin_of_a_rule_names_its_owner_and_the_articles_that_the_rule_cites(rule):
    origin = RULE_ORIGINS[rule.clock]

    assert HAN_CHARACTER.search(origin.owner[0]) and not HAN_CHARACTER.search(origin.owner[1])
    assert set(origin.modelled_on) <= set(ARTICLE_TEXTS)
    if rule.article != "none":
        assert origin.modelled_on == cited_articles(rule.article)
    if origin.modelled_on and rule.length.count:
        assert any(states_length(zh, rule.length) for citation in origin.modelled_on for zh, _ in ARTICLE_TEXTS[citation].sentences)


@pytest.mark.parametrize(
    ("citation", "articles"),
    [
        ("none", ()),
        ("四级七天", ("四级七天",)),
        ("after 在线调解规则 24, 26; 人民调解法 33", ("在线调解规则 24", "在线调解规则 26", "人民调解法 33")),
        ("道路交通事故处理程序规定 112(5)", ("道路交通事故处理程序规定 112(5)",)),
        ("民事诉讼法解释 126", ("民事诉讼法解释 126",)),
    ],
)
def test_a_citation_is_split_into_single_articles(citation, articles):
    assert cited_articles(citation) == articles


def test_cited_articles_raises_value_error_for_a_text_that_is_not_a_citation():
    with pytest.raises(ValueError, match="citation"):
        cited_articles("刑法 1")
