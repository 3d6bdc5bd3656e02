"""The data contract between agencies and services: every event type with its schema and example, the roles that may report it, and the reasons of refusal.

Contents:

- `steps/`: event types that agencies report (steps), by topic. `facts/`: event types that services publish to each other.
  `answers/`: receipts and notices for agencies. `definitions`: data classes that define an event type. `events`: all event types by name.
- `fields`, `step_facts`, `nested_schemas`: field types and nested schemas.
- `validation`: loads and dumps event data. `fast_validators`: loads valid data without marshmallow.
- `kinds`, `states`, `clocks`, `causes`: lists of allowed tokens with Chinese and English names.
- `reasons`, `mistakes`: sentences for refusals and for invalid fields. `law_texts`: articles of law that set periods.
- `county/`: the county that this installation serves, read from its folder. `csv_tables`: reader of CSV files.
- `samples`: values used in the examples of events.
- `channels`: names of exchanges, queues and routing keys. `envelope`: limits of event envelopes.
- `codes`: form of dispute codes. `dates`: range of accepted years.
- `safeguard`: roles and event types of the safeguard lane (安全保护专线: events that only police, courts and the women's federation see).
- `json_schema`, `asyncapi`: generators of the published JSON Schemas and of the AsyncAPI document.

The package imports marshmallow and the standard library only. When it is imported, it reads the county's folder once; it reads and writes no other files.
"""

from contracts.channels import STREAMS, SUBSCRIPTIONS, partition_of
from contracts.county import AGENCIES, COUNTY, ROLES, TOWNSHIPS, Agency
from contracts.events import (
    AGENCY_EVENTS,
    DOMAIN_EVENTS,
    EVENTS,
    FACTS,
    NOTICES,
    RECEIPTS,
    SEALED_EVENTS,
    EventType,
    assigned_agencies,
    event_type,
    may_report,
    step_outcome,
)
from contracts.kinds import CHANNELS, KINDS, SESSION_MODES, TERMINATION_GROUNDS, WANTS
from contracts.mistakes import MISTAKES, Mistake, mistakes_in
from contracts.reasons import REASONS, Reason
from contracts.states import STATES
from contracts.steps import AGENCY_STATEMENTS, ORDINARY_STEP_NAMES, ROSTER_STEP_NAMES
from contracts.validation import convert, dump, dump_facts, load, load_parties

__all__ = [
    "AGENCIES",
    "AGENCY_EVENTS",
    "AGENCY_STATEMENTS",
    "CHANNELS",
    "COUNTY",
    "DOMAIN_EVENTS",
    "EVENTS",
    "FACTS",
    "KINDS",
    "MISTAKES",
    "NOTICES",
    "ORDINARY_STEP_NAMES",
    "REASONS",
    "RECEIPTS",
    "ROLES",
    "ROSTER_STEP_NAMES",
    "SEALED_EVENTS",
    "SESSION_MODES",
    "STATES",
    "STREAMS",
    "SUBSCRIPTIONS",
    "TERMINATION_GROUNDS",
    "TOWNSHIPS",
    "WANTS",
    "Agency",
    "EventType",
    "Mistake",
    "Reason",
    "assigned_agencies",
    "convert",
    "dump",
    "dump_facts",
    "event_type",
    "load",
    "load_parties",
    "may_report",
    "mistakes_in",
    "partition_of",
    "step_outcome",
]
