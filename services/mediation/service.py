"""nameko: what mediation hears. It owns the life of every dispute, from registration to closure."""

from datetime import timedelta

from plumbing.dependency import Database
from plumbing.events import Said
from plumbing.hearing import every, hear
from services.mediation import domain, store, timing

DUE_AT_A_TIME = 200


class MediationService:
    """Decides what each reported step means, by the tables of lifecycle, and says what happened."""

    name = "mediation"
    db = Database()

    @hear("intake")
    def on_events(self, batch):
        """Disputes were registered and steps reported: decide what each one means, in one commit."""
        with self.db.transaction() as tx:
            events = tx.unheard(batch)
            disputes = store.load(tx, [event.subject for event in events])
            decided, patience = [], self._patience()
            for event in events:
                dispute = disputes.get(event.subject)
                decision = domain.discard(dispute, event) if event.discarded else domain.decide(dispute, event, tx.now, patience=patience)
                disputes[event.subject] = decision.dispute
                decided.append((event, decision))
            store.save(tx, decided)
            tx.say([_said(word, event, data) for event, decision in decided for word, data in decision.said])

    @every(1.0)
    def time_passes(self):
        """Time is one more speaker: what has come near or passed is looked at again, and said. One copy at a time."""
        while self._look_at_the_clock() == DUE_AT_A_TIME:
            pass

    def _look_at_the_clock(self) -> int:
        with self.db.transaction() as tx:
            codes = store.due(tx, DUE_AT_A_TIME)
            if not codes:
                return 0
            decided = [
                (None, timing.time_passes(dispute, deadline, tx.now, patience=self._patience()))
                for dispute in store.load(tx, codes).values()
                for deadline in list(dispute.deadlines.values())
            ]
            store.save(tx, decided)
            tx.say([Said(word, decision.dispute.code, data) for _, decision in decided for word, data in decision.said])
            return len(codes)

    def _patience(self):
        return timedelta(seconds=self.db.settings.patience_seconds)


def _said(word, event, data):
    """A fact is said at the time when it happened; what follows from it, now."""
    return Said(word, event.subject, data, time=event.time if "happened_at" in data else None, cause=event)
