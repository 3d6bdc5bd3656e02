"""An agency encrypts the parties of a dispute to intake's public key. Correctly encrypted parties are accepted; others are refused.

Neither tables nor logs disclose the content.
"""

import base64
import json

import pytest
from nacl.public import PrivateKey, PublicKey, SealedBox

from tests.leak_search import find_in_logs, find_in_tables

SECRET = "虚构密封人七"
PARTIES = [{"role": "applicant", "name": SECRET}, {"role": "respondent", "name": SECRET}, {"role": "respondent", "name": SECRET}]


def published_public_key(county) -> PublicKey:
    return PublicKey(base64.b64decode(county.system.endpoints["seal_public_key"]))


def encrypt_parties(parties, key: PublicKey) -> str:
    return base64.b64encode(SealedBox(key).encrypt(json.dumps(parties, ensure_ascii=False).encode())).decode()


def send_report_with_encrypted_parties(county, encrypted: str):
    """Send a dispute report of the police with this value of `parties_sealed`, and wait for the receipts."""
    report = county.police.reports("dispute.reported", "110-sealed", report_no="110-sealed", channel="police_call", place={"township": "620702102"}, kind="neighbour",
                                   wants="mediation", parties_sealed=encrypted)  # fmt: skip
    county.settle()
    return report


def test_parties_encrypted_to_the_published_key_are_accepted_and_stored_encrypted(county):
    report = send_report_with_encrypted_parties(county, encrypt_parties(PARTIES, published_public_key(county)))

    assert report.receipts == ["receipt.accepted", "receipt.applied"]
    assert county.rows("select parties from mediation.disputes where code = %s", report.dispute) == [(["applicant", "respondent", "respondent-2"],)]
    assert county.rows("select encrypted_by_agency from intake.parties where code = %s", report.dispute) == [(True,)]
    assert find_in_tables(county.rows, [SECRET]) == find_in_logs(county.system, [SECRET]) == []


@pytest.mark.parametrize(
    ("parties", "is_wrong_key", "code", "field"),
    [
        (PARTIES, True, "unreadable_parties", None),
        ({"parties": PARTIES}, False, "unreadable_parties", None),
        ([{"role": SECRET, "name": SECRET}], False, "malformed_data", "parties_sealed[0].role"),
    ],
    ids=["encrypted to another key", "not a list", "list with an invalid party"],
)
def test_encrypted_parties_that_are_unreadable_or_invalid_are_refused_with_the_name_of_the_invalid_field(county, parties, is_wrong_key, code, field):
    refused = send_report_with_encrypted_parties(
        county, encrypt_parties(parties, PrivateKey.generate().public_key if is_wrong_key else published_public_key(county))
    )

    assert refused.receipts == ["receipt.refused"]
    assert (refused.refusal["code"], refused.refusal.get("field")) == (code, field)
    assert find_in_tables(county.rows, [SECRET]) == find_in_logs(county.system, [SECRET]) == []
