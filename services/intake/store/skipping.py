"""SQL that skips numbers after a loss of data, so that no number is assigned twice. Uses the caller's transaction."""

from datetime import datetime

from plumbing.transaction import Transaction


def lock_serials(tx: Transaction) -> list[tuple]:
    """Lock and return (area, year, last serial number assigned, scatter key)."""
    return tx.rows("select area, year, last, scatter_key from intake.serials order by area, year for update")


def set_last_serial(tx: Transaction, area: str, year: int, last: int) -> None:
    tx.run("update intake.serials set last = %s where area = %s and year = %s", (last, area, year))


def skip_log_numbers(tx: Transaction, count: int) -> tuple[int, int]:
    """Leave `count` numbers of the log unused. Return the head's number before and after. The hash of the next entry still covers the last one."""
    ((after,),) = tx.rows("update intake.log_head set seq = seq + %s returning seq", (count,))
    return after - count, after


def skip_receipt_positions(tx: Transaction, count: int) -> None:
    """Leave `count` receipt positions of each agency unused."""
    tx.run("update intake.receipt_cursors set last = last + %s", (count,))


def insert_recovery(tx: Transaction, epoch: int, lost_since_at: datetime | None, log_seqs: tuple[int | None, int | None]) -> None:
    """Record that an epoch began with a recovery, since when confirmed events may be lost, and which log numbers were skipped."""
    tx.run("insert into intake.recoveries (epoch, lost_since_at, log_seq_before, log_seq_after) values (%s, %s, %s, %s)", (epoch, lost_since_at, *log_seqs))
