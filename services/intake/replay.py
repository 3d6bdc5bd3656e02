"""Loads an exported message log into this empty installation: the second half of `./fengqiao replay`, run with intake's settings.

    python -m services.intake.replay LOG [--shuffle SEED] [--speed EVENTS_PER_SECOND] [--silent-until TIME]

Every accepted event is processed as when it was received first; refused events are left out. The codes of reports are pinned, so that each report gets the
code that it had. `--shuffle` interleaves the agencies at random, in an order in which they could have sent the events: each agency's events keep their
order, and so do the events about one dispute, because its agencies act in answer to each other, and the changes of rosters. Each event about a dispute of
the safeguard lane waits for the outcome of the one before, because events of the lane and others take different ways. At the end the watermarks of
the log are stated for the agencies, and for an agency that had fallen silent `--silent-until`, the time up to which deadlines no longer waited for it.
"""

import argparse
import base64
import os
import sys
import time
from collections import defaultdict, deque
from datetime import datetime
from pathlib import Path
from random import Random

import orjson

import contracts
from plumbing import settings
from plumbing.events import Delivery
from plumbing.pool import Pool
from services.intake import envelope, ingest
from services.intake.joining import JOIN_STEPS
from services.intake.store import replay, watermarks

BATCH_SIZE = 200
MAX_OUTBOX_ROWS = 500  # while the outbox has more rows, no further events are loaded
POLL_SECONDS = 0.1
EVENT_TYPES_WITH_RISK = ("dispute.reported", "dispute.screened", "report.corrected")
EVENT_TYPES_PINNED = ("dispute.reported", "reports.unjoined")


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    entries, stated = read_log(options.log)
    pool = Pool(settings.load(), 2, read=envelope.read_any)
    with pool.transaction() as tx:
        if not replay.is_empty(tx):
            print("目标系统已有上报，未装入 | the installation has events already, nothing was loaded", file=sys.stderr)
            return 2
        replay.pin_codes(tx, [(e["agency"], e["event_id"], e["dispute"]) for e in entries if e["type"] in EVENT_TYPES_PINNED])
    ordered = entries if options.shuffle is None else shuffled(entries, options.shuffle)
    count = load(pool, ordered, options.speed)
    _wait_until_answered(pool)
    with pool.transaction() as tx:
        watermarks.record(tx, [(agency, None, max(filter(None, (up_to, options.silent_until)))) for agency, up_to in stated])
    print(f"已装入{count}个事件 | {count} events loaded", flush=True)
    return 0


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m services.intake.replay")
    parser.add_argument("log", type=Path)
    parser.add_argument("--shuffle", type=int)
    parser.add_argument("--speed", type=float)
    parser.add_argument("--silent-until", type=datetime.fromisoformat)
    return parser.parse_args(arguments)


def read_log(file: Path) -> tuple[list[dict], list[tuple[str, datetime]]]:
    """Return the accepted events of an exported log, in order, and the watermark of each agency."""
    lines = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    entries = [line for line in lines if "watermark" not in line and line["refused_for"] is None]
    stated = [line["watermark"] for line in lines if "watermark" in line]
    newest = {mark["agency"]: max(datetime.fromisoformat(mark[name]) for name in ("up_to", "stated_up_to") if mark[name]) for mark in stated}
    return entries, sorted(newest.items())


# ── Order ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def shuffled(entries: list[dict], seed: int) -> list[dict]:
    """Return the entries in a random order in which the agencies could have sent them."""
    random, result = Random(seed), []
    group_of = _disputes_that_belong_together(entries)
    for segment in _segments_between_roster_changes(entries):
        by_agency, by_group = defaultdict(deque), defaultdict(deque)
        for entry in segment:
            by_agency[entry["agency"]].append(entry)
            by_group[group_of(entry)].append(entry)
        while by_agency:
            ready = [agency for agency, waiting in sorted(by_agency.items()) if by_group[group_of(waiting[0])][0] is waiting[0]]
            agency = random.choice(ready)
            entry = by_agency[agency].popleft()
            by_group[group_of(entry)].popleft()
            if not by_agency[agency]:
                del by_agency[agency]
            result.append(entry)
    return result


def _segments_between_roster_changes(entries):
    segment: list[dict] = []
    for entry in entries:
        if entry["dispute"] is None:
            yield segment
            yield [entry]
            segment = []
        else:
            segment.append(entry)
    yield segment


def _disputes_that_belong_together(entries):
    """Return a function that returns, for an entry, the code that stands for its dispute and all disputes that were ever joined to it."""
    parents: dict[str, str] = {}

    def find(code):
        while parents.get(code, code) != code:
            code = parents[code]
        return code

    for entry in entries:
        codes = [code for code in (entry["dispute"], entry["report_code"], *_codes_named(entry)) if code]
        for code in codes[1:]:
            parents[find(code)] = find(codes[0])
    return lambda entry: find(entry["dispute"])


def _codes_named(entry):
    """Return the codes of the other disputes that a request to join disputes, or to undo a join, concerns."""
    if entry["type"] not in JOIN_STEPS:
        return []
    event = envelope.read_any(delivery_of(entry))
    return [event.subject, event.data.get("into")]


# ── Loading ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def load(pool: Pool, entries: list[dict], speed: float | None) -> int:
    """Process the entries in batches, at most `speed` of them a second. Return their number."""
    started_at, count, size = time.monotonic(), 0, BATCH_SIZE if speed is None else max(1, min(BATCH_SIZE, int(speed / 10)))
    stream = _Stream(entries)
    while not stream.is_empty:
        _wait_for_outbox(pool)
        with pool.transaction() as tx:
            stream.release(replay.find_decided(tx, stream.awaited()))
            batch = stream.take(size)
            ingest.ingest(tx, [envelope.read_any(delivery_of(entry)) for entry in batch])
        count += len(batch)
        if not batch:
            time.sleep(POLL_SECONDS)
        elif speed is not None:
            time.sleep(max(0.0, count / speed - (time.monotonic() - started_at)))
    return count


class _Stream:
    """The entries still to load. An event about a dispute of the safeguard lane is held back until the event before it has its outcome."""

    def __init__(self, entries: list[dict]):
        self._entries, self._group_of = deque(entries), _disputes_that_belong_together(entries)
        self._lane_groups = {self._group_of(entry) for entry in entries if entry["dispute"] and _concerns_lane(entry)}
        self._awaited: dict[str, tuple[str, str]] = {}  # group of disputes → (agency, event id) of the event whose outcome is awaited
        self._held_back: dict[str, deque] = defaultdict(deque)

    @property
    def is_empty(self) -> bool:
        return not self._entries and not self._held_back

    def awaited(self) -> list[tuple[str, str]]:
        """Return (agency, event id) of each event whose outcome must arrive before a held-back event can be loaded."""
        return [self._awaited[group] for group in self._held_back]

    def release(self, decided: set[tuple[str, str]]) -> None:
        """Let the next held-back event follow each of these decided events."""
        for group in [group for group in self._held_back if self._awaited[group] in decided]:
            del self._awaited[group]
            self._entries.extendleft(reversed(self._held_back.pop(group)))

    def take(self, size: int) -> list[dict]:
        """Return up to `size` entries that can be loaded now."""
        batch: list[dict] = []
        while self._entries and len(batch) < size:
            entry = self._entries.popleft()
            group = entry["dispute"] and self._group_of(entry)
            if group in self._awaited:
                self._held_back[group].append(entry)
                continue
            if group in self._lane_groups:
                self._awaited[group] = (entry["agency"], entry["event_id"])
            batch.append(entry)
        return batch


def _concerns_lane(entry):
    if entry["type"] in contracts.safeguard.STEP_NAMES:
        return True
    return entry["type"] in EVENT_TYPES_WITH_RISK and bool(contracts.safeguard.danger_flags(envelope.read_any(delivery_of(entry)).data))


def delivery_of(entry: dict) -> Delivery:
    """Return the delivery of an entry of the log, as it was received."""
    stored = dict(entry["delivery"])
    body = base64.b64decode(stored.pop("body_base64")) if "body_base64" in stored else stored.pop("body").encode()
    return Delivery(body, **stored)


def _wait_for_outbox(pool):
    while True:
        with pool.transaction() as tx:
            if replay.count_outbox_rows(tx) <= MAX_OUTBOX_ROWS:
                return
        time.sleep(POLL_SECONDS)


def _wait_until_answered(pool):
    """Wait until the mediation service has decided every event, so that no agency states a time before its events have been processed."""
    while True:
        with pool.transaction() as tx:
            if not replay.has_undecided_events(tx):
                return
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    os.environ.setdefault("FENGQIAO_SERVICE", "intake")
    sys.exit(main(sys.argv[1:]))
