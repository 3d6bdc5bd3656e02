"""Tests of the dashboard's pages (HTML over HTTP): content, links, filters, languages and headers."""

import html
import re
import time
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from services.metrics.web import vendor
from services.metrics.web.app import create_app
from tests.metrics.histories import CODES, START, confirmed_step, deadline_event, make_event, recomputed_event, registered_event, watermarks_event


@pytest.fixture
def dashboard_client(pool):
    """HTTP client of a dashboard without the demo banner."""
    with TestClient(create_app(pool.settings, is_demo=False), "http://127.0.0.1") as client:
        yield client


@pytest.fixture
def one_dispute(hear):
    """Store a dispute with a passed LAW deadline, a refused step and a notice."""
    reason = {"code": "illegal_here", "zh": "此时不可<b>办理</b>", "en": "not possible here"}
    agency_event = {"source": "/agencies/court", "id": "c-1"}
    hear(
        [
            registered_event(),
            deadline_event(1, "set", "filing_decision", "LAW"),
            deadline_event(2, "passed", "filing_decision", "LAW"),
            confirmed_step(3, "dispute.routed", "routed", ["court"], to="court"),
            make_event("intake", 2, "step.reported", hours=2, event=agency_event, agency="court", step="agreement.reached"),
            make_event("mediation", 4, "step.refused", hours=2, event=agency_event, step="agreement.reached", state="routed", reason=reason),
            make_event("notify", 1, "notice.sent", hours=2, notice="notice.overdue", to="court", channel="inbox", clock="filing_decision"),
        ]
    )


def test_the_overview_of_an_empty_read_model_says_that_there_are_no_disputes(dashboard_client):
    page = dashboard_client.get("/")
    assert page.status_code == 200 and "暂无纠纷" in page.text


def test_the_overview_shows_legally_overdue_disputes_separately_and_links_to_them(dashboard_client, one_dispute):
    page = dashboard_client.get("/").text

    assert re.search(r'法定逾期</h2>\s*<a class="number " href="/disputes\?overdue=law">1</a>', page)
    assert re.search(r'超过其他期限</h2>\s*<span class="number none">0', page)
    listed = dashboard_client.get("/disputes?overdue=law").text
    assert CODES[0] in listed and "共 1 件" in listed


def test_every_number_on_the_overview_links_to_a_dispute_list_of_that_length(dashboard_client, one_dispute):
    page = dashboard_client.get("/").text
    links = set(re.findall(r'class="number[^"]*" href="([^"]+)">([\d,]+)</a>', page))
    assert any("what=reported" in href for href, _ in links)

    assert len(links) > 10
    for href, count in links:
        listed = dashboard_client.get(html.unescape(href)).text
        assert len(re.findall(r"<tr data-row>", listed)) == int(count), href


def test_the_dispute_page_shows_the_agencies_that_must_act_and_refused_steps_with_their_reason(dashboard_client, one_dispute):
    page = dashboard_client.get(f"/disputes/{CODES[0]}").text

    assert "甘州区人民法院" in page and "法定期限" in page and "《民事诉讼法》第205条" in page
    assert "未生效" in page and "illegal_here" in page
    assert "逾期通知" in page
    assert "<b>办理</b>" not in page and "&lt;b&gt;办理" in page  # texts from events are escaped


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_routing_proposal_shows_the_organisation_only_if_the_agency_has_several(dashboard_client, hear, lang):
    candidates = [
        {
            "to": "industry_mediation_body",
            "organisation": "industry-marriage_family",
            "joint_with": ["womens_federation"],
            "points": 85,
            "reasons": ["by_kind"],
        },
        {"to": "womens_federation", "joint_with": [], "points": 23, "reasons": ["by_kind"]},
    ]
    clock = {"clock": "routing", "kind": "POLICY", "article": "none", "owed_by": ["mediation_centre"]}
    excluded = [{"to": "judicial_bureau", "reason": "declined_before"}]
    hear([registered_event(), make_event("mediation", 1, "routing.proposed", candidates=candidates, excluded=excluded, rules="a", **clock)])

    page = dashboard_client.get(f"/disputes/{CODES[0]}?lang={lang}")

    assert page.status_code == 200
    assert page.text.count("industry-marriage_family") == 1 and {"zh": "妇联", "en": "Women&#39;s Federation"}[lang] in page.text


def test_the_language_of_the_url_is_kept_in_links_and_in_a_cookie(dashboard_client, one_dispute):
    page = dashboard_client.get("/?lang=en")
    assert "Legally overdue" in page.text and 'href="/disputes?overdue=law&amp;lang=en"' in page.text

    assert "Legally overdue" in dashboard_client.get("/").text
    assert "法定逾期" in dashboard_client.get("/?lang=zh").text


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?wall=1",
        "/?township=620702102",
        "/disputes",
        "/disputes?status=all&sort=changed",
        f"/disputes/{CODES[0]}",
        "/agencies",
        "/refusals?day=2026-11-20",
        "/definitions",
    ],
)
def test_every_page_exists_in_both_languages(dashboard_client, one_dispute, path, lang):
    page = dashboard_client.get(path, params=None if "?" in path else {"lang": lang}, headers={"cookie": f"lang={lang}"})

    assert page.status_code == 200
    assert ("数据截至" in page.text or path == "/definitions") if lang == "zh" else "Fengqiao" in page.text


def test_a_search_for_a_complete_code_redirects_to_the_dispute_and_for_a_serial_number_filters_the_list(dashboard_client, one_dispute):
    assert dashboard_client.get("/disputes", params={"q": CODES[0]}, follow_redirects=False).headers["location"] == f"/disputes/{CODES[0]}"
    assert CODES[0] in dashboard_client.get("/disputes", params={"q": "1"}).text
    assert "没有符合条件的纠纷" in dashboard_client.get("/disputes", params={"q": "999999"}).text


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=2026-99-99~620702-2026-000001-3",
        "township='; drop table x",
        "day=31-12&what=closed",
        "sort=random",
        "q=%27%22%3Cscript%3E",
        "what=closed",
    ],
)
def test_malformed_query_parameters_of_the_dispute_list_are_ignored(dashboard_client, one_dispute, query):
    page = dashboard_client.get(f"/disputes?{query}")
    assert page.status_code == 200 and "<script>" not in page.text


@pytest.mark.parametrize("q", ["６２０７０２－２０２６－０００００１－３", "620702—2026—000001—3", "62070220260000013", " 620702 2026 000001 3 "])
def test_a_code_in_any_notation_leads_to_the_dispute(dashboard_client, one_dispute, q):
    answer = dashboard_client.get("/disputes", params={"q": q}, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/disputes/{CODES[0]}")


@pytest.mark.parametrize("q", ["1", "000001", "2026-000001"])
def test_a_closed_dispute_is_found_by_its_number_whatever_filters_are_set(dashboard_client, hear, q):
    hear([registered_event(), make_event("mediation", 1, "dispute.closed", state="closed", outcome="settled")])

    page = dashboard_client.get("/disputes", params={"q": q, "status": "open", "overdue": "law", "township": "620702003"}).text

    assert CODES[0] in page and "其他条件未使用" in page


def test_a_name_is_not_searched_and_the_page_says_so_instead_of_showing_all_disputes(dashboard_client, one_dispute):
    page = dashboard_client.get("/disputes", params={"q": "张三"}).text

    assert "无法查找" in page and CODES[0] not in page and "共 1 件" not in page
    assert "Nothing was searched" in dashboard_client.get("/disputes", params={"q": "张三", "lang": "en"}).text


def test_filters_with_unknown_values_are_named(dashboard_client, one_dispute):
    page = dashboard_client.get("/disputes?kind=nonsense&township=%3Cb%3E&sort=random&lang=en").text

    assert "Kind “nonsense”" in page and "Township “&lt;b&gt;”" in page and "Sort “random”" in page


def test_the_number_of_refused_steps_leads_to_a_list_of_as_many_steps(dashboard_client, hear):
    refusals = [
        make_event("mediation", n, "step.refused", hours=n, event={"source": "/agencies/court", "id": f"c-{n}"}, step="agreement.reached", state="registered",
                   reason={"code": "illegal_here", "zh": "此时不可", "en": "not possible here"}) for n in (1, 2, 3)
    ]  # fmt: skip
    hear([registered_event(), *refusals], [registered_event(CODES[1], township="620702003")])

    page = dashboard_client.get("/refusals?day=2026-11-20&lang=en").text
    assert len(re.findall("<tr data-row>", page)) == 3 and "3 steps" in page and "not possible here" in page and "Ganzhou District Court" in page
    assert "0 steps" in dashboard_client.get("/refusals?day=2026-11-20&township=620702003").text
    assert dashboard_client.get("/refusals?day=yesterday").status_code == 404


def test_a_list_of_refused_steps_continues_on_the_next_page(dashboard_client, hear):
    hear([registered_event(), *(make_event("mediation", n, "step.refused", hours=n / 100, step="case.closed", state="registered") for n in range(1, 61))])

    page = dashboard_client.get("/refusals?day=2026-11-20").text
    (following,) = re.findall(r'rel="next" href="([^"]+)"', page)

    assert "共 60 次" in page
    assert len(re.findall("<tr data-row>", page)) == 50 and len(re.findall("<tr data-row>", dashboard_client.get(html.unescape(following)).text)) == 10


def test_a_deadline_that_is_due_but_not_announced_as_passed_says_who_has_not_been_heard_since(dashboard_client, hear):
    """Page, list and overview do not call the dispute overdue. Its deadline ended a week ago."""
    hear(
        [registered_event(), deadline_event(1, "set", "filing_decision", "LAW", owed_by=["court", "police"], due=5)],
        [watermarks_event(2, court=(4, True), womens_federation=90)],
    )

    for path in ("/", "/disputes?overdue=awaited", "/disputes", f"/disputes/{CODES[0]}"):
        page = dashboard_client.get(path).text
        assert "自 2026-11-20 13:00 起未收到甘州区人民法院的上报" in page and "尚未收到公安的任何上报" in page, path
        assert "法定逾期</span>" not in page and "已超过" not in page, path
    assert "到期待报1件" in dashboard_client.get("/").text
    assert "共 0 件" in dashboard_client.get("/disputes?overdue=any").text


def test_a_due_deadline_is_being_checked_if_the_responsible_agency_was_heard_beyond_it(dashboard_client, hear):
    hear([registered_event(), deadline_event(1, "set", owed_by=["court"], due=5)], [watermarks_event(2, court=6)])

    assert "being checked whether it was met in time" in dashboard_client.get(f"/disputes/{CODES[0]}?lang=en").text


def test_a_provisional_deadline_is_marked_on_overview_list_and_page(dashboard_client, hear):
    hear([registered_event(), deadline_event(1, "set", due=5, provisional=True)])

    for path in ("/", "/disputes", f"/disputes/{CODES[0]}"):
        assert "暂定" in dashboard_client.get(path).text, path


def test_a_paused_deadline_has_no_due_date_but_says_when_it_would_end_if_resumed_now(dashboard_client, hear):
    hear([registered_event(), deadline_event(1, "set", due=50), deadline_event(2, "recomputed", due=50, because="paused", paused=True)])

    page = dashboard_client.get(f"/disputes/{CODES[0]}?lang=en").text
    assert page.count("paused; would end on 2026-11-22 11:00 if resumed now") == 2  # in the table and in the timeline
    assert "left</span>" not in page


def test_an_unsettled_dispute_is_shown_counted_and_offered_for_reopening(dashboard_client, hear):
    follow_up = confirmed_step(1, "dispute.followed_up", "resolved", hours=2, settled=False, satisfied=False, event={"source": "/agencies/court", "id": "f-1"})
    hear([registered_event(), follow_up], [registered_event(CODES[1])])

    assert "回访未化解1件" in dashboard_client.get("/").text
    listed = dashboard_client.get("/disputes?status=all&follow_up=not_settled").text
    assert CODES[0] in listed and CODES[1] not in listed and "共 1 件" in listed
    page = dashboard_client.get(f"/disputes/{CODES[0]}").text
    assert "dispute.reopened" in page and "未化解，当事人不满意" in page


def test_an_automatic_step_that_was_retracted_is_struck_out_with_the_reason(dashboard_client, hear):
    found_at, later = (START + timedelta(hours=30)).isoformat(), (START + timedelta(hours=40)).isoformat()
    hear(
        [
            registered_event(),
            make_event("mediation", 1, "supervision.issued", hours=30, before="registered", state="registered", next_actors=[], to="court",
                       happened_at=START.isoformat(), decided_at=found_at),
            recomputed_event(2, [("registered", 0)], hours=3, because="late_report", decided_at=later,
                             retracted=[{"step": "supervision.issued", "happened_at": START.isoformat()}]),
        ]
    )  # fmt: skip

    page = dashboard_client.get(f"/disputes/{CODES[0]}").text

    assert re.search(r"<s><b>督办</b></s> <span class=\"badge calm\">已收回：迟到的上报（2026-11-22 01:00）</span>", page)


def test_the_page_of_agencies_shows_how_far_each_has_reported(dashboard_client, hear):
    hear([registered_event(), confirmed_step(1, "dispute.routed", "routed", ["court"], to="court")], [watermarks_event(2, court=(4, True), police=3)])

    page = dashboard_client.get("/agencies?lang=en").text

    assert page.count("2026-11-20 13:00") == 2 and "2026-11-20 12:00" in page and "nothing yet" in page
    assert page.index("Ganzhou District Court") < page.index("Police"), "agencies that must act come first"


def test_pages_say_that_they_are_loading_while_decisions_are_missing_and_not_when_the_system_is_idle(dashboard_client, hear):
    events = [make_event("intake", n, "step.reported", step="session.held", event={"source": "/agencies/court", "id": f"c-{n}"}) for n in range(2, 102)]
    decisions = [confirmed_step(n, "session.held", "registered", event={"source": "/agencies/court", "id": f"c-{n + 1}"}) for n in range(1, 101)]
    hear([registered_event(), *events, *decisions[:20]])

    for path in ("/", "/disputes", f"/disputes/{CODES[0]}", "/agencies", "/refusals?day=2026-11-20"):
        assert "正在载入，已处理 20 / 共 101 个事件" in dashboard_client.get(path).text, path

    for decision in decisions[20:]:
        hear([decision])

    assert "正在载入" not in dashboard_client.get("/").text


def test_pages_say_up_to_when_decisions_have_been_processed_while_old_full_batches_arrive(dashboard_client, hear):
    """All decisions are a week old, as after a long interruption of this service."""
    hear([registered_event(), *(confirmed_step(n, "session.held", "registered") for n in range(1, 80))])
    assert "正在载入：已处理至 2026-11-20 10:00" in dashboard_client.get("/").text

    hear([confirmed_step(80, "session.held", "registered")])
    assert "正在载入" not in dashboard_client.get("/").text


def test_an_unknown_dispute_and_an_unknown_page_answer_404(dashboard_client, one_dispute):
    page = dashboard_client.get("/disputes/<script>alert(1)</script>")
    assert page.status_code == 404 and "<script>alert" not in page.text
    assert dashboard_client.get("/disputes/620702-2026-999999-9").status_code == 404
    assert dashboard_client.get("/nowhere").status_code == 404


def test_a_page_answers_503_and_reloads_if_the_database_is_unavailable(dashboard_client, one_dispute, monkeypatch):
    from plumbing.pool import DatabaseUnavailable

    def raise_unavailable(*_):
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr(dashboard_client.app.state.pool, "_acquire_connection", raise_unavailable)
        page = dashboard_client.get("/")
        assert page.status_code == 503 and page.headers["refresh"] == "5" and "数据库暂时不可用" in page.text
        assert dashboard_client.get("/readyz").status_code == 503
        assert dashboard_client.get("/healthz").status_code == 200

    assert dashboard_client.get("/").status_code == 200


def test_the_dashboard_is_ready_if_the_database_answers_and_the_change_stream_is_connected(dashboard_client):
    for _ in range(50):
        if dashboard_client.get("/readyz").status_code == 200:
            break
        time.sleep(0.1)
    assert dashboard_client.get("/readyz").json() == {"database": True, "changes": True}


def test_pages_load_nothing_from_other_hosts_and_contain_no_inline_script(dashboard_client, one_dispute):
    for path in ("/", "/disputes", f"/disputes/{CODES[0]}", "/agencies", "/refusals?day=2026-11-20", "/definitions", "/nowhere"):
        page = dashboard_client.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe-eval" not in policy
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|https?://(?!www\.w3\.org)", page.text), path


@pytest.mark.parametrize("host", ["evil.example", "testserver", "127.0.0.1.evil.example"])
def test_a_request_for_an_unknown_host_name_is_refused(dashboard_client, host):
    answer = dashboard_client.get("/", headers={"host": host})

    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_host")
    assert "看板" in answer.json()["zh"] and "FENGQIAO_DASHBOARD_HOSTS" in answer.json()["en"]


def test_the_demo_banner_is_shown_only_if_the_data_is_synthetic(pool):
    with TestClient(create_app(pool.settings, is_demo=True), "http://127.0.0.1") as demo_client:
        assert "演示数据" in demo_client.get("/").text
    with TestClient(create_app(pool.settings, is_demo=False), "http://127.0.0.1") as client:
        assert "演示数据" not in client.get("/").text


def test_browser_libraries_match_the_hashes_of_the_manifest():
    hashes = vendor.load_integrity_hashes()
    assert {file.name for file in vendor.VENDOR_FOLDER.iterdir()} - {"manifest.json"} == set(hashes)
    for file, value in hashes.items():
        assert vendor.integrity_hash(vendor.VENDOR_FOLDER / file) == value


def test_the_dashboard_serves_prometheus_metrics(dashboard_client):
    assert "python_info" in dashboard_client.get("/metrics").text


def test_dashboard_modules_do_not_import_nameko():
    for source in vendor.VENDOR_FOLDER.parents[1].glob("*.py"):
        assert not re.search(r"^\s*(from|import) (nameko|eventlet|kombu)", source.read_text(), re.MULTILINE), source.name
