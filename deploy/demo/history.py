"""Lives of made-up disputes, step by step: who says what, when. Pure; the same seed gives the same lives.

Every person is invented and marked so (虚构). No life carries a safeguard flag: that lane is not open, and a report with one is refused.
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
        if self._screen() and self._refer() and self._gather_consents():
            self._mediate()
        self._archive()
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

    def _screen(self):
        self._office(workdays=2 if self._chance(county.LATE_SCREENING) else 0, hours=(1, 7))
        suitable = not self._chance(county.UNSUITABLE)
        by = "womens_federation" if self.kind == "family" and self._chance(0.3) else "mediation_centre"
        if self.reporter.startswith("court") and self._chance(0.5):
            by = self.reporter
        self._say(by, "dispute.screened", {"suitable": suitable, "track": "A", "kind": self.kind})
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
        if self._chance(0.35):
            self._say(self.body, "mediator.agreed", {"mediator": self.mediator})
        return True

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
        if extended:
            self._move_to(self.accepted_at + timedelta(days=self.random.randint(22, 26)))
            self._say(self.body, "mediation.extended", {"days": 15, "consents": self.parties})
        self._move_to(end)
        if self._chance(county.SUSPENDED):
            self._say(self.body, "mediation.suspended", {"reason": "suspected_sham"})
            self._office(workdays=3, hours=(1, 5))
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
        kept = True
        for number, term in enumerate(terms, 1):
            kept &= self._perform(number, date.fromisoformat(term["due_on"]))
        if not terms or self._chance(county.FOLLOWED_UP):
            self._office(workdays=self.random.randint(2, 14), hours=(0, 6))
            by = self.body if self._chance(0.6) else "mediation_centre"
            self._say(by, "dispute.followed_up", {"settled": kept, "satisfied": kept and self._chance(0.93)})

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
        unsuitable = not any(step.type == "dispute.routed" for step in self.steps)
        self._say("mediation_centre" if unsuitable else self.body, "dispute.archived", {"archive_no": self._archive_no()})

    # what they are made of

    def _say(self, agency, type, data, subject=None, expected="receipt.applied"):
        self.steps.append(Step(f"demo-{self.seed}-{self.number:05}-{len(self.steps) + 1:02}", agency, type, data, self.now, subject, expected))
        self.now += timedelta(minutes=self.random.randint(2, 25))

    def _route(self, to, reason):
        self._office(hours=(0, 3))
        self.asked = to
        self._say("mediation_centre", "dispute.routed", {"to": to, "reason": reason})

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
