"""One simulated dispute: its random numbers, its current time and its steps so far. The steps of each stage are added in `stages`. Pure."""

import math
from datetime import date, datetime, timedelta
from random import Random

from stdnum.iso7064 import mod_11_2

from contracts.dates import SHANGHAI
from demo import bodies, county
from demo.probabilities import CHOICES, SHARES
from demo.steps import APPLIED, FIRST, CodePlaceholder, DisputeHistory, Step
from demo.workdays import next_office_time, workdays_later


class SimulatedDispute:
    """A dispute during its simulation. `now` is the simulated time at which the next step happens."""

    def __init__(self, seed: int, number: int, reported_at: datetime):
        self.seed, self.number, self.now = seed, number, reported_at
        self.random = Random(f"枫桥 {seed} {number}")
        self.steps: list[Step] = []
        self.decisions: list[tuple[str, str | bool]] = []
        self.township, self.kind = self.choose_weighted(county.RESIDENTS), self.choose_weighted(county.KINDS)
        places = bodies.villages(self.township)
        self.village = self.random.choice(places) if self.happens("in a village") and places else None
        self.candidates = bodies.proposed_bodies(self.kind, self.township, self.village)
        self.set_body(county.usual_body_of(self.kind, self.township))
        self.reporter = self.choose_weighted({code: weight for code, (weight, _) in county.REPORTERS.items()})
        self.channel = self.choose_weighted(county.REPORTERS[self.reporter][1])
        self.reporter = self.body if self.reporter == county.MEDIATING_BODY else self.reporter
        self.party_labels = ["applicant", "respondent"] + (["respondent-2"] if self.happens("third party") else [])
        self.mistake = self.choose("kind of mistake") if self.happens("agency mistake") else None
        self.amount_cny, self.mediator, self.accepted_at, self.is_filed, self.has_terms = None, None, reported_at, False, False
        self.period_ends = reported_at

    def history(self) -> DisputeHistory:
        return DisputeHistory(self.number, self.township, self.kind, self.body, tuple(self.steps), tuple(self.decisions))

    def set_body(self, body: str, organisation: str | None = None) -> None:
        """Set the body, and organisation of it, that the dispute is sent to."""
        self.body, self.organisation = body, organisation

    @property
    def period(self) -> tuple[int, str]:
        """The period for mediation: (days, clock). A medical dispute at another than the medical body has the default period."""
        other_body = self.kind == "medical" and self.body != county.BODY_OF_KIND.get("medical")
        return county.DEFAULT_PERIOD if other_body else county.PERIODS.get(self.kind, county.DEFAULT_PERIOD)

    @property
    def court(self) -> str:
        return county.court_of(self.body)

    @property
    def last_step(self) -> Step:
        return self.steps[-1]

    # ── steps and their data ──────────────────────────────────────────────────────────────────────────────────────────

    def add_step(self, agency, type, data=None, *, subject=None, expected=APPLIED, report=FIRST, without_waiting=False) -> Step:
        """Add a step at the current time and advance by some minutes. See `Step` for the parameters."""
        number = f"demo-{self.seed}-{self.number:05}-{len(self.steps) + 1:02}"
        self.steps.append(Step(number, agency, type, data or {}, self.now, subject or CodePlaceholder(report), expected, report, without_waiting))
        self.now += timedelta(minutes=self.random.randint(2, 25))
        return self.last_step

    def today(self) -> str:
        return self.now.astimezone(SHANGHAI).date().isoformat()

    def report_no(self, agency: str) -> str:
        return f"演示{self.seed}-{agency}-{self.number:05}"

    def archive_no(self) -> str:
        return f"演示{self.seed}-卷-{self.number:05}"

    def random_amount(self) -> int:
        middle, spread = county.AMOUNTS_CNY[self.kind]
        return max(200, int(self.random.lognormvariate(math.log(middle), spread) // 100 * 100))

    def person(self, label: str) -> dict:
        name = self.random.choice(county.SURNAMES) + self.random.choice(county.GIVEN_NAMES)
        party = {"role": label.split("-")[0], "name": f"{name}（虚构）", "phone": f"000-{self.random.randrange(10**8):08}"}
        return party | {"id_number": self._identity(self.party_labels.index(label))}

    def _identity(self, party_index):
        """Return an identity number that no real person has (area 999999, born before 1930), with a valid check digit, as intake requires to match parties."""
        birthday = date(1900, 1, 1) + timedelta(days=self.number // 300 % 10_000)
        number = f"999999{birthday:%Y%m%d}{self.number % 300 * 3 + party_index:03}"
        return number + mod_11_2.calc_check_digit(number)

    # ── random decisions ──────────────────────────────────────────────────────────────────────────────────────────────

    def happens(self, branch: str) -> bool:
        """Decide at random, with the share in BRANCHES, whether the branch happens, and record the decision."""
        self.decisions.append((branch, self.random.random() < SHARES[branch]))
        return self.decisions[-1][1]

    def choose(self, choice: str):
        """Choose an option at random, with the weights in CHOICES, and record the decision."""
        self.decisions.append((choice, self.choose_weighted(CHOICES[choice])))
        return self.decisions[-1][1]

    def choose_weighted(self, weights: dict):
        return self.random.choices(list(weights), list(weights.values()))[0]

    # ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def advance_hours(self, least: float, most: float) -> None:
        """Advance by a random time between `least` and `most` hours."""
        self.now += timedelta(minutes=self.random.randint(int(60 * least), int(60 * most)))

    def advance(self, workdays: int = 0, hours: tuple[float, float] = (0, 2)) -> None:
        """Advance by random hours and then by working days, to a time in office hours."""
        self.advance_hours(*hours)
        self.now = next_office_time(workdays_later(self.now, workdays) if workdays else self.now, self.random.randint(5, 150))

    def advance_to(self, moment: datetime) -> None:
        """Advance to `moment` if it is later, and then to a time in office hours."""
        self.now = next_office_time(max(self.now, moment), self.random.randint(5, 150))
