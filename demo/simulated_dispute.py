"""State of one dispute during its simulation: random numbers, simulated time and steps so far. The package `stages` adds the steps. No I/O."""

import math
from datetime import date, datetime, timedelta
from random import Random

from stdnum.iso7064 import mod_11_2

from contracts.dates import SHANGHAI
from demo import bodies, county
from demo.probabilities import CHOICE_WEIGHTS, PROBABILITY_OF_BRANCH
from demo.steps import APPLIED, FIRST_REPORT, CodePlaceholder, DisputeHistory, Step
from demo.workdays import next_office_time, workdays_later


class SimulatedDispute:
    """A dispute during its simulation. `now`: simulated time of the next step. `mistake`: the deliberate mistake of an agency in this dispute, or None."""

    def __init__(self, seed: int, number: int, reported_at: datetime):
        self.seed, self.number, self.now = seed, number, reported_at
        self.random = Random(f"枫桥 {seed} {number}")
        self.steps: list[Step] = []
        self.decisions: list[tuple[str, str | bool]] = []
        self.township, self.kind = self.choose_weighted(county.RESIDENTS_OF_TOWNSHIP), self.choose_weighted(county.KIND_PERCENTAGES)
        places = bodies.villages_with_committee(self.township)
        self.village = self.random.choice(places) if self.happens("in a village") and places else None
        self.candidates = bodies.proposed_bodies(self.kind, self.township, self.village)
        self.set_body(county.usual_body_for(self.kind, self.township))
        self.reporter = self.choose_weighted({code: weight for code, (weight, _) in county.REPORTING_AGENCIES.items()})
        self.channel = self.choose_weighted(county.REPORTING_AGENCIES[self.reporter][1])
        self.reporter = self.body if self.reporter == county.MEDIATING_BODY else self.reporter
        self.party_labels = ["applicant", "respondent"] + (["respondent-2"] if self.happens("third party") else [])
        self.mistake = self.choose("kind of mistake") if self.happens("agency mistake") else None
        self.amount_cny, self.mediator, self.accepted_at, self.is_filed, self.has_terms = None, None, reported_at, False, False
        self.period_ends = reported_at

    def to_history(self) -> DisputeHistory:
        return DisputeHistory(self.number, self.township, self.kind, self.body, tuple(self.steps), tuple(self.decisions))

    def set_body(self, body: str, organisation: str | None = None) -> None:
        """Set the mediation body, and optionally its organisation, to which the dispute is referred."""
        self.body, self.organisation = body, organisation

    @property
    def mediation_period(self) -> tuple[int, str]:
        """Period for mediation as (days, clock). For a medical dispute that another than the medical body mediates, it is the default period."""
        other_body = self.kind == "medical" and self.body != county.BODY_OF_KIND.get("medical")
        return county.DEFAULT_MEDIATION_PERIOD if other_body else county.MEDIATION_PERIODS.get(self.kind, county.DEFAULT_MEDIATION_PERIOD)

    @property
    def responsible_court(self) -> str:
        return county.court_for_body(self.body)

    @property
    def last_step(self) -> Step:
        return self.steps[-1]

    # ── steps and their data ──────────────────────────────────────────────────────────────────────────────────────────

    def add_step(self, agency, type, data=None, *, subject=None, expected=APPLIED, report=FIRST_REPORT, without_waiting=False) -> Step:
        """Add a step at the simulated time, advance the time by some minutes, and return the step. See the class Step for the parameters."""
        number = f"demo-{self.seed}-{self.number:05}-{len(self.steps) + 1:02}"
        self.steps.append(Step(number, agency, type, data or {}, self.now, subject or CodePlaceholder(report), expected, report, without_waiting))
        self.now += timedelta(minutes=self.random.randint(2, 25))
        return self.last_step

    def current_date(self) -> str:
        return self.now.astimezone(SHANGHAI).date().isoformat()

    def report_no(self, agency: str) -> str:
        return f"演示{self.seed}-{agency}-{self.number:05}"

    def archive_no(self) -> str:
        return f"演示{self.seed}-卷-{self.number:05}"

    def random_amount(self) -> int:
        middle, spread = county.AMOUNT_DISTRIBUTIONS_CNY[self.kind]
        return max(200, int(self.random.lognormvariate(math.log(middle), spread) // 100 * 100))

    def invented_person(self, label: str) -> dict:
        name = self.random.choice(county.SURNAMES) + self.random.choice(county.GIVEN_NAMES)
        party = {"role": label.split("-")[0], "name": f"{name}（虚构）", "phone": f"000-{self.random.randrange(10**8):08}"}
        return party | {"id_number": self._invented_identity_number(self.party_labels.index(label))}

    def _invented_identity_number(self, party_index):
        """Return an identity number that no real person has: area 999999, born before 1930.

        Its check digit is valid, because intake matches parties only by valid numbers.
        """
        birthday = date(1900, 1, 1) + timedelta(days=self.number // 300 % 10_000)
        number = f"999999{birthday:%Y%m%d}{self.number % 300 * 3 + party_index:03}"
        return number + mod_11_2.calc_check_digit(number)

    # ── random decisions ──────────────────────────────────────────────────────────────────────────────────────────────

    def happens(self, branch: str) -> bool:
        """Decide at random, with the probability in BRANCHES, whether the branch happens. Record and return the decision."""
        self.decisions.append((branch, self.random.random() < PROBABILITY_OF_BRANCH[branch]))
        return self.decisions[-1][1]

    def choose(self, choice: str):
        """Choose an option at random, with the weights in CHOICE_WEIGHTS. Record and return the option."""
        self.decisions.append((choice, self.choose_weighted(CHOICE_WEIGHTS[choice])))
        return self.decisions[-1][1]

    def choose_weighted(self, weights: dict):
        return self.random.choices(list(weights), list(weights.values()))[0]

    # ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def advance_by_hours(self, least: float, most: float) -> None:
        """Advance the simulated time by a random duration between `least` and `most` hours."""
        self.now += timedelta(minutes=self.random.randint(int(60 * least), int(60 * most)))

    def advance_time(self, workdays: int = 0, hours: tuple[float, float] = (0, 2)) -> None:
        """Advance the simulated time by a random number of hours and then by working days, to a time in office hours.

        `hours`: smallest and largest number of hours.
        """
        self.advance_by_hours(*hours)
        self.now = next_office_time(workdays_later(self.now, workdays) if workdays else self.now, self.random.randint(5, 150))

    def advance_time_to(self, moment: datetime) -> None:
        """Advance the simulated time to `moment`, if that is later than now, and then to a time in office hours."""
        self.now = next_office_time(max(self.now, moment), self.random.randint(5, 150))
