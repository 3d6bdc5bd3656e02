"""One dispute report arrives twice, over different interfaces or in different encodings, and is counted once.

An event with the same id and other content is refused.
"""

from tests.county import DAMAN_TOWN, structured_event

TWO_PARTIES = [{"role": "applicant", "name": "虚构甲"}, {"role": "respondent", "name": "虚构乙"}]


def test_an_event_that_is_sent_over_amqp_and_http_is_counted_once(county):
    report = structured_event("court-xijiao", "dispute.reported", kind="neighbour")

    first = county.post_event("court-xijiao", report)
    county.publish_event("court-xijiao", report)
    again = county.post_event("court-xijiao", report)
    code = first.json()["data"]["dispute"]
    county.settle()

    assert first.status_code == again.status_code == 202
    assert again.json() == first.json()
    assert [event_type for _, event_type in county.published_events(code)].count("dispute.registered") == 1
    receipts = [receipt["type"] for receipt in county.receipts("court-xijiao") if receipt["subject"] == code]
    assert receipts == ["receipt.accepted", "receipt.applied"]


def test_an_event_that_is_sent_in_binary_and_in_structured_mode_is_counted_once(county):
    """The event is first sent over AMQP in binary mode (attributes in headers), then over HTTP in structured mode (one JSON document)."""
    first = county.police.reports_dispute(id="110-0001", report_no="110-2026-0001", kind="neighbour")
    county.settle()
    before = count_disputes(county)

    data = {
        "report_no": "110-2026-0001",
        "channel": "walk_in",
        "place": {"township": DAMAN_TOWN},
        "kind": "neighbour",
        "wants": "mediation",
        "parties": TWO_PARTIES,
    }
    again = county.post_event("police", structured_event("police", "dispute.reported") | {"id": "110-0001", "subject": "110-2026-0001", "data": data})
    county.settle()

    assert again.status_code == 202 and again.json()["data"]["dispute"] == first.dispute
    assert first.receipts == ["receipt.accepted", "receipt.applied"]
    assert count_disputes(county) == before


def count_disputes(county):
    return county.rows("select (select count(*) from intake.disputes), (select sum(count) from metrics.daily_totals where figure = 'reported')")


def test_a_second_report_with_the_same_report_number_is_about_the_same_dispute(county):
    first = county.police.reports_dispute(report_no="110-2026-77")
    again = county.police.reports_dispute(report_no="110-2026-77")
    county.settle()

    assert again.dispute == first.dispute
    assert again.receipts == ["receipt.accepted", "receipt.applied"]
    assert [event_type for _, event_type in county.published_events(first.dispute)].count("dispute.registered") == 1


def test_an_event_with_a_used_id_and_other_content_is_refused(county):
    first = structured_event("court-xijiao", "dispute.reported", kind="neighbour")
    other = structured_event("court-xijiao", "dispute.reported", id=first["id"], kind="labour")
    code = county.post_event("court-xijiao", first).json()["data"]["dispute"]

    answer = county.post_event("court-xijiao", other)
    county.settle()

    assert answer.status_code == 422
    assert answer.json()["data"]["reason"]["code"] == "other_content_under_used_id"
    assert county.rows("select kind from mediation.disputes where code = %s", code) == [("neighbour",)]
