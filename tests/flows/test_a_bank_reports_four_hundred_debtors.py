"""A bank has disputes with four hundred debtors, reported at once. Each dispute gets a separate code, and no duplicate is proposed.

When the mediation body for finance reports one of these disputes again, its report is joined to the existing dispute.
"""

from tests.intake.people import BANK, person


def test_disputes_of_one_bank_with_four_hundred_debtors_get_four_hundred_codes_and_no_duplicate_is_proposed(county):
    reports = [
        ("dispute.reported", f"BANK-{n:04}", {
            "report_no": f"BANK-{n:04}", "channel": "filing_desk", "place": {"township": "620702106"}, "kind": "finance", "wants": "mediation",
            "amount_cny": "50000.00", "parties": [BANK, person(100 + n, "respondent", name=f"虚构债户{n:04}")],
        })
        for n in range(1, 401)
    ]  # fmt: skip
    court = county.agency("court")
    court.agency.report_many(reports)
    county.settle()
    codes = [court.agency.code_of(f"BANK-{n:04}") for n in range(1, 401)]
    same = county.finance_mediation.reports("dispute.reported", "JR-1", **{**reports[16][2], "report_no": "JR-1"})
    county.settle()

    assert len(set(codes)) == 400
    assert county.rows("select count(*) from metrics.timeline where code = any(%s) and type = 'duplicate.proposed'", codes) == [(0,)]
    assert same.dispute == codes[16]
    merged = county.rows("select code from metrics.timeline where code = any(%s) and type = 'dispute.merged'", codes)
    assert merged == [(codes[16],)]
