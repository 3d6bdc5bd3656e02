"""Does the map in the READMEs tell what the services really say, and who makes something of it?"""

import pytest

from contracts import AGENCY_EVENTS, DOMAIN_EVENTS, HEARS, safeguard
from contracts.channels import SEALED
from demo.steps import Step
from docs.generate import event_map as house
from plumbing.events import Event
from services.intake import domain as intake
from services.metrics import domain as metrics
from services.notify import rules
from services.notify import safeguard as sealed_rules
from tests.demo.paper import NOW, Hub, quarter_told


def test_both_readmes_show_the_map_that_the_code_draws(capsys):
    assert house.main(["--check"]) == 0, capsys.readouterr().out


def test_every_step_an_agency_can_report_is_told_as_a_story():
    without = [line for line in house.table("en").splitlines()[2:] if line.endswith("| – |")]

    assert not without


# ── each row, against what the rules of intake and mediation say when the event is told ───────────────────────────────────────────


@pytest.fixture(scope="module")
def noted():
    """By agency event, each time that it took effect in a quarter as the demonstration tells it."""
    return quarter_told()[1]


def of_its_row(word, noted):
    """What was said each time, in the voice of which the row tells: the lane's words sealed, all others where the lane has no part in it."""
    if word in safeguard.STEPS:
        return [sealed for _, sealed in noted[word]]
    return [heard for heard, sealed in noted[word] if not sealed]


# What a row leaves out: what follows from how things stand, now and then.
FOLLOWS_AT_TIMES = {
    "dispute.reported": {"dispute.merged", "duplicate.proposed", "duplicate.noted"},
    "report.corrected": {"agreement.reached", "dispute.closed"},  # the step as it should have been told
    "report.withdrawn": set(),
}


@pytest.mark.parametrize("word", AGENCY_EVENTS)
def test_a_row_tells_what_the_services_say_of_the_event(word, noted):
    row = house.said_of(word)
    in_the_row = {said for place in row for said in place.words}
    each_time = [[said for said, _, _ in told if not said.startswith("deadline.")] for told in of_its_row(word, noted)]

    assert each_time
    for said in each_time:
        places = [place for place in row if set(place.words) & set(said)]
        assert [place for place in row if place not in places and not place.sometimes] == [], said
        firsts = [min(said.index(one) for one in place.words if one in said) for place in places]
        assert firsts == sorted(firsts), said
        assert set(said) - in_the_row <= FOLLOWS_AT_TIMES.get(word, set()), said
    if word not in OPENS_LATER:
        assert in_the_row == {one for said in each_time for one in said} & in_the_row


# In the demonstration something else has opened the hold before.
OPENS_LATER = ("protection_order.accepted", "protection_order.issued", "protection_order.refused")


@pytest.mark.parametrize("word", [word for word in safeguard.STEPS if "safeguard.held" in str(house.said_of(word))])
def test_a_word_of_the_lane_that_comes_first_opens_it(word):
    """Told of a dispute that nothing holds."""
    hub, told = Hub(), next(life for life, _, _ in quarter_told()[0] if not life.is_quiet)
    reported, said = told.steps[0], AGENCY_EVENTS[word]
    hub.says(reported, reported.subject, reported.data)
    (code,) = hub.disputes
    agency = "police" if "P" in said.allowed_roles else "court"
    _, outcome, _ = hub.says(Step("lane-1", agency, word, said.example, reported.time), code, said.example)

    assert outcome == "receipt.applied"
    assert [said for said, _, _ in hub.sealed if not said.startswith("deadline.")] == ["step.reported", "safeguard.held", "step.applied"]


# ── who hears it, and what they make of it ────────────────────────────────────────────────────────────────────────────────────────


def as_events(told, source):
    """As a listener hears them."""
    for sequence, (word, about, data) in enumerate(told, 1):
        producer = DOMAIN_EVENTS[word].stream if word in DOMAIN_EVENTS else source
        yield Event(source or producer, f"{about}/{sequence}", word, about, NOW, data, sequence)


@pytest.mark.parametrize("word", AGENCY_EVENTS)
def test_who_is_named_in_a_row_hears_it_and_who_hears_it_and_is_not_named_makes_nothing_of_it(word, noted):
    is_sealed, named = word in safeguard.STEPS, house.heard_by(word)
    producers = set(SEALED.values()) if is_sealed else {"intake", "mediation"}
    hearing = {name for name, heard in HEARS.items() if producers & set(heard)}
    events = [list(as_events(told, SEALED["mediation"] if is_sealed else None)) for told in of_its_row(word, noted)]

    assert set(named) <= hearing
    assert all(any(event.type in intake.OUTCOMES for event in each) for each in events) and "intake" in named  # it answers with a receipt
    if "metrics" in hearing:
        assert ("metrics" in named) == any(metrics.fold({}, each).timeline for each in events)
    notices = [notice for each in events for event in each for notice in (sealed_rules if is_sealed else rules).notices_for(event)]
    assert "notify" in named or not notices
