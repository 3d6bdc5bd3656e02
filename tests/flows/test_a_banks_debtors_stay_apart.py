"""What happens when a bank brings four hundred debtors to the court's desk at once?"""

from tests.intake.people import BANK, person


def test_four_hundred_debtors_are_four_hundred_disputes_and_nobody_is_asked_about_them(county):
    """Then the bank's mediation body reports one of them as well: that one is certain, and only that one."""
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
