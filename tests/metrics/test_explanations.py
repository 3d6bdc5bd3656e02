"""Tests of the explanations on the dashboard: each deadline's article links to its sentence, and every state is explained."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from contracts.clocks import CLOCKS
from contracts.law_texts import ARTICLE_TEXTS, RULE_ORIGINS, SOURCES
from contracts.states import STATE_EXPLANATIONS, STATES
from services.mediation.law.periods import RULES
from services.metrics.domain import SEALED_STATE
from services.metrics.web import explanations
from services.metrics.web.app import create_app
from tests.metrics.histories import CODES, START, event, registered

IDENTIFIER = re.compile(r'\bid="([^"]+)"')
LINK = re.compile(r'href="/law(?:\?[^"#]*)?#([^"]+)"')


@pytest.fixture
def web(pool):
    with TestClient(create_app(pool.settings, is_demo=False), "http://127.0.0.1") as client:
        yield client


def deadline_set(sequence, rule):
    due_at = (START + timedelta(days=3)).isoformat()
    facts = {"clock": rule.clock, "kind": rule.kind, "article": rule.article, "due_at": due_at, "owed_by": ["court"]}
    return event("mediation", sequence, "deadline.set", hours=1.0, **facts)


@pytest.fixture
def law_page(web):
    return web.get("/law").text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.clock}-{rule.kind}")
def test_every_article_of_every_period_has_an_anchor(rule):
    assert all(anchor for _, anchor in explanations.article_links(rule.article, rule.clock))


def test_an_article_without_a_text_has_no_anchor():
    assert explanations.article_links("民法典 1079", "screening") == [("民法典 1079", None)]
    assert explanations.article_links("none", "no_such_clock") == [("none", None)]


def test_articles_of_one_citation_are_linked_one_by_one():
    assert explanations.article_links("after 在线调解规则 24, 26", "referral_answer") == [
        ("after 在线调解规则 24", "online-mediation-rules-24"),
        ("after 在线调解规则 26", "online-mediation-rules-26"),
    ]


def test_the_law_page_has_every_sentence_source_and_origin(law_page):
    identifiers = IDENTIFIER.findall(law_page)

    assert len(set(identifiers)) == len(identifiers)
    for text in ARTICLE_TEXTS.values():
        assert text.anchor in identifiers
        assert all(zh in law_page for zh, _ in text.sentences)
    for source in SOURCES.values():
        assert source.title[0] in law_page and source.number[0] in law_page and str(source.valid_from) in law_page
    assert {anchor for clock in RULE_ORIGINS for _, anchor in explanations.article_links("none", clock)} <= set(identifiers)


def test_a_summary_is_marked_and_not_shown_as_a_quotation(law_page):
    sections = {found[1]: found[2] for found in re.finditer(r'<article class="statute" id="([^"]+)".*?>(.*?)</article>', law_page, re.DOTALL)}

    for text in ARTICLE_TEXTS.values():
        assert ("摘要" in sections[text.anchor]) == text.is_summary
        assert ("<blockquote" in sections[text.anchor]) != text.is_summary


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_law_page_shows_the_chinese_sentence_before_its_translation(web, lang):
    page = web.get("/law", params={"lang": lang}).text

    for text in ARTICLE_TEXTS.values():
        zh, en = text.sentences[0]
        english = en.replace("'", "&#39;")
        assert page.index(zh) < page.index(english)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_deadline_on_the_page_of_a_dispute_links_to_its_article(web, hear, law_page, lang):
    clocks = ("filing_decision", "mediation_delegated_legacy", "referral_answer", "screening")
    rules = {rule.clock: rule for rule in reversed(RULES)}
    hear([registered(), *(deadline_set(n, rules[clock]) for n, clock in enumerate(clocks, 1))])

    page = web.get(f"/disputes/{CODES[0]}", params={"lang": lang}).text
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page, re.DOTALL)

    assert len(rows) == len(clocks)
    for row in rows:
        anchors = LINK.findall(row)
        assert anchors and set(anchors) <= set(IDENTIFIER.findall(law_page))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_a_dispute_explains_its_state(web, hear, lang):
    hear([registered()])
    explanation = STATE_EXPLANATIONS["registered"]

    page = web.get(f"/disputes/{CODES[0]}", params={"lang": lang}).text

    for pair in (explanation.meaning, explanation.actor, explanation.ends):
        assert pair[lang == "en"] in page
    assert "/definitions" in page and "#state-registered" in page


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_definitions_explain_every_state_that_the_dashboard_shows(web, lang):
    page = web.get("/definitions", params={"lang": lang}).text
    identifiers = set(IDENTIFIER.findall(page))

    for state in STATES:
        shown = f"state-{state.replace('_', '-')}" in identifiers
        assert shown == (state != SEALED_STATE)
        if shown:
            assert STATE_EXPLANATIONS[state].meaning[lang == "en"].replace("'", "&#39;") in page


def test_the_law_page_names_every_clock_with_an_origin(law_page):
    assert all(CLOCKS[clock][0] in law_page for clock in RULE_ORIGINS)
