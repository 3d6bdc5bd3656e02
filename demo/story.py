"""One made-up dispute while it is told: its dice, its hour, the steps so far. What happens to it stands in chapters/. Pure."""

import math
from datetime import date, datetime, timedelta
from random import Random

from stdnum.iso7064 import mod_11_2

from contracts.dates import SHANGHAI
from demo import bodies, county
from demo.steps import APPLIED, FIRST, Code, Life, Step
from demo.ways import CROSSROADS, SHARES
from demo.workdays import in_office_hours, workdays_later


class Story:
    """Owns the dice, the hour and the steps told so far."""

    def __init__(self, seed: int, number: int, begins: datetime):
        self.seed, self.number, self.now = seed, number, begins
        self.random = Random(f"枫桥 {seed} {number}")
        self.steps: list[Step] = []
        self.rolled: list[tuple[str, str | bool]] = []
        self.township, self.kind = self.one_of(county.RESIDENTS), self.one_of(county.KINDS)
        places = bodies.villages(self.township)
        self.village = self.random.choice(places) if self.goes("in a village") and places else None
        self.candidates = bodies.proposed(self.kind, self.township, self.village)
        self.asks(county.body_of(self.kind, self.township))
        self.reporter = self.one_of({code: weight for code, (weight, _) in county.REPORTERS.items()})
        self.channel = self.one_of(county.REPORTERS[self.reporter][1])
        self.reporter = self.body if self.reporter == county.THE_BODY else self.reporter
        self.parties = ["applicant", "respondent"] + (["respondent-2"] if self.goes("more than two sides") else [])
        self.slip = self.at("slip") if self.goes("a slip") else None
        self.sum, self.mediator, self.accepted_at, self.is_filed, self.has_terms = None, None, begins, False, False
        self.period_ends = begins

    def life(self) -> Life:
        return Life(self.number, self.township, self.kind, self.body, tuple(self.steps), tuple(self.rolled))

    def asks(self, body: str, organisation: str | None = None) -> None:
        """Whom the dispute is sent to."""
        self.body, self.organisation = body, organisation

    @property
    def period(self) -> tuple[int, str]:
        """How long mediation may take, in days, and the clock that says so. A committee that is no medical one has the ordinary time."""
        other_body = self.kind == "medical" and self.body != county.KIND_BODIES.get("medical")
        return county.PERIOD_ELSE if other_body else county.PERIODS.get(self.kind, county.PERIOD_ELSE)

    @property
    def court(self) -> str:
        return county.court_of(self.body)

    @property
    def last(self) -> Step:
        return self.steps[-1]

    # ── what is said ──

    def say(self, agency, type, data=None, *, subject=None, expected=APPLIED, of=FIRST, at_once=False) -> Step:
        number = f"demo-{self.seed}-{self.number:05}-{len(self.steps) + 1:02}"
        self.steps.append(Step(number, agency, type, data or {}, self.now, subject or Code(of), expected, of, at_once))
        self.now += timedelta(minutes=self.random.randint(2, 25))
        return self.last

    def today(self) -> str:
        return self.now.astimezone(SHANGHAI).date().isoformat()

    def report_no(self, agency: str) -> str:
        return f"演示{self.seed}-{agency}-{self.number:05}"

    def archive_no(self) -> str:
        return f"演示{self.seed}-卷-{self.number:05}"

    def amount(self) -> int:
        middle, spread = county.SUMS_CNY[self.kind]
        return max(200, int(self.random.lognormvariate(math.log(middle), spread) // 100 * 100))

    def person(self, label: str) -> dict:
        name = self.random.choice(county.SURNAMES) + self.random.choice(county.GIVEN_NAMES)
        party = {"role": label.split("-")[0], "name": f"{name}（虚构）", "phone": f"000-{self.random.randrange(10**8):08}"}
        return party | {"id_number": self._identity(self.parties.index(label))}

    def _identity(self, nth):
        """An identity number that nobody has (area 999999, born before 1930), with a right check digit: only such a one proves who is who."""
        born = date(1900, 1, 1) + timedelta(days=self.number // 300 % 10_000)
        number = f"999999{born:%Y%m%d}{self.number % 300 * 3 + nth:03}"
        return number + mod_11_2.calc_check_digit(number)

    # ── the dice ──

    def goes(self, way: str) -> bool:
        """Whether it goes this way, by the table of ways."""
        self.rolled.append((way, self.random.random() < SHARES[way]))
        return self.rolled[-1][1]

    def at(self, crossroads: str):
        """Which way it goes where there are several."""
        self.rolled.append((crossroads, self.one_of(CROSSROADS[crossroads])))
        return self.rolled[-1][1]

    def one_of(self, weights: dict):
        return self.random.choices(list(weights), list(weights.values()))[0]

    # ── the hour ──

    def hours(self, least: float, most: float) -> None:
        self.now += timedelta(minutes=self.random.randint(int(60 * least), int(60 * most)))

    def office(self, workdays: int = 0, hours: tuple[float, float] = (0, 2)) -> None:
        self.hours(*hours)
        self.now = in_office_hours(workdays_later(self.now, workdays) if workdays else self.now, self.random.randint(5, 150))

    def move_to(self, moment: datetime) -> None:
        self.now = in_office_hours(max(self.now, moment), self.random.randint(5, 150))
