"""Tests of docs/events.md: the page is current, lists every event in a group of senders, and agrees with the events that intake and mediation publish."""

import pytest

from contracts import AGENCY_EVENTS, AGENCY_STATEMENTS, safeguard
from contracts.facts.mediation import AUTOMATIC_STEPS
from demo.steps import Step
from docs.generate import events as page
from tests.demo.in_memory_hub import InMemoryHub, simulated_quarter

# Events, by type of the agency's event, that are published in certain states of a dispute only and that the page leaves out.
OCCASIONAL_EVENTS = {
    "dispute.reported": {"dispute.merged", "merge.noted", "duplicate.proposed", "duplicate.noted"},
    "report.corrected": {"dispute.closed"},
    "report.withdrawn": set(),
}
# Automatic steps that precede a step of a later time, and what follows a step of an earlier time. The page says so in a sentence.
AUTOMATIC_EVENTS = {*AUTOMATIC_STEPS, "dispute.recomputed"}
# Safeguard events that the demonstration reports only about disputes with an open safeguard hold.
REPORTED_DURING_A_HOLD = ("protection_order.accepted", "protection_order.issued", "protection_order.refused")


def test_docs_events_md_is_current(capsys):
    assert page.main(["--check"]) == 0, capsys.readouterr().out


def test_every_agency_event_belongs_to_a_group_of_senders():
    assert all(page.sender_group(event) in range(len(page.SENDER_GROUPS)) for event in AGENCY_EVENTS.values())


def test_every_agency_event_is_reported_in_a_flow_test():
    assert set(page.flow_tests()) == set(AGENCY_EVENTS)


@pytest.fixture(scope="module")
def published_events():
    """Simulate the demonstration's three months. Return, by type of agency event, the events that intake and mediation publish in response to each one."""
    return simulated_quarter()[1]


def relevant_events(event_type, published_events):
    """Return the sealed events published after each safeguard event, or the ordinary events after each other event that led to no sealed events."""
    if event_type in safeguard.STEP_NAMES:
        return [sealed for _, sealed in published_events[event_type]]
    return [ordinary for ordinary, sealed in published_events[event_type] if not sealed]


@pytest.mark.parametrize("event_type", [type for type in AGENCY_EVENTS if type not in AGENCY_STATEMENTS])
def test_docs_events_md_lists_the_events_that_intake_and_mediation_publish_after_an_agency_event(event_type, published_events):
    listed_events = page.published_after(event_type)
    listed_types = {type for listed_event in listed_events for type in listed_event.event_types}
    occurrences = [[type for type, _, _ in events if not type.startswith("deadline.")] for events in relevant_events(event_type, published_events)]

    assert occurrences
    for types in occurrences:
        found_events = [listed_event for listed_event in listed_events if set(listed_event.event_types) & set(types)]
        assert [listed_event for listed_event in listed_events if listed_event not in found_events and not listed_event.is_conditional] == [], types
        positions = [min(types.index(type) for type in listed_event.event_types if type in types) for listed_event in found_events]
        assert positions == sorted(positions), types
        assert set(types) - listed_types <= OCCASIONAL_EVENTS.get(event_type, set()) | AUTOMATIC_EVENTS, types
    if event_type not in REPORTED_DURING_A_HOLD:
        assert listed_types == {type for types in occurrences for type in types} & listed_types


@pytest.mark.parametrize("event_type", [type for type in safeguard.STEP_NAMES if "safeguard.held" in str(page.published_after(type))])
def test_a_safeguard_event_opens_a_hold_if_the_dispute_has_none(event_type):
    hub, dispute = InMemoryHub(), next(life for life, _, _ in simulated_quarter()[0] if not life.is_confidential)
    report, row = dispute.steps[0], AGENCY_EVENTS[event_type]
    hub.apply_step(report, report.subject, report.data)
    (code,) = hub.disputes
    agency = "police" if "P" in row.allowed_roles else "court"
    _, outcome, _ = hub.apply_step(Step("safeguard-1", agency, event_type, row.example, report.time), code, row.example)

    assert outcome == "receipt.applied"
    assert [type for type, _, _ in hub.published_sealed_events if not type.startswith("deadline.")] == ["step.reported", "safeguard.held", "step.applied"]
