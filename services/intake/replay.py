"""Loads an exported message log into this empty installation: the second half of `./fengqiao replay`, run with intake's settings.

    python -m services.intake.replay LOG [--shuffle SEED] [--speed EVENTS_PER_SECOND] [--silent-until TIME]

Every accepted event is processed as when it was received first; refused events are left out. The codes of reports are pinned, so that each report gets the
code that it had. `--shuffle` interleaves the agencies at random, in an order in which they could have sent the events: each agency's events keep their
order, and so do the events about one dispute, because its agencies act in answer to each other, and the changes of rosters. At the end the watermarks of
the log are stated for the agencies, and for an agency that had fallen silent `--silent-until`, the time up to which deadlines no longer waited for it.
"""

import argparse
import base64
import os
import sys
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from random import Random

import orjson

from plumbing import settings
from plumbing.events import Delivery
from plumbing.pool import Pool
from services.intake import envelope, ingest
from services.intake.store import replay, watermarks

BATCH_SIZE = 200
MAX_OUTBOX_ROWS = 500  # while the outbox has more rows, no further events are loaded
POLL_SECONDS = 0.1
EVENT_TYPES_PINNED = ("dispute.reported", "reports.unjoined")


def main(arguments: list[str]) -> int:
    options = _parse(arguments)
    entries, stated = read_log(options.log)
    pool = Pool(settings.load(), 2, read=envelope.read_any)
    with pool.transaction() as tx:
        if not replay.is_empty(tx):
            print("目标系统已有上报，未装入 | the installation has events already, nothing was loaded", file=sys.stderr)
            return 2
        replay.pin_codes(tx, [(e["agency"], e["event_id"], e["report_code"]) for e in entries if e["report_code"] and e["type"] in EVENT_TYPES_PINNED])
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
        codes = [code for code in (entry["dispute"], entry["report_code"], _joined_into(entry)) if code]
        for code in codes[1:]:
            parents[find(code)] = find(codes[0])
    return lambda entry: find(entry["dispute"])


def _joined_into(entry):
    if entry["type"] != "reports.joined":
        return None
    return envelope.read_any(delivery_of(entry)).data.get("into")


# ── Loading ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def load(pool: Pool, entries: Iterable[dict], speed: float | None) -> int:
    """Process the entries in batches, at most `speed` of them a second. Return their number."""
    started_at, count = time.monotonic(), 0
    for batch in _batches(list(entries), BATCH_SIZE if speed is None else max(1, min(BATCH_SIZE, int(speed / 10)))):
        _wait_for_outbox(pool)
        with pool.transaction() as tx:
            ingest.ingest(tx, [envelope.read_any(delivery_of(entry)) for entry in batch])
        count += len(batch)
        if speed is not None:
            time.sleep(max(0.0, count / speed - (time.monotonic() - started_at)))
    return count


def delivery_of(entry: dict) -> Delivery:
    """Return the delivery of an entry of the log, as it was received."""
    stored = dict(entry["delivery"])
    body = base64.b64decode(stored.pop("body_base64")) if "body_base64" in stored else stored.pop("body").encode()
    return Delivery(body, **stored)


def _batches(entries, size) -> Iterator[list]:
    for begin in range(0, len(entries), size):
        yield entries[begin : begin + size]


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
