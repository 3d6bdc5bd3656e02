"""Tests of docs/events.md: the page is current, each event stands in one group, and the published events agree with the rules of intake and mediation."""

import pytest

from contracts import AGENCY_EVENTS, safeguard
from demo.steps import Step
from docs.generate import events as page
from tests.demo.in_memory_hub import InMemoryHub, simulated_quarter

# Events that sometimes follow from the state of the dispute, and that the page leaves out.
SOMETIMES_FOLLOW = {
    "dispute.reported": {"dispute.merged", "duplicate.proposed", "duplicate.noted"},
    "report.corrected": {"agreement.reached", "dispute.closed"},  # the corrected step
    "report.withdrawn": set(),
}
# In the demonstration another event has opened the hold before these.
HOLD_ALREADY_OPEN = ("protection_order.accepted", "protection_order.issued", "protection_order.refused")


def test_docs_events_md_is_current(capsys):
    assert page.main(["--check"]) == 0, capsys.readouterr().out


def test_every_agency_event_belongs_to_a_sender_group():
    assert all(page.group_of(event) in range(len(page.GROUPS)) for event in AGENCY_EVENTS.values())


def test_every_agency_event_has_a_flow_test():
    assert set(page.flow_tests()) == set(AGENCY_EVENTS)


@pytest.fixture(scope="module")
def published():
    """Return, by type of the agency's event, what intake and mediation published each time that one took effect in the demonstration's quarter."""
    return simulated_quarter()[1]


def relevant(event_type, published):
    """Return the events of the sealed streams for a safeguard event; for others the ordinary events, where no sealed ones were published."""
    if event_type in safeguard.STEPS:
        return [sealed for _, sealed in published[event_type]]
    return [ordinary for ordinary, sealed in published[event_type] if not sealed]


@pytest.mark.parametrize("event_type", AGENCY_EVENTS)
def test_the_page_lists_the_events_that_intake_and_mediation_publish(event_type, published):
    places = page.published_after(event_type)
    listed = {type for place in places for type in place.event_types}
    occurrences = [[type for type, _, _ in events if not type.startswith("deadline.")] for events in relevant(event_type, published)]

    assert occurrences
    for types in occurrences:
        present = [place for place in places if set(place.event_types) & set(types)]
        assert [place for place in places if place not in present and not place.is_conditional] == [], types
        positions = [min(types.index(type) for type in place.event_types if type in types) for place in present]
        assert positions == sorted(positions), types
        assert set(types) - listed <= SOMETIMES_FOLLOW.get(event_type, set()), types
    if event_type not in HOLD_ALREADY_OPEN:
        assert listed == {type for types in occurrences for type in types} & listed


@pytest.mark.parametrize("event_type", [type for type in safeguard.STEPS if "safeguard.held" in str(page.published_after(type))])
def test_a_safeguard_event_about_a_dispute_without_a_hold_opens_one(event_type):
    hub, dispute = InMemoryHub(), next(life for life, _, _ in simulated_quarter()[0] if not life.is_confidential)
    report, row = dispute.steps[0], AGENCY_EVENTS[event_type]
    hub.apply_step(report, report.subject, report.data)
    (code,) = hub.disputes
    agency = "police" if "P" in row.allowed_roles else "court"
    _, outcome, _ = hub.apply_step(Step("lane-1", agency, event_type, row.example, report.time), code, row.example)

    assert outcome == "receipt.applied"
    assert [type for type, _, _ in hub.published_sealed if not type.startswith("deadline.")] == ["step.reported", "safeguard.held", "step.applied"]
