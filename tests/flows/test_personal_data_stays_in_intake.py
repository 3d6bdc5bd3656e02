"""An agency reports names, telephone and identity numbers of parties. No table, log, metric or message contains them unencrypted."""

from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN
from tests.leak_search import find_in_logs, find_in_metrics, find_in_tables

SECRETS = ("虚构王某某七", "13900007777", "620702198001010077", "虚构乡虚构村77号")


def test_names_and_numbers_of_parties_appear_in_no_table_log_metric_or_message(county):
    name, phone, number, address = SECRETS
    parties = [{"role": "applicant", "name": name, "phone": phone, "id_number": number, "address": address}, {"role": "respondent", "name": name}]
    report = county.womens_federation.reports_dispute(parties=parties)
    elsewhere = {"township": DAMAN_TOWN, "village": "620702001001"}
    refused = county.womens_federation.reports_dispute(place=elsewhere, parties=parties)
    county.settle()
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family")
    county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()

    assert (refused.receipts, screened.receipts[-1]) == (["receipt.refused"], "receipt.applied")
    assert find_in_tables(county.rows, SECRETS) == []
    assert find_in_logs(county.system, SECRETS) == []
    assert find_in_metrics(county.system, (*SECRETS, report.dispute)) == []  # no metric has a dispute code as label
    clients = (county.womens_federation, county.mediation_centre, county.agency(DAMAN_COMMITTEE))
    messages = "".join(str(messages) for client in clients for messages in (*client.agency.receipts(), *client.agency.notices()))
    assert report.dispute in messages and not [secret for secret in SECRETS if secret in messages]
