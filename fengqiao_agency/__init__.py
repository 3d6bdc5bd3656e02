"""Client library ("kit") with which an agency reports events to the hub (the central services) and reads the hub's receipts and notices.

It imports no other package of this project, so that an agency can install it alone.
"""

from .agency import Agency
from .errors import AgencyError, IdAlreadyUsed, NotConfigured, NotValid, TooLarge
from .events import IncomingEvent
from .outbox import OutboxEvent, StoredMessage

__all__ = ["Agency", "AgencyError", "IdAlreadyUsed", "IncomingEvent", "NotConfigured", "NotValid", "OutboxEvent", "StoredMessage", "TooLarge"]
