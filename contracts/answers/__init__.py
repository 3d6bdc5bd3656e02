"""What an agency gets back: receipts for what it reported, notices of what it has to act on."""

from contracts.answers import notices, receipts

RECEIPTS = {row.type: row for row in receipts.EVENTS}
NOTICES = {row.type: row for row in (*notices.ORDINARY, *notices.SEALED)}
