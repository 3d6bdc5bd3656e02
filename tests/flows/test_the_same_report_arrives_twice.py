"""What happens when the same report arrives twice?"""

from tests.county import DAMAN_TOWN, structured

TWO = [{"role": "applicant", "name": "虚构甲"}, {"role": "respondent", "name": "虚构乙"}]


def test_the_same_event_comes_by_both_doors_and_counts_once(county):
    report = structured("court-xijiao", "dispute.reported", kind="neighbour")

    first = county.posts_event("court-xijiao", report)
    county.publishes_event("court-xijiao", report)
    again = county.posts_event("court-xijiao", report)
    code = first.json()["data"]["dispute"]
    county.settle()

    assert first.status_code == again.status_code == 202
    assert again.json() == first.json()
    assert [word for _, word in county.published(code)].count("dispute.registered") == 1
    receipts = [receipt["type"] for receipt in county.receipts("court-xijiao") if receipt["subject"] == code]
    assert receipts == ["receipt.accepted", "receipt.applied"]


def test_the_kit_sends_it_in_one_form_and_the_agencys_own_client_in_another(county):
    """By AMQP with its attributes in headers, then by HTTP as one document: not a byte alike, and yet the same event."""
    first = county.police.reports_dispute(id="110-0001", report_no="110-2026-0001", kind="neighbour")
    county.settle()
    before = counted(county)

    data = {"report_no": "110-2026-0001", "channel": "walk_in", "place": {"township": DAMAN_TOWN}, "kind": "neighbour", "wants": "mediation", "parties": TWO}
    again = county.posts_event("police", structured("police", "dispute.reported") | {"id": "110-0001", "subject": "110-2026-0001", "data": data})
    county.settle()

    assert again.status_code == 202 and again.json()["data"]["dispute"] == first.dispute
    assert first.receipts == ["receipt.accepted", "receipt.applied"]
    assert counted(county) == before


def counted(county):
    return county.rows("select (select count(*) from intake.disputes), (select sum(count) from metrics.days where what = 'reported')")


def test_an_agency_tells_again_under_its_own_number_and_it_is_the_same_dispute(county):
    first = county.police.reports_dispute(report_no="110-2026-77")
    again = county.police.reports_dispute(report_no="110-2026-77")
    county.settle()

    assert again.dispute == first.dispute
    assert again.receipts == ["receipt.accepted", "receipt.applied"]
    assert [word for _, word in county.published(first.dispute)].count("dispute.registered") == 1


def test_the_same_id_with_other_content_is_refused_and_the_first_stands(county):
    first = structured("court-xijiao", "dispute.reported", kind="neighbour")
    other = structured("court-xijiao", "dispute.reported", id=first["id"], kind="labour")
    code = county.posts_event("court-xijiao", first).json()["data"]["dispute"]

    answer = county.posts_event("court-xijiao", other)
    county.settle()

    assert answer.status_code == 422
    assert answer.json()["data"]["reason"]["code"] == "other_content_under_used_id"
    assert county.rows("select kind from mediation.disputes where code = %s", code) == [("neighbour",)]
