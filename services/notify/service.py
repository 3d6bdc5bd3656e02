"""The nameko service notify: sends notices to agencies and stores every notice in the table `notices`."""

from contracts.channels import is_sealed
from plumbing.consumer import hear
from plumbing.dependency import BackgroundJobs, Database, TimesOfDueWork
from plumbing.events import DomainEvent, Reply
from plumbing.timer import every
from services.notify import ledger, safeguard, sending, store

CONCURRENT_CALLS = 16  # maximum number of simultaneous webhook calls, each to another agency


class NotifyService:
    """Sends notices to agencies about the steps that they have to take: to their inbox at once, and by webhook if one is registered."""

    name = "notify"
    db = Database()
    calls = BackgroundJobs(CONCURRENT_CALLS)
    webhook_times = TimesOfDueWork()

    @hear("mediation", "mediation-safeguard")
    def on_events(self, batch):
        """Process a batch of events: send a notice to each agency that owes the next step, is overdue, or is named by an event."""
        with self.db.transaction() as tx:
            heard = [event for event in tx.unheard(batch) if not event.discarded]
            self._send_sealed_notices(tx, [notice for event in heard if is_sealed(event.source) for notice in safeguard.notices_for(event)])
            ordinary = [event for event in heard if not is_sealed(event.source)]
            entries = store.load_entries_in_force(tx, {event.subject for event in ordinary}) if ordinary else {}
            notices, new_entries, changed_entries = ledger.record_all(entries, ordinary)
            store.update_entries(tx, changed_entries)
            if not notices:
                return
            with_webhook = store.load_agencies_with_webhook(tx, {notice.to for notice in notices})
            store.insert_notices(tx, notices, new_entries, "inbox", is_waiting=False)
            store.insert_notices(tx, [notice for notice in notices if notice.to in with_webhook], new_entries, "webhook", is_waiting=True)
            tx.post([Reply(notice.to, notice.id, notice.kind, notice.dispute, notice.about, cause=notice.event) for notice in notices])
            tx.say(
                [
                    DomainEvent("notice.sent", notice.dispute, sending.notice_event_data(notice.kind, notice.to, "inbox", notice.about), cause=notice.event)
                    for notice in notices
                ]
            )
        if with_webhook:
            self.webhook_times.record_work(tx.now)

    def _send_sealed_notices(self, tx, notices):
        """Send notices about the safeguard lane: to the inbox only, recorded in a separate table, and without a published event."""
        if notices:
            store.insert_sealed_notices(tx, notices)
            tx.post([Reply(notice.to, notice.id, notice.kind, notice.dispute, notice.about, cause=notice.event) for notice in notices])

    @every(1.0, due_times="webhook_times")
    def send_webhooks(self):
        """Send due notices by webhook. A slow address delays neither the processing of events nor notices to other agencies."""
        sending.send_due_notices(self.db, self.calls)
        with self.db.transaction() as tx:
            self.webhook_times.record_query(store.load_next_try_at(tx))
