"""The mediation service (nameko): event listener and timers. It owns the state of every dispute from registration to closure."""

from datetime import datetime
from functools import partial

from nameko.extensions import DependencyProvider
from structlog import get_logger

from contracts import COUNTY, partition_of
from contracts.dates import SHANGHAI
from plumbing.consumer import hear
from plumbing.dependency import Database, TimesOfDueWork
from plumbing.events import DomainEvent
from plumbing.timer import every
from services.mediation import store
from services.mediation.calendar_watch import CalendarWatch
from services.mediation.county_files import CountyFiles
from services.mediation.deadlines import passing, tracking
from services.mediation.lifecycle import decisions
from services.mediation.lifecycle.recomputing import HistoryNeeded
from services.mediation.rosters import roster_events
from services.mediation.rosters import store as roster_store
from services.mediation.routing import effects as routing_effects
from services.mediation.routing import proposals
from services.mediation.routing import store as routing_store
from services.mediation.safeguard import lane
from services.mediation.safeguard import store as lane_store

log = get_logger()
WATERMARKS_ADVANCED = "watermarks.advanced"  # type of intake's event about how far the agencies have reported
DUE_BATCH_SIZE = 200  # number of disputes per transaction when deadlines are checked


class CountyFilesProvider(DependencyProvider):
    """Injects CountyFiles: the county's periods, calendar and routing rules. Invalid files stop the service at its start."""

    files = None  # set by setup()

    def setup(self):
        self.files = CountyFiles(COUNTY.folder, self.container.config["settings"].patience_seconds)

    def get_dependency(self, worker_ctx):
        return self.files


class RosterCacheProvider(DependencyProvider):
    """Injects RosterCache: the rosters, cached in this OS process."""

    def setup(self):
        self.cache = roster_store.RosterCache()

    def get_dependency(self, worker_ctx):
        return self.cache


class MediationService:
    """Decides each reported step by the tables in lifecycle/transitions.py, and publishes the resulting events."""

    name = "mediation"
    db = Database()
    county = CountyFilesProvider()
    rosters = RosterCacheProvider()
    deadline_times = TimesOfDueWork()
    safeguard_times = TimesOfDueWork()
    calendar_watch = CalendarWatch()

    @hear("intake", "intake-safeguard")
    def on_events(self, batch):
        """Decide a batch of registrations, reported steps and roster changes in one transaction."""
        with self.db.transaction() as tx:
            unheard = tx.unheard(batch)
            roster_events_to_publish = self._change_rosters(tx, [event for event in unheard if event.type == roster_events.ROSTER_REPORTED])
            roster = self.rosters.read(tx, use_cache=not roster_events_to_publish)
            watermarks = [event for event in unheard if event.type == WATERMARKS_ADVANCED]
            events = [event for event in unheard if event.type not in (roster_events.ROSTER_REPORTED, WATERMARKS_ADVANCED)]
            disputes = store.load(tx, [event.subject for event in events])
            store.load_history(tx, disputes, [event.subject for event in events if decisions.needs_history(event)])
            decided, policy, statistics_differences = [], self.county.policy, {}
            for event in events:
                dispute = disputes.get(event.subject)
                before = routing_effects.routed_and_handling_body(dispute)
                if event.discarded:
                    decision = lane.discard(dispute, event, tx.now)
                else:
                    decision = _with_history(tx, disputes, event.subject, partial(lane.decide, dispute, event, tx.now, policy, roster))
                disputes[event.subject] = decision.dispute
                routing_effects.count_referrals(statistics_differences, before, decision)
                decided.append((event, decision))
            proposals.propose_bodies(tx, decided, self.county.routing, roster)
            proposals.propose_mediators(tx, decided, roster)
            store.save(tx, decided)
            store.save_watermarks(tx, watermarks)
            if statistics_differences:
                routing_store.add_to_body_statistics(tx, statistics_differences, partition_of(events[0].subject, self.db.settings.partitions))
            tx.say(roster_events_to_publish + [published for event, decision in decided for published in _events_to_publish(decision, event)])
        if watermarks:
            self.deadline_times.record_work(tx.now)
        decisions_made = [decision for _, decision in decided]
        self.deadline_times.record_work(_earliest(deadline.next_check_at for decision in decisions_made for deadline in decision.deadlines))
        self.safeguard_times.record_work(_earliest(c.next_check_at for decision in decisions_made if decision.hold for c in decision.hold.running.values()))

    def _change_rosters(self, tx, events):
        """Decide the roster changes of a batch, and return the events to publish.

        Roster changes are decided before steps, so that a step in the same batch may name a new member.
        """
        if not events:
            return []
        roster = roster_store.load(tx, {event.subject for event in events}, locked=True)
        decided = [(event, *roster_events.decide(event, roster)) for event in events]
        roster_store.save(tx, [entry for _, entries, _ in decided for entry in entries])
        return [DomainEvent(event_type, event.subject, data, cause=event) for event, _, (event_type, data) in decided]

    @every(1.0, due_times="deadline_times")
    def check_due_deadlines(self):
        """Check the deadlines that are due for a check, and publish reminders and passed deadlines. One OS process at a time does this."""
        while self._check_one_batch() == DUE_BATCH_SIZE:
            pass
        with self.db.transaction() as tx:
            self.deadline_times.record_query(store.load_next_check_at(tx))

    def _check_one_batch(self) -> int:
        """Check the deadlines of up to DUE_BATCH_SIZE disputes. Return the number of disputes with a change; 0 also if another OS process checks deadlines.

        A dispute without a change is checked again at the next call of the timer: it waits for an agency.
        """
        with self.db.transaction() as tx:
            codes = store.load_due_codes(tx, DUE_BATCH_SIZE, passing.MARGIN, self.county.policy.patience)
            if not codes:
                return 0
            disputes, watermarks, decided = store.load(tx, codes), store.load_watermarks(tx), []
            for code in list(disputes):
                for deadline in list(disputes[code].deadlines.values()):
                    check = partial(_check_deadline, disputes, code, deadline, tx.now, self.county.policy, watermarks)
                    decision = _with_history(tx, disputes, code, check)
                    disputes[code] = decision.dispute
                    decided.append((None, decision))
            _save_and_publish(tx, decided)
            return len({decision.dispute.code for _, decision in decided if decision.deadlines or decision.new_events})

    @every(2.0)
    def reload_county_files(self):
        """Read the county files again that have changed, and recompute the unmet deadlines if the county's periods or calendar have changed."""
        self.county.reload()
        if self.county.must_recompute:
            self._recompute_deadlines()

    @every(60.0)
    def check_calendar(self):
        """Publish in a metric until when the calendar is known, and warn in December if the schedule of the next year is missing."""
        self.calendar_watch.check(self.county.policy.holidays, datetime.now(SHANGHAI).date())

    def _recompute_deadlines(self):
        """Recompute all unmet deadlines that depend on what has changed: the calendar, or the county's periods.

        The comparison at the start is with the database, so that a restart recomputes only what changed meanwhile. A change noticed later is recomputed
        by every process, because each may have set deadlines by the old rules until it noticed the change. Batches are short, in the order of the codes;
        a process that is stopped before the last batch begins again at its next start, and finds nothing to change in the batches that were finished.
        """
        policy, last_code = self.county.policy, ""
        with self.db.transaction() as tx:
            former = store.load_deadline_basis(tx) if self.county.recomputed_basis is None else self.county.recomputed_basis
        changed = {name for name, fingerprint in policy.basis.items() if former.get(name) != fingerprint}
        while changed and last_code is not None:
            with self.db.transaction() as tx:
                codes = store.load_codes_with_unmet_deadlines(tx, last_code, DUE_BATCH_SIZE)
                decided = [(None, tracking.recompute_deadlines(dispute, tx.now, policy, changed)) for dispute in store.load(tx, codes).values()]
                _save_and_publish(tx, decided)
                last_code = max(codes, default=None)
            self.deadline_times.record_work(_earliest(deadline.next_check_at for _, decision in decided for deadline in decision.deadlines))
        if changed:
            with self.db.transaction() as tx:
                store.save_deadline_basis(tx, policy.basis)
            log.info("The unmet deadlines were recomputed.", reason=", ".join(sorted(changed)))
        self.county.recomputed_basis = policy.basis

    @every(1.0, due_times="safeguard_times")
    def check_safeguard_clocks(self):
        """Check the deadlines of the safeguard lane (protection orders) that are due for a check, and publish the results in the sealed stream."""
        with self.db.transaction() as tx:
            codes = lane_store.load_due_codes(tx, tx.now, DUE_BATCH_SIZE)
            if codes:
                watermarks, policy = store.load_watermarks(tx), self.county.policy
                _save_and_publish(tx, [(None, lane.check_safeguard_clocks(dispute, tx.now, policy, watermarks)) for dispute in store.load(tx, codes).values()])
            next_check_at = lane_store.load_next_check_at(tx)
        self.safeguard_times.record_query(next_check_at)


def _check_deadline(disputes, code, deadline, now, policy, watermarks):
    return lane.check_deadline(disputes[code], deadline, now, policy, watermarks)


def _with_history(tx, disputes, code, decide):
    """Return the decision that `decide()` makes. If it needs the earlier steps of the dispute, they are loaded, and it is called again."""
    try:
        return decide()
    except HistoryNeeded:
        store.load_history(tx, disputes, [code])
        return decide()


def _earliest(times):
    """Return the earliest of these times, or None if there is none. Times that are None are ignored."""
    return min((time for time in times if time is not None), default=None)


def _save_and_publish(tx, decided):
    store.save(tx, decided)
    tx.say([published for _, decision in decided for published in _events_to_publish(decision, None)])


def _events_to_publish(decision, event):
    """Yield the events to publish: ordinary events, then events of the sealed stream, then ordinary events withheld during a hold, with their own time.

    `event` is the decided event, or None for a decision made by a timer.
    """
    code = decision.dispute and decision.dispute.code
    for event_type, data in decision.new_events:
        yield _ordinary_event(event_type, event, data) if event else DomainEvent(event_type, code, data)
    for event_type, data in decision.sealed_events:
        yield DomainEvent(event_type, code, data, time=event and event.time, cause=event, source=lane.SEALED_STREAM)
    for event_type, data in decision.delayed_events:
        yield DomainEvent(event_type, code, data, time=datetime.fromisoformat(data["happened_at"]) if "happened_at" in data else None)


def _ordinary_event(event_type, event, data):
    """Return the event to publish. Its time is that of the decided event if `data` has `happened_at`, else the present time."""
    return DomainEvent(event_type, event.subject, data, time=event.time if "happened_at" in data else None, cause=event)
