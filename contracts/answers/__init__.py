"""Events addressed to agencies: receipts for their reports, and notices of matters on which they have to act."""

from contracts.answers import notices, receipts

RECEIPTS = {row.type: row for row in receipts.EVENTS}
NOTICES = {row.type: row for row in (*notices.ORDINARY, *notices.SEALED)}
