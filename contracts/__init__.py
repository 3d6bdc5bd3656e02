"""What is said: the event types, their schemas, who may say them, and why something is refused. No I/O; imports marshmallow and nothing else."""

from contracts.channels import HEARS, STREAMS, partition_of
from contracts.county import AGENCIES, COUNTY, ROLES, TOWNSHIPS, Agency
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, EVENTS, FACTS, NOTICES, RECEIPTS, SEALED_EVENTS, EventType, assigned, event_type, may_say
from contracts.kinds import CHANNELS, GROUNDS, KINDS, MODES, WANTS
from contracts.mistakes import MISTAKES, Mistake, mistakes_in
from contracts.reasons import REASONS, Reason
from contracts.states import STATES
from contracts.steps import ABOUT_THE_ROSTER, STEPS
from contracts.validation import facts_of, heard, parties, said

__all__ = [
    "ABOUT_THE_ROSTER",
    "AGENCIES",
    "AGENCY_EVENTS",
    "CHANNELS",
    "COUNTY",
    "DOMAIN_EVENTS",
    "EVENTS",
    "FACTS",
    "GROUNDS",
    "HEARS",
    "KINDS",
    "MISTAKES",
    "MODES",
    "NOTICES",
    "REASONS",
    "RECEIPTS",
    "ROLES",
    "SEALED_EVENTS",
    "STATES",
    "STEPS",
    "STREAMS",
    "TOWNSHIPS",
    "WANTS",
    "Agency",
    "EventType",
    "Mistake",
    "Reason",
    "assigned",
    "event_type",
    "facts_of",
    "heard",
    "may_say",
    "mistakes_in",
    "parties",
    "partition_of",
    "said",
]
