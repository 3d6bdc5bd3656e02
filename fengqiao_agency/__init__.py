"""What an agency installs to speak with the hub. Imports nothing else of ours."""

from .agency import Agency
from .errors import AgencyError, AlreadySaidOtherwise, NotConfigured, NotValid, TooLarge
from .events import Incoming
from .outbox import Row, Told

__all__ = ["Agency", "AgencyError", "AlreadySaidOtherwise", "Incoming", "NotConfigured", "NotValid", "Row", "Told", "TooLarge"]
