"""Client library with which an agency reports events to the hub and reads its receipts and notices. Imports no other package of this project."""

from .agency import Agency
from .errors import AgencyError, IdAlreadyUsed, NotConfigured, NotValid, TooLarge
from .events import IncomingEvent
from .outbox import OutboxEvent, StoredMessage

__all__ = ["Agency", "AgencyError", "IdAlreadyUsed", "IncomingEvent", "NotConfigured", "NotValid", "OutboxEvent", "StoredMessage", "TooLarge"]
