"""Made-up histories for the read model's tests: what three speakers said about some disputes, each in its own order."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from plumbing.events import Event

START = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
CODES = ("620702-2026-000001-7", "620702-2026-000002-5", "620702-2026-000003-3")


def event(source, sequence, type, code=CODES[0], hours=0.0, **data):
    return Event(source, f"{code}/{sequence}", type, code, START + timedelta(hours=hours), data, sequence)


def registered(code=CODES[0], township="620702102", kind="family", agency="womens_federation", sequence=1, hours=0.0):
    return event("intake", sequence, "dispute.registered", code, hours, township=township, kind=kind, agency=agency, channel="walk_in", wants="mediation")


def fact(sequence, type, state, next_actors=(), code=CODES[0], hours=1.0, **data):
    return event("mediation", sequence, type, code, hours, state=state, before="", next_actors=list(next_actors), agency="mediation_centre", **data)


def deadline(sequence, what, clock="referral_answer", kind="POLICY", code=CODES[0], hours=1.0, due=72, owed_by=("mediation_centre",), **data):
    due_at = (START + timedelta(hours=due)).isoformat()
    return event(
        "mediation", sequence, f"deadline.{what}", code, hours, clock=clock, kind=kind, article="民事诉讼法 205", due_at=due_at, owed_by=list(owed_by), **data
    )


hours = st.integers(0, 24 * 5)
states = st.sampled_from(["screened", "routed", "accepted", "mediating", "agreed", "terminated", "resolved", "redirected", "closed"])
agencies = st.sampled_from(["court", "mediation_centre", "judicial_bureau", "womens_federation"])

said_by_mediation = st.one_of(
    st.tuples(
        st.sampled_from(["dispute.routed", "referral.accepted", "mediation.started", "agreement.reached", "reports.joined", "reports.unjoined"]),
        st.fixed_dictionaries({"state": states, "next_actors": st.lists(agencies, unique=True, max_size=2), "agency": agencies, "to": agencies}),
    ),
    st.tuples(st.just("step.applied"), st.fixed_dictionaries({"state": states, "step": st.just("x")})),
    st.tuples(st.just("step.refused"), st.fixed_dictionaries({"state": states, "reason": st.fixed_dictionaries({"code": st.sampled_from(["a", "b"])})})),
    st.tuples(
        st.sampled_from(["deadline.set", "deadline.recomputed", "deadline.approached", "deadline.passed", "deadline.met", "deadline.stopped"]),
        st.fixed_dictionaries(
            {
                "clock": st.sampled_from(["c1", "c2", "c3"]),
                "kind": st.sampled_from(["LAW", "LOCAL_RULE", "POLICY"]),
                "due_at": hours.map(lambda n: (START + timedelta(hours=n)).isoformat()),
                "owed_by": st.lists(agencies, unique=True, max_size=2),
            }
        ),
    ),
    st.tuples(st.just("dispute.closed"), st.fixed_dictionaries({"state": states, "outcome": st.just("settled")})),
    st.tuples(st.sampled_from(["safeguard.held", "safeguard.released"]), st.just({"state": "safeguard_hold", "next_actors": ["police"]})),
)
said_by_intake = st.one_of(
    st.tuples(st.just("step.reported"), st.fixed_dictionaries({"agency": agencies, "step": st.sampled_from(["session.held", "protection_order.applied"])})),
    st.tuples(st.just("dispute.merged"), st.just({"into": CODES[0]})),
    st.tuples(st.just("dispute.unmerged"), st.fixed_dictionaries({"into": st.sampled_from(CODES), "was": st.just(CODES[0])})),
    st.tuples(st.just("duplicate.proposed"), st.just({"other": CODES[0]})),
)
said_by_notify = st.tuples(
    st.sampled_from(["notice.sent", "notice.undeliverable"]), st.fixed_dictionaries({"to": agencies, "notice": st.just("notice.deadline")})
)


def numbered(source, code, said):
    return [event(source, n, type, code, when, **data) for n, (when, (type, data)) in enumerate(said, 1)]


@st.composite
def county(draw):
    """{(source, code): events in sequence} of up to three disputes."""
    told = {}
    for code in CODES[: draw(st.integers(1, 3))]:
        first = (
            "dispute.registered",
            {"township": draw(st.sampled_from(["620702102", "620702003"])), "kind": "family", "agency": draw(agencies), "channel": "grid"},
        )
        rest = draw(st.lists(st.tuples(hours, said_by_intake), max_size=3))
        told["intake", code] = numbered("intake", code, [(draw(hours), first), *rest])
        told["mediation", code] = numbered("mediation", code, draw(st.lists(st.tuples(hours, said_by_mediation), max_size=12)))
        told["notify", code] = numbered("notify", code, draw(st.lists(st.tuples(hours, said_by_notify), max_size=2)))
    return told


@st.composite
def interleaved(draw, told):
    """Batches of the same events: each speaker in its order about each dispute, anything goes between them."""
    left = {key: list(events) for key, events in told.items() if events}
    batches = [[]]
    while left:
        key = draw(st.sampled_from(sorted(left)))
        batches[-1].append(left[key].pop(0))
        if not left[key]:
            del left[key]
        if draw(st.booleans()):
            batches.append([])
    return [batch for batch in batches if batch]
