"""Intake and mediation in memory: the services' own rules, applied event by event to dictionaries instead of tables. No broker, no database."""

import json
from collections import defaultdict
from copy import deepcopy
from datetime import date, datetime
from functools import cache

import contracts
from contracts.dates import SHANGHAI
from demo import bodies
from demo.history import simulate_history
from demo.steps import FIRST_REPORT, CodePlaceholder, DisputeHistory, Step
from plumbing.events import Delivery, Event
from services.intake import codes, domain, duplicates, joining
from services.intake.model import BatchContext, StoredReport
from services.mediation.law.policy import USUAL_POLICY
from services.mediation.rosters import roster_events
from services.mediation.safeguard import lane

DECISION_TIME = datetime(2027, 12, 1, tzinfo=SHANGHAI)
TEST_KEY = bytes(32)


class InMemoryHub:
    """State of intake and mediation in memory, and the events that they have published on the ordinary and on the sealed streams."""

    def __init__(self):
        self.batch_context = BatchContext()
        self.disputes = {}  # mediation's state of each dispute, by code
        self.published_events: list[tuple[str, str, dict]] = []
        self.published_sealed_events: list[tuple[str, str, dict]] = []
        self._registration_data, self._last_seq = {}, 0
        self.roster = bodies.roster()

    def apply_history(self, history: DisputeHistory) -> list[tuple[Step, str, str | None]]:
        """Apply all steps in order. Return a list of (step, type of the outcome receipt, reason of a refusal or rejection)."""
        codes_by_report, results = {}, []
        for step in history.steps:
            intake_decision, outcome, reason = self.apply_step(step, *(_replace_placeholders(part, codes_by_report) for part in (step.subject, step.data)))
            if intake_decision.dispute is not None:
                codes_by_report[step.report] = intake_decision.dispute.code
            results.append((step, outcome, reason))
        self.code = codes_by_report.get(FIRST_REPORT)
        return results

    def apply_step(self, step, subject, data):
        """Apply one step. Return intake's decision, the type of the outcome receipt, and the reason of a refusal or rejection."""
        self._last_seq += 1
        event = Event(f"/agencies/{step.agency}", step.id, step.type, subject, step.time, data)
        event.delivery = Delivery(json.dumps(data, ensure_ascii=False).encode())
        (intake_decision,) = domain.decide_all([domain.check(event, DECISION_TIME, TEST_KEY, TEST_KEY)], self.batch_context)
        if intake_decision.refusal is not None:
            return intake_decision, "receipt.refused", intake_decision.refusal["code"]
        self._store_accepted_step(intake_decision)
        if intake_decision.organisation:
            return intake_decision, *self._change_roster(intake_decision)
        receipt, reason = None, None
        for stream, event_type, facts in domain.domain_events_by_stream(intake_decision):
            answer = self._send_to_mediation(stream, event_type, intake_decision.dispute, facts, step.id)
            receipt, reason = answer if answer != (None, None) else (receipt, reason)
        extra_events = intake_decision.extra_events
        if intake_decision.join_request is not None:
            extra_events = joining.apply_outcome(intake_decision.join_request, receipt == "receipt.applied", self.batch_context.stored_reports)[1]
        for extra_event in extra_events:
            self._send_to_mediation(None, extra_event.type, extra_event.dispute, extra_event.data(), step.id)
        return intake_decision, receipt, reason

    def _store_accepted_step(self, intake_decision):
        intake_decision.log_entry.seq = self._last_seq
        if intake_decision.organisation:
            return
        if intake_decision.registers_dispute:
            intake_decision.dispute.code = codes.make_code(contracts.COUNTY.area, 2026, len(self.batch_context.disputes) + 1)
            self.batch_context.disputes[intake_decision.dispute.code] = intake_decision.dispute
            self._registration_data[intake_decision.dispute.code] = contracts.dump(*domain.domain_event_of(intake_decision), "intake")
        if intake_decision.dispute.code is None:
            intake_decision.dispute.code = intake_decision.dispute.root.code
        if intake_decision.is_new_report:
            facts = json.loads(json.dumps(domain.registration_facts(intake_decision), default=str))
            self.batch_context.stored_reports.append(
                StoredReport(
                    intake_decision.agency,
                    intake_decision.event.subject,
                    self._last_seq,
                    intake_decision.event.id,
                    intake_decision.event.time,
                    intake_decision.registers_dispute,
                    facts,
                    self.batch_context.disputes[intake_decision.dispute.code],
                )
            )
        if intake_decision.comparable_report is not None:
            for token in duplicates.lookup_tokens(intake_decision.comparable_report):
                self.batch_context.reports_by_token.setdefault(token, []).append(intake_decision.comparable_report)

    def _send_to_mediation(self, stream, event_type, dispute, data, id):
        data = contracts.dump(event_type, data, stream or "intake")
        (self.published_sealed_events if stream else self.published_events).append((event_type, dispute.code, data))
        event = Event(stream or "intake", id, event_type, dispute.code, DECISION_TIME, data)
        decision = lane.decide(self.disputes.get(dispute.code), event, DECISION_TIME, USUAL_POLICY, self.roster)
        if decision.dispute is not None:
            self.disputes[dispute.code] = decision.dispute
        ordinary = [(event_type, contracts.dump(event_type, data, "mediation")) for event_type, data in (*decision.new_events, *decision.delayed_events)]
        sealed = [(event_type, contracts.dump(event_type, data, "mediation-safeguard")) for event_type, data in decision.sealed_events]
        self.published_events += [(event_type, dispute.code, data) for event_type, data in ordinary]
        self.published_sealed_events += [(event_type, dispute.code, data) for event_type, data in sealed]
        for event_type, data in sealed:
            if event_type in ("safeguard.held", "safeguard.released"):
                self._send_to_intake(dispute, event_type, data)
        outcomes = ((event_type, data) for event_type, data in (*ordinary, *sealed) if contracts.step_outcome(event_type, data) and data["event"]["id"] == id)
        outcome = next(outcomes, None)
        if outcome is None:
            return None, None
        event_type, data = outcome
        if stream is None:
            dispute.phase = joining.phase_of_state(data["state"])
        return ("receipt.rejected", data["reason"]["code"]) if event_type == "step.refused" else ("receipt.applied", None)

    def _send_to_intake(self, dispute, event_type, data):
        """Update intake's safeguard lane record. When the last hold ends, publish the registration of a dispute that was reported as safeguarded."""
        if event_type == "safeguard.held":
            return  # intake already moved the dispute into the safeguard lane when it accepted the step
        dispute.safeguard_lane_record.holds = set(data["left"])
        if not dispute.safeguard_lane_record.holds:
            reported_in_lane, dispute.safeguard_lane_record = dispute.safeguard_lane_record.reported_in_lane, None
            if reported_in_lane:
                data = {**self._registration_data[dispute.code], "happened_at": DECISION_TIME}
                self._send_to_mediation(None, "dispute.registered", dispute, data, "seal-ended")

    def _change_roster(self, intake_decision):
        if self.roster is bodies.roster():
            self.roster = deepcopy(self.roster)
        reported = Event(
            "intake",
            intake_decision.event.id,
            "roster.reported",
            intake_decision.organisation,
            DECISION_TIME,
            contracts.dump(*domain.domain_event_of(intake_decision), "intake"),
        )
        _, (event_type, data) = roster_events.decide(reported, self.roster)
        self.published_events += [
            (reported.type, reported.subject, reported.data),
            (event_type, reported.subject, contracts.dump(event_type, data, "mediation")),
        ]
        return ("receipt.applied", None) if event_type == "roster.changed" else ("receipt.rejected", data["reason"]["code"])


def _replace_placeholders(part, codes_by_report):
    if isinstance(part, dict):
        return {name: _replace_placeholders(value, codes_by_report) for name, value in part.items()}
    return codes_by_report[part.report] if isinstance(part, CodePlaceholder) else part


class _RecordingHub(InMemoryHub):
    """In-memory hub that also records the events that were published because of each applied step."""

    def __init__(self, published_by_event):
        super().__init__()
        self.published_by_event = published_by_event

    def apply_step(self, step, subject, data):
        ordinary_count, sealed_count = len(self.published_events), len(self.published_sealed_events)
        intake_decision, outcome, reason = super().apply_step(step, subject, data)
        if outcome == "receipt.applied":
            self.published_by_event[step.type].append((self.published_events[ordinary_count:], self.published_sealed_events[sealed_count:]))
        return intake_decision, outcome, reason


@cache
def simulated_quarter() -> tuple[list[tuple[DisputeHistory, InMemoryHub, list]], dict[str, list[tuple[list, list]]]]:
    """Simulate a quarter and apply each dispute to a separate in-memory hub.

    Return a list of (history, hub, results of the steps), and {type of agency event: [(ordinary events, sealed events)]} with the events published because
    of each applied agency event. An event is (type, subject, data).
    """
    published_by_event = defaultdict(list)
    hubs = [(history, _RecordingHub(published_by_event)) for history in simulate_history(seed=1, disputes=1200, until=date(2026, 10, 1))]
    return [(history, hub, hub.apply_history(history)) for history, hub in hubs], published_by_event
