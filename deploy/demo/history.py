"""Lives of made-up disputes, step by step: who says what, when. Pure; the same seed gives the same lives.

Every person is invented and marked so (虚构). No life carries a safeguard flag yet: what is in that lane would not show anyway.
"""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from stdnum.iso7064 import mod_11_2

from deploy.demo import county
from deploy.demo.workdays import SHANGHAI, in_office_hours, is_workday, workdays_later

QUARTER = timedelta(days=92)


@dataclass(frozen=True, slots=True)
class Step:
    """What one agency says. `subject` is None where the dispute's code goes, which the hub gives."""

    id: str
    agency: str
    type: str
    data: dict
    time: datetime
    subject: str | None = None
    expected: str = "receipt.applied"


@dataclass(frozen=True, slots=True)
class Life:
    """A dispute from the first report to the archive, with what has happened by now and what is still to come."""

    number: int
    township: str
    kind: str
    body: str
    steps: tuple[Step, ...]

    def until(self, now: datetime) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.time <= now)


def quarter(seed: int, disputes: int, until: date) -> list[Life]:
    """The disputes reported in the 92 days before `until`, oldest first."""
    random = Random(f"枫桥 {seed} quarter")
    end = datetime.combine(until, time(), SHANGHAI)
    moments = sorted(_reported_at(random, end - QUARTER) for _ in range(disputes))
    return [life(seed, number, moment) for number, moment in enumerate(moments, 1)]


def life(seed: int, number: int, reported: datetime) -> Life:
    """One dispute, told from its own dice: it does not change when others are added."""
    return _Story(seed, number, reported).told()


def _reported_at(random, start):
    """Fewer on rest days."""
    while True:
        day = start + timedelta(days=random.randrange(QUARTER.days))
        if is_workday(day.date()) or random.random() < 0.3:
            return day + timedelta(hours=8, minutes=random.randrange(600))


class _Story:
    """Owns the dice, the hour and the steps told so far."""

    def __init__(self, seed, number, reported):
        self.seed, self.number, self.now = seed, number, reported
        self.random = Random(f"枫桥 {seed} {number}")
        self.township = self._one_of(county.RESIDENTS)
        self.kind = self._one_of(county.KINDS)
        self.body = county.body_of(self.kind, self.township)
        self.reporter = self._one_of({code: weight for code, (weight, _) in county.REPORTERS.items()})
        self.channel = self._one_of(county.REPORTERS[self.reporter][1])
        self.reporter = self.body if self.reporter == "the body" else self.reporter
        self.parties = ["applicant", "respondent"] + (["respondent-2"] if self._chance(county.SECOND_PARTY) else [])
        self.slip = self._slip()
        self.steps: list[Step] = []

    def told(self) -> Life:
        self._report()
        if not self._settle_on_the_spot():
            if self.channel == "filing_desk" and self.kind != "medical":
                self._go_to_court()
            elif self._screen() and self._refer() and self._gather_consents():
                self._mediate()
            self._sue()
        self._archive()
        if self._chance(county.REOPENED):
            self._come_up_again()
        return Life(self.number, self.township, self.kind, self.body, tuple(self.steps))

    # the chapters

    def _report(self):
        data = {
            "report_no": self._report_no(self.reporter),
            "channel": self.channel,
            "place": {"township": self.township},
            "kind": self.kind,
            "wants": "filing" if self.channel == "filing_desk" else "advice" if self._chance(0.06) else "mediation",
            "parties": [self._person(label) for label in self.parties],
        }
        if self.kind in county.CAUSE:
            data["cause"] = county.CAUSE[self.kind]
        if self.kind in county.SUMS_CNY and self._chance(0.8):
            self.sum = self._amount()
            data["amount_cny"] = f"{self.sum}.00"
        self._say(self.reporter, "dispute.reported", data, subject=data["report_no"])
        if self._chance(county.TOLD_TWICE):
            self._hours(1, 30)
            self._say(self.reporter, "dispute.reported", data, subject=data["report_no"])
        if self._chance(county.REPEATED):
            other = self._one_of({code: weight for code, (weight, _) in county.REPORTERS.items() if code not in (self.reporter, "the body")})
            self._hours(2, 60)
            again = data | {"report_no": self._report_no(other), "channel": self._one_of(county.REPORTERS[other][1])}
            knows_the_code = self.number % 2 == 0  # else it tells of a new dispute, and the hub finds that it is the same one
            self._say(other, "dispute.reported", again, subject=None if knows_the_code else again["report_no"])
        if self.slip == "early agreement":
            self._say(self.body, "agreement.reached", self._agreement([], "oral"), expected="receipt.rejected")

    def _settle_on_the_spot(self):
        """The grid worker settles what she finds, else she reports it."""
        if self.reporter != "grid" or self.slip or not self._chance(county.ON_THE_SPOT_BY_GRID):
            return False
        self._hours(1, 4)
        self._say("grid", "agreement.reached", self._agreement([], "oral"))
        self._office(workdays=self.random.randint(2, 9))
        self._say("mediation_centre", "dispute.followed_up", {"settled": True, "satisfied": self._chance(0.95)})
        return True

    def _screen(self):
        self._office(workdays=2 if self._chance(county.LATE_SCREENING) else 0, hours=(1, 7))
        suitable = not self._chance(county.UNSUITABLE)
        by = "womens_federation" if self.kind == "family" and self._chance(0.3) else "mediation_centre"
        if self.reporter.startswith("court") and self._chance(0.5):
            by = self.reporter
        self._say(by, "dispute.screened", {"suitable": suitable, "track": "A", "kind": self.kind})
        if not suitable and self._chance(county.REDIRECTED):
            self._office(hours=(1, 6))
            way = {"labour": "labour_arbitration", "land_contract": "land_arbitration"}.get(self.kind, "administrative_handling")
            to = {"labour": "labour_arbitration_commission", "land_contract": "land_arbitration_commission"}.get(self.kind, "government")
            self._say("mediation_centre", "dispute.redirected", {"to": to, "way": way})
        if self.slip == "not theirs":
            self._say("police", "mediation.started", {}, expected="receipt.refused")
        return suitable

    def _refer(self):
        reason = "by_kind" if self.kind in county.KIND_BODIES else "by_place"
        if self._chance(county.DECLINED):
            self._route(self._wrong_body(), reason)
            self._office(workdays=self.random.randint(0, 2), hours=(2, 7))
            why = self._one_of({"not_our_kind": 4, "not_our_place": 4, "no_mediator": 2, "conflict_of_interest": 1, "duplicate": 1})
            self._say(self.asked, "referral.declined", {"reason": why})
            reason = "after_decline"
        elif self._chance(county.SILENT):
            self._route(self._wrong_body(), reason)
            self._office(workdays=self.random.randint(4, 6), hours=(1, 5))
            reason = "after_no_answer"
        self._route(self.body, reason)
        if self.slip == "another body":
            self._hours(1, 3)
            self._say(self._wrong_body(), "referral.accepted", {}, expected="receipt.rejected")
        self._office(workdays=self.random.randint(4, 7) if self._chance(county.LATE_ANSWER) else self.random.choice((0, 0, 1, 1, 2)), hours=(1, 6))
        self.accepted_at, self.mediator = self.now, f"{self.body.rsplit('-', 1)[-1].replace('_mediation', '')}-{self.random.randint(1, 9):03}"
        self._say(self.body, "referral.accepted", {"mediator": self.mediator})
        return True

    def _gather_consents(self):
        self._office(hours=(2, 9))
        if self._chance(county.UNREACHABLE):
            self._office(workdays=self.random.randint(5, 12))
            self._say(self.body, "mediation.terminated", {"ground": "party_unreachable"})
            return False
        refuses = self._chance(county.CONSENT_REFUSED)
        for party in self.parties:
            if refuses and party == "respondent":
                self._say(self.body, "consent.refused", {"party": party, "how": self._one_of({"orally": 3, "by_phone": 3, "in_writing": 1})})
                return False
            self._say(self.body, "consent.given", {"party": party, "how": self._one_of({"orally": 4, "by_phone": 3, "in_writing": 3, "by_conduct": 1})})
            if self.slip == "before consent" and party == "applicant":
                self._say(self.body, "mediation.started", {}, expected="receipt.rejected")
            self._office(workdays=self.random.choice((0, 0, 1, 1, 2)), hours=(1, 5))
        if self._chance(county.CONFLICT):
            self._say(self.body, "conflict.disclosed", {"mediator": self.mediator, "relation": "relative"})
            self._another_mediator()
        elif self._chance(county.ANOTHER_MEDIATOR):
            self._say(self.body, "mediator.refused", {"party": "respondent", "mediator": self.mediator})
            self._another_mediator()
        elif self._chance(0.35):
            self._say(self.body, "mediator.agreed", {"mediator": self.mediator})
        return True

    def _another_mediator(self):
        stem, number = self.mediator.rsplit("-", 1)
        self.mediator = f"{stem}-{int(number) % 9 + 1:03}"
        self._say(self.body, "mediator.appointed", {"mediator": self.mediator})

    def _mediate(self):
        self._office(hours=(1, 20))
        self._say(self.body, "mediation.started", {})
        if self.slip == "wrong code":
            self._say(
                self.body,
                "session.held",
                {"mode": "in_person", "minutes": 60},
                subject=f"620702-2026-{900000 + self.number % 99999:06}-0",
                expected="receipt.refused",
            )
        days, extended = self._length()
        end = self.accepted_at + timedelta(days=days)
        sessions = min(self.random.choice((1, 1, 2, 2, 3)), 1 + days // 4)
        for nth in range(sessions):
            last = nth == sessions - 1
            self._move_to(end if last and not extended else self.accepted_at + timedelta(days=min(days, 28) * (nth + 1) / (sessions + 1)))
            mode = self._one_of({"in_person": 70, "video": 9, "phone": 8, "circuit": 10, "court_visit": 3})
            data = {"mode": mode, "minutes": 5 * self.random.randint(6, 36)}
            if not last:
                data["next_at"] = (self.now + timedelta(days=3)).isoformat()
            self._say(self.body, "session.held", data)
        if self._chance(county.MISREPORTED):  # meant for another dispute, and taken back
            self._fail("party_unwilling")
            self._hours(1, 5)
            self._say(self.body, "report.withdrawn", {"event": self.steps[-1].id, "reason": "wrong_dispute"})
        if self._chance(county.PETITIONED):
            self._petition()
        if self._chance(county.APPRAISED):
            self._say(self.body, "clock.paused", {"reason": "appraisal"})
            self._office(workdays=self.random.randint(4, 9))
            self._say(self.body, "clock.resumed", {"reason": "appraisal"})
        if extended:
            self._move_to(self.accepted_at + timedelta(days=self.random.randint(22, 26)))
            self._say(self.body, "mediation.extended", {"days": 15, "consents": self.parties})
        self._move_to(end)
        if self._chance(county.SUSPENDED):
            self._say(self.body, "mediation.suspended", {"reason": "suspected_sham"})
            self._office(workdays=3, hours=(1, 5))
            if self._chance(county.CLEARED):
                self._say("court", "mediation.resumed", {})
            self._fail("other_obstacle")
        elif self._chance(county.SUCCESS):
            self._agree()
        elif days > 30 and not extended:
            self._fail("period_expired_no_extension")
        else:
            self._fail(
                self._one_of({"differences_too_large": 55, "party_unwilling": 25, "party_refuses_to_sign": 8, "self_settled_withdrawn": 7, "other_obstacle": 5})
            )

    def _fail(self, ground):
        self._say(self.body, "mediation.terminated", {"ground": ground})

    def _agree(self):
        terms = [] if self._chance(county.ON_THE_SPOT) else self._terms()
        self._say(self.body, "agreement.reached", self._agreement(terms, "written" if terms or self._chance(county.WRITTEN) else "oral"))
        if self.slip == "archived too early" and terms:
            self._hours(1, 20)
            self._say(self.body, "dispute.archived", {"archive_no": self._archive_no()}, expected="receipt.rejected")
        confirmed = bool(terms) and self.slip is None and self._chance(county.CONFIRMED) and self._confirm()
        kept = True
        for number, term in enumerate(terms, 1):
            kept &= self._perform(number, date.fromisoformat(term["due_on"]))
        if confirmed and not kept and self._chance(county.ENFORCED):
            self._enforce()
            return
        if not terms or self._chance(county.FOLLOWED_UP):
            self._office(workdays=self.random.randint(2, 14), hours=(0, 6))
            by = self.body if self._chance(0.6) else "mediation_centre"
            self._say(by, "dispute.followed_up", {"settled": kept, "satisfied": kept and self._chance(0.93)})

    def _confirm(self):
        """Jointly, within the thirty days; whether the court granted it."""
        self._office(workdays=self.random.randint(0, 6))
        court = "court-daman" if self.body.endswith("-daman") else "court"
        self._say(self.body, "confirmation.applied", {"applied_on": self._today(), "applicants": self.parties, "court": court, "court_ground": "body_place"})
        self._office(workdays=self.random.choice((0, 1, 1, 2)))
        self._say(court, "confirmation.accepted", {})
        self._office(workdays=self.random.randint(1, 8))
        end = self._one_of({"withdrawn": county.WITHDRAWN, "refused": county.NOT_CONFIRMED, "granted": 1 - county.WITHDRAWN - county.NOT_CONFIRMED})
        self._say(court, f"confirmation.{end}", {"ground": "unclear"} if end == "refused" else {})
        return end == "granted"

    def _come_up_again(self):
        """Under its old code; this time the parties think better of it."""
        self._office(workdays=self.random.randint(5, 30))
        self._say("mediation_centre", "dispute.reopened", {"reason": "recurred"})
        self._office(hours=(1, 7))
        self._say("mediation_centre", "dispute.screened", {"suitable": True, "track": "A", "kind": self.kind})
        self._office(workdays=self.random.randint(1, 3))
        self._say("mediation_centre", "mediation.terminated", {"ground": "self_settled_withdrawn"})
        self._say("mediation_centre", "dispute.archived", {"archive_no": self._archive_no()})

    def _enforce(self):
        self._office(workdays=self.random.randint(5, 20))
        self._say("court", "enforcement.applied", {"on": self._today()})
        self._office(workdays=self.random.randint(10, 40))
        self._say("court", "enforcement.completed", {"on": self._today(), "result": self._one_of({"full": 6, "settled": 2, "part": 1, "none_found": 1})})

    def _petition(self):
        number = {"petition_no": f"演示{self.seed}-访-{self.number:05}"}
        self._say("petition_office", "petition.registered", number | {"repeat": self._chance(0.1)})
        self._say("petition_office", "petition.accepted", number)
        self._say("petition_office", "petition.decided", number | {"result": "explained"})

    def _sue(self):
        """Mediation failed: the way to court is open (人民调解法 26)."""
        if self.steps[-1].type in ("mediation.terminated", "consent.refused") and self._chance(county.SUED):
            self._office(workdays=self.random.randint(3, 15))
            self._go_to_court()

    def _go_to_court(self):
        """Filed first; then perhaps entrusted to a body, for its fifteen or seven days; then tried."""
        court = self.reporter if self.reporter.startswith("court") else "court"
        received = self._today()
        self._office(workdays=self.random.randint(0, 4))
        procedure = self._one_of({"simplified": 5, "fast_track": 2, "small_claims": 2, "ordinary": 2})
        filing = {"received_on": received, "decided_on": self._today(), "cause": county.CAUSE.get(self.kind, "10"), "procedure": procedure}
        self._say(court, "case.filed", filing)
        if self.kind != "medical" and self._chance(county.ENTRUSTED):
            self._office(workdays=self.random.randint(0, 2))
            self._say(court, "case.entrusted", {"to": self.body, "procedure": procedure})
            self._office(hours=(1, 20))
            self._say(self.body, "referral.accepted", {})
            for party in self.parties:
                self._say(self.body, "consent.given", {"party": party, "how": "online"})
            self._say(self.body, "mediation.started", {})
            self._office(workdays=self.random.randint(1, 3))
            if self._chance(county.SUCCESS):
                self._say(self.body, "agreement.reached", self._agreement([], "written"))
                self._office(hours=(1, 20))
                self._say(court, "case.closed", {"mode": self._one_of({"mediated": 5, "withdrawn": 3, "other": 2})})
                return
            self._fail("differences_too_large")
        self._office(workdays=self.random.randint(1, 5))
        self._say(court, "case.procedure_set", {"procedure": procedure})
        self._office(workdays=self.random.randint(10, 35))
        self._say(court, "case.closed", {"mode": self._one_of(county.CLOSED_AS)})

    def _perform(self, number, due):
        result = "full" if self._chance(county.PERFORMED) else self._one_of({"part": 1, "default": 2})
        found_out = datetime.combine(due, time(9), SHANGHAI) + timedelta(days=self.random.randint(-4, 0) if result == "full" else 2)
        self._move_to(found_out)
        on = self.now.date().isoformat()
        self._say(self.body, "performance.recorded", {"term": number, "result": result, "on": on})
        if result == "part":  # the rest comes later, or never
            self._office(workdays=self.random.randint(5, 15))
            result = self._one_of({"full": 1, "default": 1})
            self._say(self.body, "performance.recorded", {"term": number, "result": result, "on": self.now.date().isoformat()})
        return result == "full"

    def _archive(self):
        if self.steps[-1].type == "mediation.terminated" and self._chance(0.5):
            self._office(workdays=self.random.randint(1, 6))
            self._say(self.body, "dispute.followed_up", {"settled": False})
        self._office(workdays=self.random.randint(1, 8), hours=(0, 6))
        with_a_body = any(step.type in ("dispute.routed", "case.entrusted") for step in self.steps) and self.steps[-1].type != "case.closed"
        self._say(self.body if with_a_body and not self.filed else "mediation_centre", "dispute.archived", {"archive_no": self._archive_no()})

    @property
    def filed(self):
        return any(step.type == "case.filed" for step in self.steps)

    # what they are made of

    def _say(self, agency, type, data, subject=None, expected="receipt.applied"):
        self.steps.append(Step(f"demo-{self.seed}-{self.number:05}-{len(self.steps) + 1:02}", agency, type, data, self.now, subject, expected))
        self.now += timedelta(minutes=self.random.randint(2, 25))

    def _route(self, to, reason):
        self._office(hours=(0, 3))
        self.asked = to
        self._say("mediation_centre", "dispute.routed", {"to": to, "reason": reason})

    def _today(self):
        return self.now.astimezone(SHANGHAI).date().isoformat()

    def _wrong_body(self):
        return self.random.choice(sorted({*county.TOWN_BODIES, "judicial_bureau-daman"} - {self.body}))

    def _agreement(self, terms, form):
        data = {"form": form, "effective_on": self.now.astimezone(SHANGHAI).date().isoformat(), "terms": terms, "confirmable": bool(terms)}
        if form == "written":
            data["document_sha256"] = f"{self.random.getrandbits(256):064x}"
        return data

    def _terms(self):
        terms, sum_ = [], getattr(self, "sum", None)
        count = self.random.choice((1, 1, 1, 2, 2, 3)) if sum_ else 1
        due = self.now
        for _ in range(count):
            due = due + timedelta(days=self.random.randint(5, 25))
            term = {"kind": self._term_kind(sum_), "due_on": due.astimezone(SHANGHAI).date().isoformat()}
            if sum_:
                term["amount_cny"] = f"{max(1, sum_ * 9 // 10 // count)}.00"
            terms.append(term)
        return terms

    def _term_kind(self, sum_):
        if sum_:
            return "support" if self.kind == "family" else "payment"
        return self._one_of({"cease": 3, "restore": 2, "apology": 3, "work": 2, "vacate": 1, "other": 1})

    def _length(self):
        """(days from acceptance to the end, whether it was extended). In time mostly; the mean is that of county.MEAN_MEDIATION_DAYS."""
        if self._chance(county.EXTENDED):
            return self.random.randint(31, 41), True
        if self._chance(county.PAST_THE_PERIOD):
            return self.random.randint(33, 48), False
        return max(4, min(29, round(self.random.gauss(county.MEAN_MEDIATION_DAYS - 3, 6.5)))), False

    def _amount(self):
        middle, spread = county.SUMS_CNY[self.kind]
        return max(200, int(self.random.lognormvariate(math.log(middle), spread) // 100 * 100))

    def _person(self, label):
        name = self.random.choice(county.SURNAMES) + self.random.choice(county.GIVEN_NAMES)
        party = {"role": label.split("-")[0], "name": f"{name}（虚构）", "phone": f"000-{self.random.randrange(10**8):08}"}
        return party | {"id_number": self._identity(self.parties.index(label))}

    def _identity(self, nth):
        """An identity number that nobody has (area 999999, born before 1930), with a right check digit: only such a one proves who is who."""
        born = date(1900, 1, 1) + timedelta(days=self.number // 300 % 10_000)
        number = f"999999{born:%Y%m%d}{self.number % 300 * 3 + nth:03}"
        return number + mod_11_2.calc_check_digit(number)

    def _report_no(self, agency):
        return f"演示{self.seed}-{agency}-{self.number:05}"

    def _archive_no(self):
        return f"演示{self.seed}-卷-{self.number:05}"

    def _slip(self):
        """The mistake of this life, if it has one."""
        dice = self.random.random()
        if dice < county.ILLEGAL:
            return self.random.choice(("early agreement", "another body", "before consent", "archived too early"))
        if dice < county.ILLEGAL + county.NOT_THEIRS:
            return "not theirs"
        return "wrong code" if dice < county.ILLEGAL + county.NOT_THEIRS + county.WRONG_CODE else None

    # the dice and the hour

    def _chance(self, share):
        return self.random.random() < share

    def _one_of(self, weights):
        return self.random.choices(list(weights), list(weights.values()))[0]

    def _hours(self, least, most):
        self.now += timedelta(minutes=self.random.randint(60 * least, 60 * most))

    def _office(self, workdays=0, hours=(0, 2)):
        self._hours(*hours)
        self.now = in_office_hours(workdays_later(self.now, workdays) if workdays else self.now, self.random.randint(5, 150))

    def _move_to(self, moment):
        self.now = in_office_hours(max(self.now, moment), self.random.randint(5, 150))
