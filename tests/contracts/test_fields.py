"""Tests of the field types: which values they accept, and which they refuse."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from marshmallow import ValidationError

from contracts import EVENTS, dump, load, mistakes_in
from contracts.clocks import is_article
from tests.contracts.event_types import with_value_at

REPORT = EVENTS["dispute.reported"].example
AGREEMENT = EVENTS["agreement.reached"].example
SESSION = EVENTS["session.held"].example


@pytest.mark.parametrize(("sent", "expected"), [("0", "0.00"), ("12000", "12000.00"), ("0.5", "0.50"), ("999999999999.99", "999999999999.99")])
def test_an_amount_is_loaded_and_dumped_with_two_decimals(sent, expected):
    report = with_value_at(REPORT, ("amount_cny",), sent)

    assert load("dispute.reported", report)["amount_cny"] == Decimal(expected)
    assert dump("dispute.reported", report)["amount_cny"] == expected


@pytest.mark.parametrize("sent", [12000, 12000.5, True, None, "", "-1", "1e3", "1,000", "1.005", "1000000000000", "NaN", "１２", "12\n", [], {}])
def test_an_invalid_amount_is_refused(sent):
    assert _first_mistake("dispute.reported", with_value_at(REPORT, ("amount_cny",), sent)) in [("amount_cny", "not_a_sum"), ("amount_cny", "null")]


@pytest.mark.parametrize("sent", ["2026-02-29", "20260301", "2026-W10-1", "2026-03-01T00:00:00Z", "0001-01-01", "9999-01-01", 20260301, None, ""])
def test_an_invalid_date_is_refused(sent):
    assert _first_mistake("agreement.reached", with_value_at(AGREEMENT, ("effective_on",), sent)) in [("effective_on", "not_a_date"), ("effective_on", "null")]


@pytest.mark.parametrize("sent", ["2026-03-20T09:00:00+08:00", "2026-03-20T01:00:00Z", "2026-03-20t01:00:00.000z"])
def test_a_time_with_a_time_zone_is_accepted(sent):
    assert load("session.held", with_value_at(SESSION, ("next_at",), sent))["next_at"] == datetime(2026, 3, 20, 1, tzinfo=UTC)


@pytest.mark.parametrize("sent", ["2026-03-20T09:00:00", "2026-03-20", "20260320T090000+0800", "2026-13-20T09:00:00Z", "0001-01-01T00:00:00+08:00", 0, ""])
def test_an_invalid_time_is_refused(sent):
    assert _first_mistake("session.held", with_value_at(SESSION, ("next_at",), sent)) == ("next_at", "not_a_time")


def test_dump_accepts_python_dates_datetimes_decimals_and_tuples():
    zone = timezone(timedelta(hours=8))
    agreement = {**AGREEMENT, "effective_on": date(2026, 3, 25), "terms": ({"kind": "payment", "due_on": date(2026, 6, 30), "amount_cny": Decimal(12000)},)}

    assert dump("agreement.reached", agreement) == AGREEMENT
    assert dump("session.held", {**SESSION, "next_at": datetime(2026, 3, 20, 9, tzinfo=zone)})["next_at"] == "2026-03-20T01:00:00+00:00"


@pytest.mark.parametrize(
    ("path", "sent", "mistake"),
    [
        (("place", "township"), "620702999", ("place.township", "not_in_list")),
        (("place", "village"), "620702101201", ("place.village", "not_in_township")),
        (("place",), "大满镇", ("place", "not_an_object")),
        (("kind",), ["family"], ("kind", "not_a_text")),
        (("report_no",), "42\n", ("report_no", "wrong_form")),
        (("report_no",), "４２ 号", ("report_no", "wrong_form")),
        (("parties",), [], ("parties", "wrong_length")),
        (("parties",), {}, ("parties", "not_a_list")),
        (("parties", 0, "name"), "某" * 101, ("parties[0].name", "wrong_length")),
        (("parties", 1, "role"), "judge", ("parties[1].role", "not_in_list")),
        (("risk", "mass"), "yes", ("risk.mass", "not_a_boolean")),
        (("risk", "mass"), 1, ("risk.mass", "not_a_boolean")),
    ],
)
def test_a_mistake_in_a_dispute_report_is_reported_with_the_path_of_the_field(path, sent, mistake):
    assert _first_mistake("dispute.reported", with_value_at(REPORT, path, sent)) == mistake


def test_parties_of_a_report_may_be_encrypted_in_clear_or_absent_but_not_both_encrypted_and_in_clear():
    sealed = "A" * 128

    assert _first_mistake("dispute.reported", {**REPORT, "parties_sealed": sealed}) == ("parties_sealed", "both_ways")
    assert load("dispute.reported", {**_without_field(REPORT, "parties"), "parties_sealed": sealed})["parties_sealed"] == sealed
    assert "parties" not in load("dispute.reported", _without_field(REPORT, "parties"))


def test_a_report_without_risk_flags_gets_all_flags_false():
    assert load("dispute.reported", _without_field(REPORT, "risk"))["risk"] == dict.fromkeys(("domestic_violence", "minor", "mass", "violence_threat"), False)


def test_default_risk_flags_are_not_shared_between_reports():
    first = load("dispute.reported", _without_field(REPORT, "risk"))
    first["risk"]["minor"] = True

    assert load("dispute.reported", _without_field(REPORT, "risk"))["risk"]["minor"] is False


@pytest.mark.parametrize("text", ["none", "民事诉讼法 205; 人民调解法 33", "after 在线调解规则 12", "道路交通事故处理程序规定 86, 90", "四级七天"])
def test_a_citation_of_articles_in_the_prescribed_form_is_recognised(text):
    assert is_article(text)


@pytest.mark.parametrize("text", ["", "张三", "民事诉讼法 205 张三", "see 民事诉讼法", "民事诉讼法 205;", "none\n"])
def test_a_text_in_another_form_is_not_recognised_as_a_citation_of_articles(text):
    assert not is_article(text)


def _first_mistake(type, data):
    """Return (field, token of the mistake) of the first mistake for which `contracts.load` refuses the data."""
    with pytest.raises(ValidationError) as error:
        load(type, data)
    first = mistakes_in(error.value)[0]
    return first.field, first.token


def _without_field(data, name):
    return {key: value for key, value in data.items() if key != name}
