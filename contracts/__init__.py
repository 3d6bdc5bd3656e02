"""The event types, their schemas, who may report them, and why something is refused. Imports marshmallow only, and reads the county's folder once."""

from contracts.channels import HEARS, STREAMS, partition_of
from contracts.county import AGENCIES, COUNTY, ROLES, TOWNSHIPS, Agency
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, EVENTS, FACTS, NOTICES, RECEIPTS, SEALED_EVENTS, EventType, assigned, event_type, may_say
from contracts.kinds import CHANNELS, GROUNDS, KINDS, MODES, WANTS
from contracts.mistakes import MISTAKES, Mistake, mistakes_in
from contracts.reasons import REASONS, Reason
from contracts.states import STATES
from contracts.steps import ABOUT_THE_ROSTER, STEPS
from contracts.validation import dump, dump_facts, load, load_parties

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
    "dump",
    "dump_facts",
    "event_type",
    "load",
    "load_parties",
    "may_say",
    "mistakes_in",
    "partition_of",
]
