"""Reporting: an agency reports a dispute, perhaps another agency reports it again. The grid settles disputes that it finds, or escalates them."""

from demo import county
from demo.simulated_dispute import SimulatedDispute
from demo.steps import REJECTED, SECOND, CodePlaceholder


def report(dispute: SimulatedDispute, risk: dict | None = None) -> None:
    data = report_data(dispute, dispute.reporter, dispute.channel)
    if risk:
        data["risk"] = risk
    dispute.add_step(dispute.reporter, "dispute.reported", data, subject=data["report_no"])
    if risk:
        return  # safeguarded reports are not compared with others, and nothing else is reported outside the lane
    if dispute.happens("reported twice"):
        dispute.advance_hours(1, 30)
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
    data |= {"parties": [dispute.person(label) for label in dispute.party_labels]}
    data |= {"standings": county.PARTY_ORGANISATIONS[dispute.kind]} if dispute.kind in county.PARTY_ORGANISATIONS else {}
    data |= {"flags": flags} if flags else {}
    data |= {"cause": county.CAUSE_CODES[dispute.kind]} if dispute.kind in county.CAUSE_CODES else {}
    if dispute.kind in county.AMOUNTS_CNY and dispute.happens("amount reported"):
        dispute.amount_cny = dispute.random_amount()
        data["amount_cny"] = f"{dispute.amount_cny}.00"
    return data


FLAG_BRANCHES = {"labour": (("wage_arrears", "wages in arrears"),)}


def _report_by_another_agency(dispute, data):
    """Let another agency report the dispute, under its code or as a new report, which intake then joins."""
    other = _another_reporter(dispute)
    dispute.advance_hours(2, 60)
    second_report = data | {"report_no": dispute.report_no(other), "channel": dispute.choose_weighted(county.REPORTERS[other][1])}
    knows_the_code = dispute.happens("second agency knows the code")
    dispute.add_step(other, "dispute.reported", second_report, subject=None if knows_the_code else second_report["report_no"])
    if not knows_the_code and dispute.happens("separated again"):
        _separate_reports(dispute, other)
        _close_second_dispute(dispute)


def _report_likely_duplicate(dispute, data):
    """Report another matter of the same parties. The centre then decides whether the two reports are one dispute."""
    other = _another_reporter(dispute)
    dispute.advance_hours(4, 90)
    kind = "damages" if dispute.kind != "damages" else "neighbour"
    common = {name: data[name] for name in ("place", "wants", "parties")}
    second_report = common | {"report_no": dispute.report_no(other), "channel": dispute.choose_weighted(county.REPORTERS[other][1]), "kind": kind}
    dispute.add_step(other, "dispute.reported", second_report, subject=second_report["report_no"], report=SECOND)
    decision = dispute.choose("decision on likely duplicate")
    dispute.advance(hours=(2, 9))
    if decision != "two disputes":
        dispute.add_step(county.CENTRE, "reports.joined", {"into": CodePlaceholder()}, report=SECOND)
    if decision == "joined and separated":
        _separate_reports(dispute, other)
    if decision != "joined":
        _close_second_dispute(dispute)


def _separate_reports(dispute, other):
    dispute.advance(hours=(3, 12))
    dispute.add_step(county.CENTRE, "reports.unjoined", {"reported_by": other}, subject=CodePlaceholder(), report=SECOND)


def _close_second_dispute(dispute):
    """Close the second dispute as not suitable for mediation."""
    dispute.advance(hours=(1, 3))
    dispute.add_step(county.CENTRE, "dispute.screened", {"suitable": False, "track": "A", "kind": dispute.kind}, report=SECOND)
    dispute.add_step(county.CENTRE, "dispute.archived", {"archive_no": f"{dispute.archive_no()}-2"}, report=SECOND)


def _another_reporter(dispute):
    return dispute.choose_weighted({code: weight for code, (weight, _) in county.REPORTERS.items() if code not in (dispute.reporter, county.MEDIATING_BODY)})


def settle_at_grid_level(dispute: SimulatedDispute) -> bool:
    """Let the grid settle the dispute, or escalate it to village and township (四级七天). Return whether it was settled."""
    if dispute.reporter != county.GRID or dispute.mistake:
        return False
    if dispute.happens("settled on the spot"):
        return _settle(dispute, county.GRID)
    if dispute.channel != "grid" or dispute.last_step.agency != county.GRID or not dispute.happens("escalated"):
        return False  # also after a report of another agency: by then mediation may have escalated the dispute because a period ended
    _escalate(dispute, "village_level")
    if dispute.happens("settled after escalation"):
        dispute.advance(workdays=1)
        return _settle(dispute, county.GRID)
    _escalate(dispute, "township_office_level")
    return False


def _escalate(dispute, level):
    """Escalate under the report number, because the code may not be known yet."""
    dispute.advance_hours(0.2, 4)
    data = {"level": level, "escalated_for": dispute.choose("escalation reason")}
    dispute.add_step(county.GRID, "level.escalated", data, subject=dispute.report_no(county.GRID), without_waiting=True)


def _settle(dispute, agency):
    dispute.advance_hours(1, 4)
    dispute.add_step(agency, "agreement.reached", agreement_data(dispute, [], "oral"))
    dispute.advance(workdays=dispute.random.randint(2, 9))
    dispute.add_step(county.CENTRE, "dispute.followed_up", {"settled": True, "satisfied": dispute.happens("parties satisfied")})
    return True


def agreement_data(dispute: SimulatedDispute, terms: list[dict], form: str) -> dict:
    data = {
        "form": form,
        "effective_on": dispute.today(),
        "terms": terms,
        "confirmable": bool(terms),
        "about": [AGREEMENT_SUBJECTS.get(dispute.kind, "obligation")],
    }
    if form == "written":
        data["document_sha256"] = f"{dispute.random.getrandbits(256):064x}"
    return data


AGREEMENT_SUBJECTS = {"family": "maintenance", "inheritance": "property"}
