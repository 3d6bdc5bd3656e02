"""SQL that skips numbers after a loss of data, so that no number is assigned twice. Uses the caller's transaction."""

from datetime import datetime

from plumbing.transaction import Transaction


def lock_serials(tx: Transaction) -> list[tuple]:
    """Lock and return (area, year, last serial number assigned, scatter key)."""
    return tx.rows("select area, year, last, scatter_key from intake.serials order by area, year for update")


def set_last_serial(tx: Transaction, area: str, year: int, last: int) -> None:
    tx.run("update intake.serials set last = %s where area = %s and year = %s", (last, area, year))


def skip_log_numbers(tx: Transaction, count: int) -> None:
    """Leave `count` numbers of the log unused. The hash of the next entry still covers the last one."""
    tx.run("update intake.log_head set seq = seq + %s", (count,))


def skip_receipt_positions(tx: Transaction, count: int) -> None:
    """Leave `count` receipt positions of each agency unused."""
    tx.run("update intake.receipt_cursors set last = last + %s", (count,))


def insert_recovery(tx: Transaction, epoch: int, lost_since: datetime | None) -> None:
    """Record that an epoch began with a recovery, and since when confirmed events may be lost."""
    tx.run("insert into intake.recoveries (epoch, lost_since) values (%s, %s) on conflict (epoch) do nothing", (epoch, lost_since))
