"""nameko: what mediation hears. It owns the life of every dispute, from registration to closure."""

from datetime import datetime

from nameko.extensions import DependencyProvider

from contracts import COUNTY, partition_of
from plumbing.consumer import hear
from plumbing.dependency import Database
from plumbing.events import DomainEvent
from plumbing.timer import every
from services.mediation import store
from services.mediation.county_files import CountyFiles
from services.mediation.deadlines import tracking
from services.mediation.life import decisions
from services.mediation.rosters import roster_events
from services.mediation.rosters import store as roster_store
from services.mediation.routing import effects as routing_effects
from services.mediation.routing import proposals
from services.mediation.routing import store as routing_store
from services.mediation.safeguard import lane
from services.mediation.safeguard import store as lane_store

DUE_AT_A_TIME = 200


class County(DependencyProvider):
    """`county = County()`: the county's periods, calendar and routing rules. Invalid files stop the service at its start."""

    files = None  # until setup

    def setup(self):
        self.files = CountyFiles(COUNTY.folder, self.container.config["settings"].patience_seconds)

    def get_dependency(self, worker_ctx):
        return self.files


class Rosters(DependencyProvider):
    """`rosters = Rosters()`: the rosters as this process knows them."""

    def setup(self):
        self.cache = roster_store.RosterCache()

    def get_dependency(self, worker_ctx):
        return self.cache


class MediationService:
    """Decides what each reported step means, by the tables of life/transitions, and says what happened."""

    name = "mediation"
    db = Database()
    county = County()
    rosters = Rosters()

    @hear("intake", "intake-safeguard")
    def on_events(self, batch):
        """Disputes were registered and steps reported: decide what each one means, in one commit."""
        with self.db.transaction() as tx:
            unheard = tx.unheard(batch)
            said = self._change_rosters(tx, [event for event in unheard if event.type == roster_events.REPORTED])
            roster = self.rosters.read(tx, remember=not said)
            events = [event for event in unheard if event.type != roster_events.REPORTED]
            disputes = store.load(tx, [event.subject for event in events])
            store.load_history(tx, disputes, [event.subject for event in events if decisions.needs_history(event)])
            decided, policy, records = [], self.county.policy, {}
            for event in events:
                dispute = disputes.get(event.subject)
                before = routing_effects.standing(dispute)
                decision = lane.discard(dispute, event) if event.discarded else lane.decide(dispute, event, tx.now, policy, roster)
                disputes[event.subject] = decision.dispute
                routing_effects.count(records, before, decision)
                decided.append((event, decision))
            proposals.propose_bodies(tx, decided, self.county.routing, roster)
            proposals.propose_mediators(tx, decided, roster)
            store.save(tx, decided)
            if records:
                routing_store.add_to_records(tx, records, partition_of(events[0].subject, self.db.settings.partitions))
            tx.say(said + [one for event, decision in decided for one in _everything_said(decision, event)])

    def _change_rosters(self, tx, events):
        """Rosters first: who joined today may be named today."""
        if not events:
            return []
        roster = roster_store.load(tx, {event.subject for event in events}, locked=True)
        decided = [(event, *roster_events.decide(event, roster)) for event in events]
        roster_store.save(tx, [entry for _, entries, _ in decided for entry in entries])
        return [DomainEvent(word, event.subject, data, cause=event) for event, _, (word, data) in decided]

    @every(1.0)
    def time_passes(self):
        """Time is one more speaker: what has come near or passed is looked at again, and said. One copy at a time."""
        while self._look_at_the_clock() == DUE_AT_A_TIME:
            pass
        self.county.reload()
        if not self.county.recomputed:
            self._recompute_provisional()

    def _look_at_the_clock(self) -> int:
        with self.db.transaction() as tx:
            codes = store.due(tx, DUE_AT_A_TIME)
            if not codes:
                return 0
            decided = [
                (None, lane.time_passes(dispute, deadline, tx.now, self.county.policy))
                for dispute in store.load(tx, codes).values()
                for deadline in list(dispute.deadlines.values())
            ]
            _keep(tx, decided)
            return len(codes)

    def _recompute_provisional(self):
        """A year's arrangement came in, with the start of this process or since: provisional deadlines become certain."""
        policy, last = self.county.policy, ""
        while last is not None:
            with self.db.transaction() as tx:
                codes = store.provisional(tx, last, DUE_AT_A_TIME)
                _keep(tx, [(None, tracking.recompute(dispute, tx.now, policy)) for dispute in store.load(tx, codes).values()])
                last = max(codes, default=None)
        self.county.recomputed = True

    @every(1.0)
    def lane_time_passes(self):
        """The same for the clocks of the safeguard lane: what has come near or passed is said there."""
        with self.db.transaction() as tx:
            codes = lane_store.due(tx, tx.now, DUE_AT_A_TIME)
            if codes:
                _keep(tx, [(None, lane.lane_time_passes(dispute, tx.now, self.county.policy)) for dispute in store.load(tx, codes).values()])


def _keep(tx, decided):
    store.save(tx, decided)
    tx.say([one for _, decision in decided for one in _everything_said(decision, None)])


def _everything_said(decision, event):
    """In the ordinary voice what was decided now, and what had to wait; sealed what concerns the safeguard lane."""
    code = decision.dispute and decision.dispute.code
    for word, data in decision.said:
        yield _said(word, event, data) if event else DomainEvent(word, code, data)
    for word, data in decision.sealed:
        yield DomainEvent(word, code, data, time=event and event.time, cause=event, source=lane.STREAM)
    for word, data in decision.late:
        yield DomainEvent(word, code, data, time=datetime.fromisoformat(data["happened_at"]) if "happened_at" in data else None)


def _said(word, event, data):
    """A fact is said at the time when it happened; what follows from it, now."""
    return DomainEvent(word, event.subject, data, time=event.time if "happened_at" in data else None, cause=event)
