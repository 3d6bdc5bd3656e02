"""Events for the tests of the read model: helpers that make single events, and Hypothesis strategies that generate event streams of a few disputes."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from plumbing.events import Event

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
CODES = ("620702-2026-000001-3", "620702-2026-000002-1", "620702-2026-000003-0")


def make_event(source, sequence, type, code=CODES[0], hours=0.0, **data):
    """Return an event of a producer about a dispute, `hours` after START. `data`: data of the event."""
    return Event(source, f"{code}/{sequence}", type, code, START + timedelta(hours=hours), data, sequence)


def registered_event(code=CODES[0], township="620702102", kind="family", agency="womens_federation", sequence=1, hours=0.0):
    """Return an event dispute.registered."""
    return make_event("intake", sequence, "dispute.registered", code, hours, township=township, kind=kind, agency=agency, channel="walk_in", wants="mediation")


def confirmed_step(sequence, type, state, next_actors=(), code=CODES[0], hours=1.0, **data):
    """Return the event of a confirmed step (domain event of mediation) after which the dispute has this state."""
    return make_event("mediation", sequence, type, code, hours, state=state, before="", next_actors=list(next_actors), agency="mediation_centre", **data)


def deadline_change(change, clock="referral_answer", kind="POLICY", hours=1.0, due=72, owed_by=("mediation_centre",), **data):
    """Return a change of a deadline as the event of a step carries it. `hours`: when the deadline starts or is met, in hours after START; `due`: its end."""
    at = (START + timedelta(hours=hours)).isoformat()
    due_at = (START + timedelta(hours=due)).isoformat()
    dates = {"met": {"met_at": at}, "stopped": {}}.get(change, {"started_at": at, "article": "民事诉讼法 205", "owed_by": list(owed_by)})
    return {"change": change, "clock": clock, "kind": kind, "due_at": due_at, **dates, **data}


def deadline_event(sequence, change, clock="referral_answer", kind="POLICY", code=CODES[0], hours=1.0, due=72, owed_by=("mediation_centre",), **data):
    """Return an event of mediation with which a deadline changes: deadline.approached or deadline.passed, or a further report of the dispute.

    The report changes nothing else: it leaves the dispute in the state `registered`.
    """
    changed = deadline_change(change, clock, kind, hours, due, owed_by, **data)
    if change not in ("approached", "passed"):
        decided_at = (START + timedelta(hours=hours)).isoformat()
        return make_event("mediation", sequence, "dispute.reported", code, hours, state="registered", decided_at=decided_at, deadlines=[changed])
    return make_event("mediation", sequence, f"deadline.{change}", code, hours, **{name: changed[name] for name in changed if name != "change"})


def recomputed_event(sequence, entries, code=CODES[0], hours=2.0, because="withdrawal", **data):
    """Return an event dispute.recomputed. `entries`: (state, hours after START) of every entry of the dispute into a state."""
    stated = [{"state": state, "at": (START + timedelta(hours=at)).isoformat()} for state, at in entries]
    state, entered_at = stated[-1]["state"], stated[-1]["at"]
    return make_event(
        "mediation", sequence, "dispute.recomputed", code, hours, because=because, before=state, happened_at=(START + timedelta(hours=hours)).isoformat(),
        **{"state": state, "entered_at": entered_at, "entries": stated, "township": "620702102", "kind": "family", "next_actors": ["court"],
           "decided_at": (START + timedelta(hours=hours)).isoformat(), **data},
    )  # fmt: skip


def watermarks_event(sequence, hours=1.0, partition=0, **up_to):
    """Return an event watermarks.advanced. `up_to`: hours after START by agency, as a number or, if the agency stated it itself, as (number, True)."""
    stated = {agency: value if isinstance(value, tuple) else (value, False) for agency, value in up_to.items()}
    agencies = [
        {"agency": agency, "up_to": (START + timedelta(hours=at)).isoformat()} | ({"stated": True} if is_stated else {})
        for agency, (at, is_stated) in stated.items()
    ]
    return make_event("intake", sequence, "watermarks.advanced", f"partition-{partition}", hours, agencies=agencies)


# Strategies: `hours` are hours after START; `…_events` generate (event type, data).
hours = st.integers(0, 24 * 5)
states = st.sampled_from(["screened", "routed", "accepted", "mediating", "agreed", "terminated", "resolved", "redirected", "closed"])
agencies = st.sampled_from(["court", "mediation_centre", "judicial_bureau", "womens_federation"])

instants = hours.map(lambda n: (START + timedelta(hours=n)).isoformat())
clocks = st.sampled_from(["c1", "c2", "c3"])
deadline_changes = st.builds(
    deadline_change,
    st.sampled_from(["set", "recomputed", "met", "stopped"]),
    st.one_of(clocks, clocks, clocks, st.just("protection_order_urgent")),
    st.sampled_from(["LAW", "LOCAL_RULE", "POLICY"]),
    hours,
    hours,
    st.lists(agencies, unique=True, max_size=2),
)
references = st.sampled_from([{"source": "/agencies/court", "id": f"c-{n}"} for n in range(4)])
steps_with_deadlines = st.fixed_dictionaries(
    {"state": states, "decided_at": instants},
    optional={"deadlines": st.lists(deadline_changes, min_size=1, max_size=3), "corrected": st.just(True)},
)

mediation_events = st.one_of(
    st.tuples(
        st.sampled_from(["dispute.routed", "referral.accepted", "mediation.started", "agreement.reached", "reports.joined", "reports.unjoined"]),
        st.tuples(
            steps_with_deadlines, st.fixed_dictionaries({"next_actors": st.lists(agencies, unique=True, max_size=2), "agency": agencies, "to": agencies})
        ).map(lambda parts: parts[0] | parts[1]),
    ),
    st.tuples(st.just("dispute.reported"), steps_with_deadlines),
    st.tuples(st.just("step.refused"), st.fixed_dictionaries({"state": states, "reason": st.fixed_dictionaries({"code": st.sampled_from(["a", "b"])})})),
    st.tuples(
        st.sampled_from(["deadline.recomputed", "deadline.approached", "deadline.passed"]),
        st.fixed_dictionaries(
            {
                "clock": clocks,
                "kind": st.sampled_from(["LAW", "LOCAL_RULE", "POLICY"]),
                "due_at": instants,
                "owed_by": st.lists(agencies, unique=True, max_size=2),
            }
        ),
    ),
    st.tuples(
        st.just("dispute.screened"),
        st.fixed_dictionaries(
            {"state": states, "kind": st.sampled_from(["family", "labour"]), "next_actors": st.just([]), "agency": agencies},
            optional={"cause": st.sampled_from(["2", "17"])},
        ),
    ),
    st.tuples(
        st.sampled_from(["dispute.followed_up", "dispute.reopened"]),
        st.fixed_dictionaries({"state": states, "next_actors": st.just([]), "event": references, "settled": st.booleans(), "reason": st.just("recurred")}),
    ),
    st.tuples(
        st.sampled_from(["report.withdrawn", "report.corrected"]),
        st.fixed_dictionaries({"state": states, "next_actors": st.just([]), "event": references, "about": references.map(lambda one: one["id"])}),
    ),
    st.tuples(
        st.just("dispute.recomputed"),
        st.builds(
            lambda entries, outcome, **data: (
                data
                | {"state": entries[-1]["state"], "entered_at": entries[-1]["at"], "entries": entries}
                | ({"outcome": outcome} if entries[-1]["state"] == "closed" else {})
            ),
            st.lists(st.fixed_dictionaries({"state": states, "at": instants}), min_size=1, max_size=5),
            st.sampled_from(["settled", "performed"]),
            township=st.sampled_from(["620702102", "620702003"]),
            kind=st.sampled_from(["family", "labour"]),
            next_actors=st.lists(agencies, unique=True, max_size=2),
            because=st.just("correction"),
            before=states,
            decided_at=instants,
        ),
    ),
    st.tuples(st.just("dispute.closed"), st.fixed_dictionaries({"state": states, "outcome": st.just("settled")})),
    st.tuples(st.sampled_from(["safeguard.held", "safeguard.released"]), st.just({"state": "safeguard_hold", "next_actors": ["police"]})),
)
intake_events = st.one_of(
    st.tuples(st.just("step.reported"), st.fixed_dictionaries({"agency": agencies, "step": st.sampled_from(["session.held", "protection_order.applied"])})),
    st.tuples(st.just("dispute.merged"), st.just({"into": CODES[0]})),
    st.tuples(st.just("dispute.unmerged"), st.fixed_dictionaries({"into": st.sampled_from(CODES), "was": st.just(CODES[0])})),
    st.tuples(st.just("duplicate.proposed"), st.just({"other": CODES[0]})),
)
notify_events = st.tuples(
    st.sampled_from(["notice.sent", "notice.undeliverable"]), st.fixed_dictionaries({"to": agencies, "notice": st.just("notice.deadline")})
)


def with_sequence_numbers(source, code, drawn):
    """Return events with sequence numbers from 1. `drawn`: (hours after START, (event type, data)) of each event."""
    return [make_event(source, n, type, code, hours_after_start, **data) for n, (hours_after_start, (type, data)) in enumerate(drawn, 1)]


@st.composite
def event_streams(draw):
    """Generate the events of up to three disputes, as {(producer, dispute code): events in sequence}."""
    streams = {}
    for code in CODES[: draw(st.integers(1, 3))]:
        registration = (
            "dispute.registered",
            {"township": draw(st.sampled_from(["620702102", "620702003"])), "kind": "family", "agency": draw(agencies), "channel": "grid"},
        )
        rest = draw(st.lists(st.tuples(hours, intake_events), max_size=3))
        streams["intake", code] = with_sequence_numbers("intake", code, [(draw(hours), registration), *rest])
        streams["mediation", code] = with_sequence_numbers("mediation", code, draw(st.lists(st.tuples(hours, mediation_events), max_size=12)))
        streams["notify", code] = with_sequence_numbers("notify", code, draw(st.lists(st.tuples(hours, notify_events), max_size=2)))
    return streams


@st.composite
def interleaved_batches(draw, streams):
    """Generate batches that contain all events of `streams`: in sequence within one stream, in any order between streams."""
    remaining = {key: list(events) for key, events in streams.items() if events}
    batches = [[]]
    while remaining:
        key = draw(st.sampled_from(sorted(remaining)))
        batches[-1].append(remaining[key].pop(0))
        if not remaining[key]:
            del remaining[key]
        if draw(st.booleans()):
            batches.append([])
    return [batch for batch in batches if batch]
