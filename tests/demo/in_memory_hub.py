"""Intake and mediation in memory: their own rules, applied event after event, with dictionaries in place of tables. No broker, no database, no clock."""

import json
from collections import defaultdict
from copy import deepcopy
from datetime import date, datetime
from functools import cache

import contracts
from contracts.dates import SHANGHAI
from demo import bodies
from demo.history import simulate_history
from demo.steps import FIRST, CodePlaceholder, DisputeHistory, Step
from plumbing.events import Delivery, Event
from services.intake import codes, domain, duplicates, joining
from services.intake.model import BatchContext, StoredReport
from services.mediation.law.policy import USUAL_POLICY
from services.mediation.rosters import roster_events
from services.mediation.safeguard import lane

NOW = datetime(2027, 12, 1, tzinfo=SHANGHAI)
KEY = bytes(32)


class InMemoryHub:
    """The state of intake and mediation, and the events that they published: ordinary ones, which the dashboard gets, and sealed ones."""

    def __init__(self):
        self.known = BatchContext()
        self.disputes = {}  # mediation's disputes by code
        self.published: list[tuple[str, str, dict]] = []
        self.published_sealed: list[tuple[str, str, dict]] = []
        self._registrations, self._seq = {}, 0
        self.roster = bodies.roster()

    def apply_history(self, history: DisputeHistory) -> list[tuple[Step, str, str | None]]:
        """Apply all steps in order. Return (step, last receipt, reason of a refusal or rejection) for each."""
        codes_by_report, answers = {}, []
        for step in history.steps:
            verdict, outcome, reason = self.apply_step(step, *(_with_codes(part, codes_by_report) for part in (step.subject, step.data)))
            if verdict.dispute is not None:
                codes_by_report[step.report] = verdict.dispute.code
            answers.append((step, outcome, reason))
        self.code = codes_by_report.get(FIRST)
        return answers

    def apply_step(self, step, subject, data):
        """Apply one step. Return intake's verdict, the last receipt, and the reason of a refusal or rejection."""
        self._seq += 1
        event = Event(f"/agencies/{step.agency}", step.id, step.type, subject, step.time, data)
        event.delivery = Delivery(json.dumps(data, ensure_ascii=False).encode())
        (verdict,) = domain.decide_all([domain.check(event, NOW, KEY, KEY)], self.known)
        if verdict.refusal is not None:
            return verdict, "receipt.refused", verdict.refusal["code"]
        self._store(verdict)
        if verdict.organisation:
            return verdict, *self._change_roster(verdict)
        receipt, reason = None, None
        for stream, event_type, facts in domain.facts_by_stream(verdict):
            answer = self._send_to_mediation(stream, event_type, verdict.dispute, facts, step.id)
            receipt, reason = answer if answer != (None, None) else (receipt, reason)
        extra_events = verdict.extra_events
        if verdict.join_request is not None:
            extra_events = joining.apply_outcome(verdict.join_request, receipt == "receipt.applied", self.known.stored_reports)[1]
        for extra_event in extra_events:
            self._send_to_mediation(None, extra_event.type, extra_event.dispute, extra_event.data(), step.id)
        return verdict, receipt, reason

    def _store(self, verdict):
        verdict.log_entry.seq = self._seq
        if verdict.organisation:
            return
        if verdict.registers_dispute:
            verdict.dispute.code = codes.make(contracts.COUNTY.area, 2026, len(self.known.disputes) + 1)
            self.known.disputes[verdict.dispute.code] = verdict.dispute
            self._registrations[verdict.dispute.code] = contracts.dump(*domain.fact_of(verdict), "intake")
        if verdict.dispute.code is None:
            verdict.dispute.code = verdict.dispute.root.code
        if verdict.is_new_report:
            facts = json.loads(json.dumps(domain.registration_facts(verdict), default=str))
            self.known.stored_reports.append(
                StoredReport(
                    verdict.agency,
                    verdict.event.subject,
                    self._seq,
                    verdict.event.id,
                    verdict.registers_dispute,
                    facts,
                    self.known.disputes[verdict.dispute.code],
                )
            )
        if verdict.comparable_report is not None:
            for token in duplicates.lookup_tokens(verdict.comparable_report):
                self.known.reports_by_token.setdefault(token, []).append(verdict.comparable_report)

    def _send_to_mediation(self, stream, event_type, dispute, data, id):
        data = contracts.dump(event_type, data, stream or "intake")
        (self.published_sealed if stream else self.published).append((event_type, dispute.code, data))
        event = Event(stream or "intake", id, event_type, dispute.code, NOW, data)
        decision = lane.decide(self.disputes.get(dispute.code), event, NOW, USUAL_POLICY, self.roster)
        if decision.dispute is not None:
            self.disputes[dispute.code] = decision.dispute
        ordinary = [(event_type, contracts.dump(event_type, data, "mediation")) for event_type, data in (*decision.new_events, *decision.delayed_events)]
        sealed = [(event_type, contracts.dump(event_type, data, "mediation-safeguard")) for event_type, data in decision.sealed_events]
        self.published += [(event_type, dispute.code, data) for event_type, data in ordinary]
        self.published_sealed += [(event_type, dispute.code, data) for event_type, data in sealed]
        for event_type, data in sealed:
            if event_type in ("safeguard.held", "safeguard.released"):
                self._send_to_intake(dispute, event_type, data)
        outcomes = ((event_type, data) for event_type, data in (*ordinary, *sealed) if event_type in domain.STEP_OUTCOMES and data["event"]["id"] == id)
        outcome = next(outcomes, None)
        if outcome is None:
            return None, None
        event_type, data = outcome
        if stream is None:
            dispute.phase = joining.phase_of_state(data["state"])
        return ("receipt.applied", None) if event_type == "step.applied" else ("receipt.rejected", data["reason"]["code"])

    def _send_to_intake(self, dispute, event_type, data):
        """Update intake's lane record. When the last hold ends, publish the registration of a dispute that was reported in the lane."""
        if event_type == "safeguard.held":
            return  # intake put the dispute into the lane when it accepted the step
        dispute.lane_record.holds = set(data["left"])
        if not dispute.lane_record.holds:
            reported_in_lane, dispute.lane_record = dispute.lane_record.reported_in_lane, None
            if reported_in_lane:
                data = {**self._registrations[dispute.code], "happened_at": NOW}
                self._send_to_mediation(None, "dispute.registered", dispute, data, "seal-ended")

    def _change_roster(self, verdict):
        if self.roster is bodies.roster():
            self.roster = deepcopy(self.roster)
        reported = Event("intake", verdict.event.id, "roster.reported", verdict.organisation, NOW, contracts.dump(*domain.fact_of(verdict), "intake"))
        _, (event_type, data) = roster_events.decide(reported, self.roster)
        self.published += [(reported.type, reported.subject, reported.data), (event_type, reported.subject, contracts.dump(event_type, data, "mediation"))]
        return ("receipt.applied", None) if event_type == "roster.changed" else ("receipt.rejected", data["reason"]["code"])


def _with_codes(part, codes_by_report):
    if isinstance(part, dict):
        return {name: _with_codes(value, codes_by_report) for name, value in part.items()}
    return codes_by_report[part.report] if isinstance(part, CodePlaceholder) else part


class _RecordingHub(InMemoryHub):
    """A hub that records the events published because of each step that takes effect."""

    def __init__(self, published_by_event):
        super().__init__()
        self.published_by_event = published_by_event

    def apply_step(self, step, subject, data):
        ordinary_count, sealed_count = len(self.published), len(self.published_sealed)
        verdict, outcome, reason = super().apply_step(step, subject, data)
        if outcome == "receipt.applied":
            self.published_by_event[step.type].append((self.published[ordinary_count:], self.published_sealed[sealed_count:]))
        return verdict, outcome, reason


@cache
def simulated_quarter() -> tuple[list[tuple[DisputeHistory, InMemoryHub, list]], dict[str, list[tuple[list, list]]]]:
    """Apply a simulated quarter, each dispute to a hub of its own. Return (history, hub, results of the steps) of each dispute.

    Also return, by type of agency event and for each one that took effect, the published events, ordinary and sealed: [(type, subject, data)].
    """
    published_by_event = defaultdict(list)
    hubs = [(history, _RecordingHub(published_by_event)) for history in simulate_history(seed=1, disputes=1200, until=date(2026, 10, 1))]
    return [(history, hub, hub.apply_history(history)) for history, hub in hubs], published_by_event
