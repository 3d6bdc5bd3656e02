"""The hub on paper: the very rules of intake and mediation, event after event, with dictionaries for tables. No broker, no database, no time."""

import json
from collections import defaultdict
from copy import deepcopy
from datetime import date, datetime
from functools import cache

import contracts
from contracts.dates import SHANGHAI
from demo import bodies
from demo.history import whole_quarter
from demo.steps import FIRST, Code, Life, Step
from plumbing.events import Delivery, Event
from services.intake import codes, domain, duplicates, joining
from services.intake.model import Known, StoredReport
from services.mediation.law.policy import USUAL_POLICY
from services.mediation.rosters import roster_events
from services.mediation.safeguard import lane

NOW = datetime(2027, 12, 1, tzinfo=SHANGHAI)
KEY = bytes(32)


class Hub:
    """Owns what intake and mediation know. `heard` is all that is said in the ordinary voices; the dashboard hears no other."""

    def __init__(self):
        self.known = Known()
        self.disputes = {}  # mediation's, by code
        self.heard: list[tuple[str, str, dict]] = []
        self.sealed: list[tuple[str, str, dict]] = []
        self._registrations, self._seq = {}, 0
        self.roster = bodies.roster()

    def tell(self, life: Life) -> list[tuple[Step, str, str | None]]:
        """(step, its last receipt, why not) of each step, in order."""
        given, answers = {}, []
        for step in life.steps:
            verdict, outcome, why = self.says(step, *(_filled(part, given) for part in (step.subject, step.data)))
            if verdict.dispute is not None:
                given[step.of] = verdict.dispute.code
            answers.append((step, outcome, why))
        self.code = given.get(FIRST)
        return answers

    def says(self, step, subject, data):
        self._seq += 1
        event = Event(f"/agencies/{step.agency}", step.id, step.type, subject, step.time, data)
        event.delivery = Delivery(json.dumps(data, ensure_ascii=False).encode())
        (verdict,) = domain.decide_all([domain.check(event, NOW, KEY, KEY)], self.known)
        if verdict.refused is not None:
            return verdict, "receipt.refused", verdict.refused["code"]
        self._keep(verdict)
        if verdict.organisation:
            return verdict, *self._change_roster(verdict)
        receipt, why = None, None
        for stream, word, told in domain.facts_of(verdict):
            answer = self._mediation_hears(stream, word, verdict.dispute, told, step.id)
            receipt, why = answer if answer != (None, None) else (receipt, why)
        extra = verdict.extra
        if verdict.request is not None:
            extra = joining.settle(verdict.request, receipt == "receipt.applied", self.known.stored)[1]
        for one in extra:
            self._mediation_hears(None, one.type, one.about, one.data(), step.id)
        return verdict, receipt, why

    def _keep(self, verdict):
        verdict.logged.seq = self._seq
        if verdict.organisation:
            return
        if verdict.registers:
            verdict.dispute.code = codes.make(contracts.COUNTY.area, 2026, len(self.known.disputes) + 1)
            self.known.disputes[verdict.dispute.code] = verdict.dispute
            self._registrations[verdict.dispute.code] = contracts.dump(*domain.fact_of(verdict), "intake")
        if verdict.dispute.code is None:
            verdict.dispute.code = verdict.dispute.root.code
        if verdict.introduces:
            facts = json.loads(json.dumps(domain.registration(verdict), default=str))
            self.known.stored.append(
                StoredReport(
                    verdict.agency, verdict.event.subject, self._seq, verdict.event.id, verdict.registers, facts, self.known.disputes[verdict.dispute.code]
                )
            )
        if verdict.report is not None:
            for token in duplicates.tokens_that_find(verdict.report):
                self.known.similar.setdefault(token, []).append(verdict.report)

    def _mediation_hears(self, stream, word, about, told, id):
        told = contracts.dump(word, told, stream or "intake")
        (self.sealed if stream else self.heard).append((word, about.code, told))
        event = Event(stream or "intake", id, word, about.code, NOW, told)
        decision = lane.decide(self.disputes.get(about.code), event, NOW, USUAL_POLICY, self.roster)
        if decision.dispute is not None:
            self.disputes[about.code] = decision.dispute
        said = [(word, contracts.dump(word, data, "mediation")) for word, data in (*decision.said, *decision.late)]
        sealed = [(word, contracts.dump(word, data, "mediation-safeguard")) for word, data in decision.sealed]
        self.heard += [(word, about.code, data) for word, data in said]
        self.sealed += [(word, about.code, data) for word, data in sealed]
        for word, data in sealed:
            if word in ("safeguard.held", "safeguard.released"):
                self._intake_hears(about, word, data)
        outcome = next(((word, data) for word, data in (*said, *sealed) if word in domain.STEP_OUTCOMES and data["event"]["id"] == id), None)
        if outcome is None:
            return None, None
        word, data = outcome
        if stream is None:
            about.standing = joining.standing_in(data["state"])
        return ("receipt.applied", None) if word == "step.applied" else ("receipt.rejected", data["reason"]["code"])

    def _intake_hears(self, dispute, word, data):
        """The door keeps the seal; what has ended comes out, as if it were reported today."""
        if word == "safeguard.held":
            return  # it was sealed when the word came in
        dispute.seal.holds = set(data["left"])
        if not dispute.seal.holds:
            reported_in_lane, dispute.seal = dispute.seal.reported_in_lane, None
            if reported_in_lane:
                told = {**self._registrations[dispute.code], "happened_at": NOW}
                self._mediation_hears(None, "dispute.registered", dispute, told, "comes-out")

    def _change_roster(self, verdict):
        if self.roster is bodies.roster():
            self.roster = deepcopy(self.roster)
        told = Event("intake", verdict.event.id, "roster.reported", verdict.organisation, NOW, contracts.dump(*domain.fact_of(verdict), "intake"))
        _, (word, data) = roster_events.decide(told, self.roster)
        self.heard += [(told.type, told.subject, told.data), (word, told.subject, contracts.dump(word, data, "mediation"))]
        return ("receipt.applied", None) if word == "roster.changed" else ("receipt.rejected", data["reason"]["code"])


def _filled(part, given):
    if isinstance(part, dict):
        return {name: _filled(value, given) for name, value in part.items()}
    return given[part.of] if isinstance(part, Code) else part


class _Noting(Hub):
    """Notes what is said of each event that takes effect."""

    def __init__(self, noted):
        super().__init__()
        self.noted = noted

    def says(self, step, subject, data):
        heard, sealed = len(self.heard), len(self.sealed)
        verdict, outcome, why = super().says(step, subject, data)
        if outcome == "receipt.applied":
            self.noted[step.type].append((self.heard[heard:], self.sealed[sealed:]))
        return verdict, outcome, why


@cache
def quarter_told() -> tuple[list[tuple[Life, Hub, list]], dict[str, list[tuple[list, list]]]]:
    """What the hub makes of a whole quarter as the demonstration tells it: (life, hub, answers) of each.

    And by agency event, for each time that it took effect, what was said in the ordinary voices and what sealed: [(word, about, data)].
    """
    noted = defaultdict(list)
    hubs = [(life, _Noting(noted)) for life in whole_quarter(seed=1, disputes=1200, until=date(2026, 10, 1))]
    return [(life, hub, hub.tell(life)) for life, hub in hubs], noted
