"""Steps at the start of a dispute: first and further reports, and settlement or escalation by the grid (village-level workers, 网格)."""

from demo import county
from demo.simulated_dispute import SimulatedDispute
from demo.steps import REJECTED, SECOND_REPORT, CodePlaceholder


def report_dispute(dispute: SimulatedDispute, risk: dict | None = None) -> None:
    data = report_data(dispute, dispute.reporter, dispute.channel)
    if risk:
        data["risk"] = risk
    dispute.add_step(dispute.reporter, "dispute.reported", data, subject=data["report_no"])
    if risk:
        return  # intake does not compare safeguarded reports with others, and nothing else is reported outside the safeguard lane
    if dispute.happens("reported twice"):
        dispute.advance_by_hours(1, 30)
        dispute.add_step(dispute.reporter, "dispute.reported", data, subject=data["report_no"])
    if dispute.happens("reported by another agency"):
        _report_by_another_agency(dispute, data)
    elif dispute.happens("likely duplicate"):
        _report_likely_duplicate(dispute, data)
    if dispute.mistake == "agreement before referral":
        dispute.add_step(dispute.body, "agreement.reached", agreement_data(dispute, [], "oral"), expected=REJECTED)


def report_data(dispute: SimulatedDispute, agency: str, channel: str) -> dict:
    place = {"township": dispute.township} | ({"village": dispute.village} if dispute.village else {})
    wants = "filing" if channel == "filing_desk" else "advice" if dispute.happens("party asks for advice") else "mediation"
    flags = [flag for flag, branch in FLAG_BRANCHES.get(dispute.kind, ()) if dispute.happens(branch)] + (
        ["mass"] if dispute.happens("many people involved") else []
    )
    data = {"report_no": dispute.report_no(agency), "channel": channel, "place": place, "kind": dispute.kind, "wants": wants}
    data |= {"parties": [dispute.invented_person(label) for label in dispute.party_labels]}
    data |= {"standings": county.PARTY_ORGANISATIONS[dispute.kind]} if dispute.kind in county.PARTY_ORGANISATIONS else {}
    data |= {"flags": flags} if flags else {}
    data |= {"cause": county.CAUSE_CODE_OF_KIND[dispute.kind]} if dispute.kind in county.CAUSE_CODE_OF_KIND else {}
    if dispute.kind in county.AMOUNT_DISTRIBUTIONS_CNY and dispute.happens("amount reported"):
        dispute.amount_cny = dispute.random_amount()
        data["amount_cny"] = f"{dispute.amount_cny}.00"
    return data


FLAG_BRANCHES = {"labour": (("wage_arrears", "wages in arrears"),)}


def _report_by_another_agency(dispute, data):
    """Let another agency report the dispute, either under its code or as a new report, which intake then joins with the first report."""
    other = _another_reporter(dispute)
    dispute.advance_by_hours(2, 60)
    second_report = data | {"report_no": dispute.report_no(other), "channel": dispute.choose_weighted(county.REPORTING_AGENCIES[other][1])}
    knows_the_code = dispute.happens("second agency knows the code")
    dispute.add_step(other, "dispute.reported", second_report, subject=None if knows_the_code else second_report["report_no"])
    if not knows_the_code and dispute.happens("separated again"):
        _undo_join(dispute, other)
        _close_second_dispute(dispute)


def _report_likely_duplicate(dispute, data):
    """Let another agency report another matter of the same parties. The centre then decides whether the two reports are about one dispute."""
    other = _another_reporter(dispute)
    dispute.advance_by_hours(4, 90)
    kind = "damages" if dispute.kind != "damages" else "neighbour"
    common = {name: data[name] for name in ("place", "wants", "parties")}
    second_report = common | {"report_no": dispute.report_no(other), "channel": dispute.choose_weighted(county.REPORTING_AGENCIES[other][1]), "kind": kind}
    dispute.add_step(other, "dispute.reported", second_report, subject=second_report["report_no"], report=SECOND_REPORT)
    decision = dispute.choose("decision on likely duplicate")
    dispute.advance_time(hours=(2, 9))
    if decision != "two disputes":
        dispute.add_step(county.CENTRE, "reports.joined", {"into": CodePlaceholder()}, report=SECOND_REPORT)
    if decision == "joined and separated":
        _undo_join(dispute, other)
    if decision != "joined":
        _close_second_dispute(dispute)


def _undo_join(dispute, other):
    dispute.advance_time(hours=(3, 12))
    dispute.add_step(county.CENTRE, "reports.unjoined", {"reported_by": other}, subject=CodePlaceholder(), report=SECOND_REPORT)


def _close_second_dispute(dispute):
    """Screen the second report's dispute as not suitable for mediation, and archive it."""
    dispute.advance_time(hours=(1, 3))
    dispute.add_step(county.CENTRE, "dispute.screened", {"suitable": False, "track": "A", "kind": dispute.kind}, report=SECOND_REPORT)
    dispute.add_step(county.CENTRE, "dispute.archived", {"archive_no": f"{dispute.archive_no()}-2"}, report=SECOND_REPORT)


def _another_reporter(dispute):
    return dispute.choose_weighted(
        {code: weight for code, (weight, _) in county.REPORTING_AGENCIES.items() if code not in (dispute.reporter, county.MEDIATING_BODY)}
    )


def settle_at_grid_level(dispute: SimulatedDispute) -> bool:
    """Let the grid settle the dispute or escalate it to the village and then to the township (四级七天: four levels in seven days).

    Return whether the dispute was settled.
    """
    if dispute.reporter != county.GRID or dispute.mistake:
        return False
    if dispute.happens("settled on the spot"):
        return _settle_dispute(dispute, county.GRID)
    if dispute.channel != "grid" or dispute.last_step.agency != county.GRID or not dispute.happens("escalated"):
        return False  # after a report of another agency the grid no longer escalates, because mediation may have escalated the dispute when a period ended
    _escalate_dispute(dispute, "village_level")
    if dispute.happens("settled after escalation"):
        dispute.advance_time(workdays=1)
        return _settle_dispute(dispute, county.GRID)
    _escalate_dispute(dispute, "township_office_level")
    return False


def _escalate_dispute(dispute, level):
    """Escalate the dispute to this level. The subject is the report number, because the grid may not know the code yet."""
    dispute.advance_by_hours(0.2, 4)
    data = {"level": level, "escalated_for": dispute.choose("escalation reason")}
    dispute.add_step(county.GRID, "level.escalated", data, subject=dispute.report_no(county.GRID), without_waiting=True)


def _settle_dispute(dispute, agency):
    dispute.advance_by_hours(1, 4)
    dispute.add_step(agency, "agreement.reached", agreement_data(dispute, [], "oral"))
    dispute.advance_time(workdays=dispute.random.randint(2, 9))
    dispute.add_step(county.CENTRE, "dispute.followed_up", {"settled": True, "satisfied": dispute.happens("parties satisfied")})
    return True


def agreement_data(dispute: SimulatedDispute, terms: list[dict], form: str) -> dict:
    data = {
        "form": form,
        "effective_on": dispute.current_date(),
        "terms": terms,
        "confirmable": bool(terms),
        "about": [AGREEMENT_SUBJECTS.get(dispute.kind, "obligation")],
    }
    if form == "written":
        data["document_sha256"] = f"{dispute.random.getrandbits(256):064x}"
    return data


AGREEMENT_SUBJECTS = {"family": "maintenance", "inheritance": "property"}
