"""A friend of the respondent sits at a desk outside the lane. He tries every word at every door. Can he tell what holds a dispute, or that anything does?

Three disputes that look alike to him: one is held after a police warning, one is stayed for a question of jurisdiction, one is free. What he may
compare between held and stayed has to be equal, word for word; what he has no part in, between held and free as well.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from contracts import AGENCY_EVENTS, safeguard
from tests.county import DAMAN_COMMITTEE, NO_RISK, Lane, found_outside, wait_until
from tests.everywhere import found_in_logs, found_in_measures, logs_of

BYSTANDERS = ("grid", "petition_office", "trade_union", "peoples_mediation_committee-xijie")
PARTAKERS = (DAMAN_COMMITTEE, "mediation_centre", "judicial_bureau", "political_legal_committee")  # the last may urge whoever is late
ABOUT_CODES = ("reports.joined", "reports.unjoined", "roster.changed")  # they would change which dispute a code means, for all three alike
NEVER = "620702-2026-000000-9"


@pytest.fixture(scope="module")
def alike(county):
    """(held, stayed, free): brought to mediation on the same day in the same way."""
    at = datetime.now(UTC) - timedelta(hours=3)
    held, stayed, free = (county.mediated_dispute(at) for _ in range(3))
    county.police.reports("dv.warning_issued", held)
    county.court.reports("dispute.stayed", stayed, reason="jurisdiction")
    county.court.reports("protection_order.accepted", held, urgent=True)
    county.settle()
    return held, stayed, free


def tries(county, agency, codes):
    """Every word there is, about each of these disputes, by the HTTP door in batches; what came back in the end, by word, for each code."""
    words = [word for word in AGENCY_EVENTS if word not in ABOUT_CODES]
    for code in codes:
        events = [_event(agency, word, code) for word in words]
        url, headers = f"{county.system.endpoints['door']}/events", {"Content-Type": "application/cloudevents-batch+json", **county._token(agency)}
        assert httpx.post(url, content=json.dumps(events), headers=headers, timeout=60).status_code in (202, 207, 422)

    def all_answered():
        receipts = _receipts(county, agency)
        mine = {code: [one for one in receipts if one["data"]["event"]["id"].startswith(code)] for code in codes}
        done = {code: {one["data"]["event"]["id"] for one in found if one["type"] != "receipt.accepted"} for code, found in mine.items()}
        return mine if all(len(done[code]) == len(words) for code in codes) else None

    found = wait_until(all_answered, what="every try was answered")
    return [sorted(_plain(receipt, code) for receipt in found[code]) for code in codes]  # of different words one may overtake another


def _event(agency, word, code):
    data = AGENCY_EVENTS[word].example
    return {"specversion": "1.0", "id": f"{code}/{agency}/{word}", "source": f"/agencies/{agency}", "type": word, "subject": code,
            "time": datetime.now(UTC).isoformat(), "datacontenttype": "application/json", "data": data}  # fmt: skip


def _receipts(county, agency):
    found, after = [], 0
    while True:
        answer = httpx.get(f"{county.system.endpoints['door']}/receipts?after={after}", headers=county._token(agency), timeout=60)
        page = answer.json()
        found += page
        if not page:
            return found
        after = int(answer.headers["Fengqiao-Position"])


def _plain(receipt, code):
    """A receipt without what differs between any two: ids, places in logs, times, and which dispute it is."""
    told = {name: value for name, value in receipt.items() if name not in ("id", "time", "traceparent")} | {"data": {**receipt["data"], "log": None}}
    text = json.dumps(told, ensure_ascii=False, sort_keys=True).replace(code, "CODE")
    return re.sub(r'"was": "[^"]*"', '"was": "…"', text)


def dashboard(county, code):
    """The page of a dispute, without its code and the instants at which things were said."""
    page = httpx.get(f"{county.system.endpoints['dashboard']}/disputes/{code}", timeout=30)
    text = re.sub(r'<ol class="candidates">.*?</ol>', "", page.text.replace(code, "CODE"), flags=re.DOTALL)  # who was free that minute
    return page.status_code, re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+\d\d:\d\d|Z)?|\d\d:\d\d(:\d\d)?|data-\w+=\"[^\"]*\"", "TIME", text)


def timeline(county, code):
    rows = county.rows("select source, sequence, type, agency, event, detail from metrics.timeline where code = %s order by source, sequence", code)
    rows = [row if row[2] != "routing.proposed" else row[:-1] for row in rows]  # made before, and one body more or less busy each time
    lines = [json.dumps(row, ensure_ascii=False, default=str).replace(code, "CODE") for row in rows]
    return [re.sub(r"[0-9a-f-]{36}|T\d\d:\d\d:\d\d(\.\d+)?", "…", line) for line in lines]  # the instants at which he tried, one after the other


def read_model(county, code):
    return county.rows(
        "select state, next_actors, body, overdue, outcome, runs_out_clock, runs_out_at, (select array_agg((clock, state, due_at)::text order by clock)"
        " from metrics.deadlines l where l.code = d.code) from metrics.disputes d where code = %s", code,
    )  # fmt: skip


# ── what he tries ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("agency", BYSTANDERS)
def test_whoever_has_no_part_in_it_is_answered_as_about_any_dispute(county, alike, agency):
    held, stayed, free = tries(county, agency, alike)

    assert held == stayed == free


@pytest.mark.parametrize("agency", PARTAKERS)
def test_whoever_has_a_part_learns_that_it_is_stayed_and_no_more(county, alike, agency):
    held, stayed = tries(county, agency, alike[:2])

    assert held == stayed
    about_others = [receipt for receipt in held if not any(word in receipt for word in safeguard.STEPS)]
    assert len(about_others) > 50 and not [receipt for receipt in about_others if re.search("safeguard|held_for_safety|保护|hold", receipt)]
    if agency == DAMAN_COMMITTEE:
        assert any('"stayed"' in receipt for receipt in held)


@pytest.mark.parametrize("agency", BYSTANDERS)
@pytest.mark.parametrize("take_back", ["report.withdrawn", "report.corrected"])
def test_whoever_has_no_part_in_it_can_take_back_what_he_reported_of_any_of_the_three(county, alike, agency, take_back):
    producer, outcomes = county.agency(agency), []
    for code in alike:
        note = producer.reports("dispute.reported", code, **AGENCY_EVENTS["dispute.reported"].example)
        county.settle()
        back = producer.reports(take_back, code, event=note.id, reason="wrong_dispute" if take_back == "report.withdrawn" else "wrong_facts")
        county.settle()
        outcomes.append((note.receipts, back.receipts, back.state))

    assert outcomes == [(["receipt.accepted", "receipt.applied"],) * 2 + ("mediating",)] * 3


# ── what he reads ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_dashboard_shows_the_same_of_both(county, alike):
    held, stayed, _ = alike
    county.settle()

    assert timeline(county, held) == timeline(county, stayed)
    assert read_model(county, held) == read_model(county, stayed)
    assert dashboard(county, held) == dashboard(county, stayed)


def test_the_ordinary_voices_count_without_a_gap(county, alike):
    for code in alike:
        for source, numbers in county.rows("select source, array_agg(sequence order by sequence) from metrics.timeline where code = %s group by 1", code):
            assert numbers == list(range(1, len(numbers) + 1)), source


def test_notices_to_those_outside_are_the_same(county, alike):
    held, stayed, _ = alike
    told = [county.rows("select kind, addressee, clock, due_at from notify.notices where dispute = %s order by 1, 2, 3, 4", code) for code in (held, stayed)]

    assert told[0] == told[1]
    assert county.rows("select distinct addressee from notify.sealed_notices where addressee not in ('police', 'court', 'womens_federation')") == []


def test_no_figure_no_log_no_page_has_a_word_of_the_lane(county, alike):
    held, _, _ = alike

    assert found_outside(county, held, Lane.WORDS) == []
    assert found_in_measures(county.system, (*Lane.WORDS, "stay.lifted", "dispute.stayed", held)) == []
    lines = [line for log in logs_of(county.system) for line in log.read_text(errors="replace").splitlines() if held in line]
    assert [line for line in lines if any(word in line for word in ("safeguard", "hold", "protection", "warning_issued"))] == []
    for path in ("/", "/disputes"):
        page = httpx.get(f"{county.system.endpoints['dashboard']}{path}", timeout=30).text
        assert not [word for word in ("safeguard", "安全保护", "保护令", "告诫书") if word in page], path


def test_the_pages_that_watch_hear_of_nothing(county, alike):
    """The stream of changes: opening and ending a hold changes no page."""
    code = county.mediated_dispute()
    county.settle()
    before = county.rows("select count(*) from metrics.changes where body::text like %s", f"%{code}%")
    county.police.reports("dv.warning_issued", code)
    county.settle()
    county.police.reports("hold.released", code, reason="unfounded")
    county.settle()

    assert county.rows("select count(*) from metrics.changes where body::text like %s", f"%{code}%") == before


# ── a dispute that was reported into the lane ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def reported_in_lane(county):
    report = county.womens_federation.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    county.settle()
    return report.dispute


@pytest.mark.parametrize("agency", (*BYSTANDERS, *PARTAKERS))
def test_its_code_is_like_one_that_was_never_given(county, reported_in_lane, agency):
    sealed, never = tries(county, agency, (reported_in_lane, NEVER))

    assert sealed == never


def test_no_page_and_no_answer_knows_it(county, reported_in_lane):
    assert dashboard(county, reported_in_lane) == dashboard(county, NEVER)
    pages = [
        httpx.get(f"{county.system.endpoints['dashboard']}/disputes?q={code}", timeout=30).text.replace(code, "CODE") for code in (reported_in_lane, NEVER)
    ]
    assert pages[0] == pages[1]
    assert found_outside(county, reported_in_lane) == []
    assert found_in_logs(county.system, [reported_in_lane]) == []


def test_the_codes_given_before_and_after_do_not_show_that_one_is_missing(county):
    serials = []
    for danger in (False, True, False):
        report = county.grid.reports_dispute(risk=NO_RISK | {"minor": danger})
        county.settle()
        serials.append(int(report.dispute[12:18]))

    assert serials[2] - serials[0] != 2
