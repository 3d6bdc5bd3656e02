"""What happens when an agency seals the parties, and seals them wrongly?"""

import base64
import json

import pytest
from nacl.public import PrivateKey, PublicKey, SealedBox

from tests.everywhere import found_in_logs, found_in_tables

SECRET = "虚构密封人七"
PARTIES = [{"role": "applicant", "name": SECRET}, {"role": "respondent", "name": SECRET}, {"role": "respondent", "name": SECRET}]


def published_key(county) -> PublicKey:
    return PublicKey(base64.b64decode(county.system.endpoints["seal_public_key"]))


def sealed(told, key: PublicKey) -> str:
    return base64.b64encode(SealedBox(key).encrypt(json.dumps(told, ensure_ascii=False).encode())).decode()


def reports(county, box: str):
    told = county.police.reports("dispute.reported", "110-sealed", report_no="110-sealed", channel="police_call", place={"township": "620702102"}, kind="neighbour",
                              wants="mediation", parties_sealed=box)  # fmt: skip
    county.settle()
    return told


def test_sealed_to_the_published_key_it_is_as_good_as_in_clear_and_stays_sealed(county):
    told = reports(county, sealed(PARTIES, published_key(county)))

    assert told.receipts == ["receipt.accepted", "receipt.applied"]
    assert county.rows("select parties from mediation.disputes where code = %s", told.dispute) == [(["applicant", "respondent", "respondent-2"],)]
    assert county.rows("select by_agency from intake.parties where code = %s", told.dispute) == [(True,)]
    assert found_in_tables(county.rows, [SECRET]) == found_in_logs(county.system, [SECRET]) == []


@pytest.mark.parametrize(
    ("told", "mistaken_key", "code", "field"),
    [
        (PARTIES, True, "unreadable_parties", None),
        ({"parties": PARTIES}, False, "unreadable_parties", None),
        ([{"role": SECRET, "name": SECRET}], False, "malformed_data", "parties_sealed[0].role"),
    ],
    ids=["sealed to another key", "no list", "a list of something else"],
)
def test_what_is_not_readable_is_refused_with_the_way_to_mend_it(county, told, mistaken_key, code, field):
    refused = reports(county, sealed(told, PrivateKey.generate().public_key if mistaken_key else published_key(county)))

    assert refused.receipts == ["receipt.refused"]
    assert (refused.refusal["code"], refused.refusal.get("field")) == (code, field)
    assert found_in_tables(county.rows, [SECRET]) == found_in_logs(county.system, [SECRET]) == []
