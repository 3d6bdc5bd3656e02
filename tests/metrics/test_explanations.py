"""Tests of the explanations on the dashboard: the article of each deadline links to its text on the law page, and every state is explained."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from contracts.clocks import CLOCKS
from contracts.law_texts import ARTICLE_TEXTS, RULE_ORIGINS, SOURCES
from contracts.states import STATE_EXPLANATIONS, STATES
from services.mediation.law.periods import RULES
from services.metrics.domain import SEALED_STATE
from services.metrics.web import explanations
from services.metrics.web.app import create_app
from tests.metrics.histories import CODES, START, make_event, registered_event

ID_ATTRIBUTE = re.compile(r'\bid="([^"]+)"')
LAW_PAGE_LINK = re.compile(r'href="/law(?:\?[^"#]*)?#([^"]+)"')


@pytest.fixture
def dashboard_client(pool):
    """HTTP client of a dashboard without the demo banner."""
    with TestClient(create_app(pool.settings, is_demo=False), "http://127.0.0.1") as client:
        yield client


def deadline_set_event(sequence, rule, due_at=None):
    due_at = (due_at or START + timedelta(days=3)).isoformat()
    change = {"change": "set", "clock": rule.clock, "kind": rule.kind, "article": rule.article, "due_at": due_at, "owed_by": ["court"]}
    return make_event("mediation", sequence, "dispute.reported", hours=1.0, state="registered", decided_at=START.isoformat(), deadlines=[change])


@pytest.fixture
def law_page(dashboard_client):
    return dashboard_client.get("/law").text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.clock}-{rule.kind}")
def test_every_article_that_sets_a_period_has_an_anchor_on_the_law_page(rule):
    assert all(anchor for _, anchor in explanations.article_links(rule.article, rule.clock))


def test_an_article_without_a_text_on_the_law_page_has_no_anchor():
    assert explanations.article_links("民法典 1079", "screening") == [("民法典 1079", None)]
    assert explanations.article_links("none", "no_such_clock") == [("none", None)]


def test_each_article_of_a_citation_has_a_separate_link():
    assert explanations.article_links("after 在线调解规则 24, 26", "referral_answer") == [
        ("after 在线调解规则 24", "online-mediation-rules-24"),
        ("after 在线调解规则 26", "online-mediation-rules-26"),
    ]


def test_the_law_page_shows_every_article_text_source_of_law_and_origin_of_a_period(law_page):
    identifiers = ID_ATTRIBUTE.findall(law_page)

    assert len(set(identifiers)) == len(identifiers)
    for text in ARTICLE_TEXTS.values():
        assert text.anchor in identifiers
        assert all(zh in law_page for zh, _ in text.sentences)
    for source in SOURCES.values():
        assert source.title[0] in law_page and source.number[0] in law_page and str(source.valid_from) in law_page
    assert {anchor for clock in RULE_ORIGINS for _, anchor in explanations.article_links("none", clock)} <= set(identifiers)


def test_a_summarised_article_is_marked_as_a_summary_and_not_shown_as_a_quotation(law_page):
    sections = {found[1]: found[2] for found in re.finditer(r'<article class="statute" id="([^"]+)".*?>(.*?)</article>', law_page, re.DOTALL)}

    for text in ARTICLE_TEXTS.values():
        assert ("摘要" in sections[text.anchor]) == text.is_summary
        assert ("<blockquote" in sections[text.anchor]) != text.is_summary


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_law_page_shows_the_chinese_sentence_before_its_translation(dashboard_client, lang):
    page = dashboard_client.get("/law", params={"lang": lang}).text

    for text in ARTICLE_TEXTS.values():
        zh, en = text.sentences[0]
        english = en.replace("'", "&#39;")
        assert page.index(zh) < page.index(english)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_deadline_on_the_page_of_a_dispute_links_to_its_article(dashboard_client, hear, law_page, lang):
    clocks = ("filing_decision", "mediation_delegated_legacy", "referral_answer", "screening")
    rules = {rule.clock: rule for rule in reversed(RULES)}
    hear([registered_event(), *(deadline_set_event(n, rules[clock]) for n, clock in enumerate(clocks, 1))])

    page = dashboard_client.get(f"/disputes/{CODES[0]}", params={"lang": lang}).text
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page, re.DOTALL)

    assert len(rows) == len(clocks)
    for row in rows:
        anchors = LAW_PAGE_LINK.findall(row)
        assert anchors and set(anchors) <= set(ID_ATTRIBUTE.findall(law_page))


@pytest.mark.parametrize("path", ["/", "/disputes", f"/disputes/{CODES[0]}"], ids=["overview", "list", "dispute"])
def test_every_clock_name_that_a_page_shows_links_to_the_law_page(dashboard_client, hear, law_page, path):
    rule = next(rule for rule in RULES if rule.clock == "filing_decision")
    hear([registered_event(), deadline_set_event(1, rule, due_at=datetime.now(UTC) + timedelta(days=1))])

    page = dashboard_client.get(path).text
    linked = re.findall(r'<a class="clock" href="/law#([^"]+)"[^>]*>([^<]+)</a>', page)

    assert linked and {name for _, name in linked} == {CLOCKS[rule.clock][0]}
    assert {anchor for anchor, _ in linked} <= set(ID_ATTRIBUTE.findall(law_page))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_a_dispute_explains_its_state(dashboard_client, hear, lang):
    hear([registered_event()])
    explanation = STATE_EXPLANATIONS["registered"]

    page = dashboard_client.get(f"/disputes/{CODES[0]}", params={"lang": lang}).text

    for pair in (explanation.meaning, explanation.actor, explanation.ends):
        assert pair[lang == "en"] in page
    assert "/definitions" in page and "#state-registered" in page


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_definitions_explain_every_state_that_the_dashboard_shows(dashboard_client, lang):
    page = dashboard_client.get("/definitions", params={"lang": lang}).text
    identifiers = set(ID_ATTRIBUTE.findall(page))

    for state in STATES:
        shown = f"state-{state.replace('_', '-')}" in identifiers
        assert shown == (state != SEALED_STATE)
        if shown:
            assert STATE_EXPLANATIONS[state].meaning[lang == "en"].replace("'", "&#39;") in page


def test_the_law_page_names_every_clock_whose_period_is_not_set_by_law(law_page):
    assert all(CLOCKS[clock][0] in law_page for clock in RULE_ORIGINS)
