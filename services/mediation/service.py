"""nameko: what mediation hears. It owns the life of every dispute, from registration to closure."""

from datetime import datetime

from nameko.extensions import DependencyProvider

from contracts import partition_of
from plumbing.dependency import Database
from plumbing.events import Said
from plumbing.hearing import every, hear
from services.mediation import domain, hold_store, holding, roster_store, routing_desk, store, timing
from services.mediation.office import Office
from services.mediation.rosters import telling
from services.mediation.routing import handling

DUE_AT_A_TIME = 200


class Clerk(DependencyProvider):
    """`office = Clerk()`: how time is counted here. A county's file that makes no sense keeps the service from starting."""

    office = None  # until setup

    def setup(self):
        settings = self.container.config["settings"]
        self.office = Office(settings.calendar, settings.county_rules, settings.patience_seconds, settings.routing_rules)

    def get_dependency(self, worker_ctx):
        return self.office


class MediationService:
    """Decides what each reported step means, by the tables of lifecycle, and says what happened."""

    name = "mediation"
    db = Database()
    office = Clerk()

    @hear("intake", "intake-safeguard")
    def on_events(self, batch):
        """Disputes were registered and steps reported: decide what each one means, in one commit."""
        with self.db.transaction() as tx:
            told = tx.unheard(batch)
            said = self._change_rosters(tx, [event for event in told if event.type == telling.REPORTED])
            roster = self.office.desk.on_hand.read(tx, remember=not said)
            events = [event for event in told if event.type != telling.REPORTED]
            disputes = store.load(tx, [event.subject for event in events])
            store.load_history(tx, disputes, [event.subject for event in events if domain.needs_history(event)])
            decided, counting, records = [], self.office.counting, {}
            for event in events:
                dispute = disputes.get(event.subject)
                before = handling.standing(dispute)
                decision = holding.discard(dispute, event) if event.discarded else holding.decide(dispute, event, tx.now, counting, roster)
                disputes[event.subject] = decision.dispute
                handling.count(records, before, decision)
                decided.append((event, decision))
            routing_desk.propose(tx, decided, self.office.desk, roster)
            routing_desk.propose_mediators(tx, decided, roster)
            store.save(tx, decided)
            if records:
                routing_desk.keep_records(tx, records, partition_of(events[0].subject, self.db.settings.partitions))
            tx.say(said + [one for event, decision in decided for one in _everything_said(decision, event)])

    def _change_rosters(self, tx, events):
        """Rosters first: who joined today may be named today."""
        if not events:
            return []
        roster = roster_store.load(tx, {event.subject for event in events}, locked=True)
        told = [(event, *telling.decide(event, roster)) for event in events]
        roster_store.save(tx, [entry for _, entries, _ in told for entry in entries])
        return [Said(word, event.subject, data, cause=event) for event, _, (word, data) in told]

    @every(1.0)
    def time_passes(self):
        """Time is one more speaker: what has come near or passed is looked at again, and said. One copy at a time."""
        while self._look_at_the_clock() == DUE_AT_A_TIME:
            pass
        self.office.look()
        if not self.office.recounted:
            self._recount()

    def _look_at_the_clock(self) -> int:
        with self.db.transaction() as tx:
            codes = store.due(tx, DUE_AT_A_TIME)
            if not codes:
                return 0
            decided = [
                (None, holding.time_passes(dispute, deadline, tx.now, self.office.counting))
                for dispute in store.load(tx, codes).values()
                for deadline in list(dispute.deadlines.values())
            ]
            _keep(tx, decided)
            return len(codes)

    def _recount(self):
        """A year's arrangement came in, with the start of this process or since: provisional deadlines become certain."""
        counting, last = self.office.counting, ""
        while last is not None:
            with self.db.transaction() as tx:
                codes = store.provisional(tx, last, DUE_AT_A_TIME)
                _keep(tx, [(None, timing.recount(dispute, tx.now, counting)) for dispute in store.load(tx, codes).values()])
                last = max(codes, default=None)
        self.office.recounted = True

    @every(1.0)
    def lane_time_passes(self):
        """The same for the clocks of the safeguard lane: what has come near or passed is said there."""
        with self.db.transaction() as tx:
            codes = hold_store.due(tx, tx.now, DUE_AT_A_TIME)
            if codes:
                _keep(tx, [(None, holding.lane_time_passes(dispute, tx.now, self.office.counting)) for dispute in store.load(tx, codes).values()])


def _keep(tx, decided):
    store.save(tx, decided)
    tx.say([one for _, decision in decided for one in _everything_said(decision, None)])


def _everything_said(decision, event):
    """In the ordinary voice what was decided now, and what had to wait; sealed what concerns the safeguard lane."""
    code = decision.dispute and decision.dispute.code
    for word, data in decision.said:
        yield _said(word, event, data) if event else Said(word, code, data)
    for word, data in decision.sealed:
        yield Said(word, code, data, time=event and event.time, cause=event, source=holding.VOICE)
    for word, data in decision.late:
        yield Said(word, code, data, time=datetime.fromisoformat(data["happened_at"]) if "happened_at" in data else None)


def _said(word, event, data):
    """A fact is said at the time when it happened; what follows from it, now."""
    return Said(word, event.subject, data, time=event.time if "happened_at" in data else None, cause=event)
