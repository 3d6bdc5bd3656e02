"""Events that services send to agencies: receipts for reported events, and notices of matters on which an agency has to act."""

from contracts.answers import notices, receipts

RECEIPTS = {event_type.type: event_type for event_type in receipts.EVENTS}
NOTICES = {event_type.type: event_type for event_type in (*notices.ORDINARY_NOTICES, *notices.SEALED_NOTICES, *notices.OPERATIONAL_NOTICES)}
