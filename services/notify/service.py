"""nameko: what notify hears. It owns who is told what, and the ledger that says so."""

from contracts.channels import is_sealed
from plumbing.consumer import hear
from plumbing.dependency import Background, Database
from plumbing.events import DomainEvent, Reply
from plumbing.timer import every
from services.notify import rules, safeguard, sending, store

CALLS_AT_ONCE = 16  # each to another agency's address


class NotifyService:
    """Tells each agency what it must act on: in its inbox at once, and by webhook where it asked for one."""

    name = "notify"
    db = Database()
    calls = Background(CALLS_AT_ONCE)

    @hear("mediation", "mediation-safeguard")
    def on_events(self, batch):
        """Something was decided: whoever owes the next step, or is late, gets a notice."""
        with self.db.transaction() as tx:
            heard = [event for event in tx.unheard(batch) if not event.discarded]
            self._call_attention(tx, [notice for event in heard if is_sealed(event.source) for notice in safeguard.notices_for(event)])
            notices = [notice for event in heard if not is_sealed(event.source) for notice in rules.notices_for(event)]
            if not notices:
                return
            hooked = store.hooked(tx, {notice.to for notice in notices})
            store.enter(tx, notices, "inbox", waiting=False)
            store.enter(tx, [notice for notice in notices if notice.to in hooked], "webhook", waiting=True)
            tx.post([Reply(notice.to, notice.id, notice.kind, notice.dispute, notice.about, cause=notice.event) for notice in notices])
            tx.say(
                [
                    DomainEvent("notice.sent", notice.dispute, sending.said_of(notice.kind, notice.to, "inbox", notice.about), cause=notice.event)
                    for notice in notices
                ]
            )

    def _call_attention(self, tx, notices):
        """What is in the safeguard lane: into the inbox and into a ledger of its own, by no other way, and nothing is said of it."""
        if notices:
            store.enter_sealed(tx, notices)
            tx.post([Reply(notice.to, notice.id, notice.kind, notice.dispute, notice.about, cause=notice.event) for notice in notices])

    @every(1.0)
    def send_webhooks(self):
        """Notices for agencies' own addresses: a slow address holds up neither the ledger nor another agency's."""
        sending.send_due(self.db, self.calls)
