"""Police and women's federation report the same dispute. The dispute gets one code, and each agency can use its own report number."""

import base64
import json
import threading

from nacl.public import PublicKey, SealedBox

from tests.county import DAMAN_TOWN, structured_event, wait_until
from tests.intake.people import person
from tests.leak_search import find_in_logs, find_in_metrics, find_in_tables

MATCHING_TOKENS_SQL = """
select encode(number, 'hex'), encode(mobile, 'hex'), encode(name, 'hex')
  from intake.party_tokens join intake.log using (seq) where event_id = %s
"""


def test_a_dispute_reported_by_two_agencies_has_one_code_and_two_report_numbers(county):
    police = county.police.reports_dispute(report_no="110-dup-1", kind="private_loan", parties=[person(11), person(12, "respondent")])
    county.settle()
    women = county.womens_federation.reports_dispute(report_no="FL-dup-1", kind="private_loan", parties=[person(12), person(11, "respondent")])
    county.settle()
    code = police.dispute

    assert (women.dispute, women.receipts) == (code, ["receipt.accepted", "receipt.applied"])
    assert [event for event in county.published_events(code) if event[0] == "intake"] == [
        ("intake", "dispute.registered"),
        ("intake", "step.reported"),
        ("intake", "dispute.merged"),
    ]
    assert county.womens_federation.agency.code_of("FL-dup-1") == code

    screened = county.womens_federation.reports("dispute.screened", "FL-dup-1", suitable=True, track="A", kind="private_loan")
    county.settle()
    assert (screened.dispute, screened.receipts[-1], county.state(code)) == (code, "receipt.applied", "screened")
    assert county.rows("select count from metrics.daily_disputes where code = %s and figure = 'reported'", code) == [(1,)]


def test_a_report_with_encrypted_parties_is_joined_to_a_report_with_the_same_parties_in_plain_text(county):
    parties = [person(13), person(14, "respondent")]
    key = PublicKey(base64.b64decode(county.system.endpoints["seal_public_key"]))
    box = base64.b64encode(SealedBox(key).encrypt(json.dumps(parties).encode())).decode()
    police = county.police.reports_dispute(kind="neighbour", parties=parties)
    county.settle()
    court = county.agency("court-daman").reports("dispute.reported", "D-dup-2", report_no="D-dup-2", channel="filing_desk", place={"township": DAMAN_TOWN},
                                              kind="neighbour", wants="mediation", parties_sealed=box)  # fmt: skip
    county.settle()

    assert court.dispute == police.dispute
    secrets = [value for party in parties for value in (party["phone"], party["id_number"])]
    tokens = [token for row in county.rows(MATCHING_TOKENS_SQL, police.id) for token in row if token]
    assert len(tokens) == 3 * len(parties)
    elsewhere = [found for found in find_in_tables(county.rows, tokens) if found[:2] != ("intake", "party_tokens")]
    assert find_in_tables(county.rows, secrets) == elsewhere == find_in_logs(county.system, [*secrets, *tokens]) == find_in_metrics(county.system, tokens) == []


def test_simultaneous_reports_of_one_dispute_over_amqp_and_http_get_one_code(county):
    parties = [person(15), person(16, "respondent")]
    reports = {agency: structured_event(agency, "dispute.reported", kind="labour", parties=parties) for agency in ("police", "trade_union")}
    threads = [
        threading.Thread(target=county.publish_event, args=("police", reports["police"])),
        threading.Thread(target=county.post_event, args=("trade_union", reports["trade_union"])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    def assigned_codes():
        ids = [report["id"] for report in reports.values()]
        return county.rows("select dispute from intake.log where event_id = any(%s)", ids)

    wait_until(lambda: len(assigned_codes()) == 2, what="both reports were stored")
    county.settle()
    assert len({code for (code,) in assigned_codes()}) == 1
    assert [event_type for _, event_type in county.published_events(assigned_codes()[0][0])].count("dispute.registered") == 1
