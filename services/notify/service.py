"""nameko: what notify hears. It owns who is told what, and the ledger that says so."""

from datetime import timedelta

from contracts.channels import is_sealed
from plumbing import events
from plumbing.dependency import Database
from plumbing.events import Posted, Said
from plumbing.hearing import every, hear
from services.notify import rules, safeguard, store, webhook

TRIES = 8  # 5 s, 10 s, 20 s … about 10 minutes; the inbox has the notice all the while


class NotifyService:
    """Tells each agency what it must act on: in its inbox at once, and by webhook where it asked for one."""

    name = "notify"
    db = Database()

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
            tx.post([Posted(notice.to, notice.id, notice.kind, notice.dispute, notice.about, cause=notice.event) for notice in notices])
            tx.say([Said("notice.sent", notice.dispute, _told(notice.kind, notice.to, "inbox", notice.about), cause=notice.event) for notice in notices])

    def _call_attention(self, tx, notices):
        """What is in the safeguard lane: into the inbox and into a ledger of its own, by no other way, and nothing is said of it."""
        if notices:
            store.enter_sealed(tx, notices)
            tx.post([Posted(notice.to, notice.id, notice.kind, notice.dispute, notice.about, cause=notice.event) for notice in notices])

    @every(1.0)
    def send_webhooks(self):
        """Notices for agencies' own addresses go out one by one: a slow address must not hold up the ledger."""
        while self._send_one():
            pass

    def _send_one(self) -> bool:
        with self.db.transaction() as tx:
            due = store.take_due(tx, 1)
            if not due:
                return False
            (letter,) = due
            try:
                if letter.url is None:
                    raise webhook.NotDelivered("no_address")
                webhook.send(letter.url, self.db.box.decrypt(letter.secret), _as_in_the_inbox(letter, tx.now))
            except webhook.NotDelivered as problem:
                if problem.why != "no_address" and letter.attempts + 1 < TRIES:
                    store.settle(tx, letter, "waiting", problem.why, tx.now + timedelta(seconds=5 * 2**letter.attempts))
                else:
                    store.settle(tx, letter, "undeliverable", problem.why)
                    tx.say([Said("notice.undeliverable", letter.dispute, _told(letter.kind, letter.to, "webhook", letter.about) | {"why": problem.why})])
            else:
                store.settle(tx, letter, "sent")
                tx.say([Said("notice.sent", letter.dispute, _told(letter.kind, letter.to, "webhook", letter.about))])
            return True


def _as_in_the_inbox(letter, now):
    """The same event that lies in the agency's inbox: it recognises the repeat by its id."""
    return events.write("notify", Posted(letter.to, letter.id, letter.kind, letter.dispute, letter.about), letter.id, now)


def _told(kind, to, channel, about):
    told = {"notice": kind, "to": to, "channel": channel}
    return told | {name: about[name] for name in ("clock", "due_at") if name in about}
