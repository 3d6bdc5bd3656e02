"""What intake does in a recovery after a loss of data (plumbing.recovery): numbers that may have been used are skipped, receipts are sent again.

After a restore of intake's tables to an earlier point nobody knows exactly which codes, log numbers and receipt positions have been used since. The
numbers known to other services, and a margin above them, are left unused, so that no code is assigned twice and no receipt has the id of another one.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from plumbing.transaction import Transaction
from services.intake import codes
from services.intake.store import receipts, skipping

CODE_MARGIN = 10_000  # serial numbers per area and year that are left unused; the default of an option
NUMBER_MARGIN = 1_000_000  # log numbers, and receipt positions of each agency
MAX_SEARCHED_SERIALS = 200_000  # number of serial numbers above the last known one in which known codes are searched
RECEIPTS_SENT_AGAIN_FOR = timedelta(days=7)
PAGE = 1000


def record_recovery(
    tx: Transaction, epoch: int, lost_since: datetime | None, known_codes: Iterable[str] | None, code_margin: int = CODE_MARGIN
) -> dict[str, int]:
    """Record the recovery, from which the answer to a receipt position of an earlier epoch is made, and skip numbers that may have been used.

    `known_codes`: codes that other services know and intake does not; None: intake was not restored, so no number is skipped. Return how many numbers of
    each kind are skipped.
    """
    if known_codes is None:
        skipping.insert_recovery(tx, epoch, lost_since, (None, None))
        return {}
    skipped = _skip_codes(tx, known_codes, code_margin)
    skipping.skip_receipt_positions(tx, NUMBER_MARGIN)
    skipping.insert_recovery(tx, epoch, lost_since, skipping.skip_log_numbers(tx, NUMBER_MARGIN))
    return {"codes": skipped, "numbers": NUMBER_MARGIN}


def _skip_codes(tx, known_codes, code_margin) -> int:
    known_serials = defaultdict(set)
    for code in known_codes:
        if codes.has_code_form(code):
            area, year, serial = code.split("-")[:3]
            known_serials[area, int(year)].add(int(serial))
    skipped = 0
    for area, year, last, key in skipping.lock_serials(tx):
        until = min(_highest_known_count(last, bytes(key), known_serials[area, year]) + code_margin, codes.LAST_SERIAL)
        skipping.set_last_serial(tx, area, year, until)
        skipped += until - last
    return skipped


def _highest_known_count(last: int, key: bytes, serials: set[int]) -> int:
    """Return the highest count (position in the scattered order) to which one of these serial numbers belongs, at least `last`."""
    remaining, highest = set(serials), last
    for count in range(last + 1, min(last + MAX_SEARCHED_SERIALS, codes.LAST_SERIAL) + 1):
        if not remaining:
            break
        serial = codes.scattered_serial(count, key)
        if serial in remaining:
            remaining.remove(serial)
            highest = max(highest, count)
    return highest


def send_receipts_again(db) -> int:
    """Send the receipts of the last days to the agencies' inboxes again. Return their number. A client recognises a repeated receipt by its id."""
    sent, after = 0, ""
    while True:
        with db.transaction() as tx:
            ids = receipts.load_ids_since(tx, tx.now - RECEIPTS_SENT_AGAIN_FOR, after, PAGE)
            receipts.send_again(tx, ids)
        sent += len(ids)
        if len(ids) < PAGE:
            return sent
        after = ids[-1]
