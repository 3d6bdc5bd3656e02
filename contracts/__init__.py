"""The contract between agencies and services: every event type with its schema and example, the roles that may report it, and the reasons of refusal.

Contents:

- `steps/`: event types that agencies report, one row each, by topic. `facts/`: events that services publish to each other.
  `answers/`: receipts and notices for agencies. `events`: lookup tables derived from all rows.
- `fields`, `step_facts`, `nested_schemas`: field types and nested schemas. `validation`: loads and dumps event data; `fast_validators`: its fast path for valid data.
- `kinds`, `states`, `clocks`, `causes`: closed lists of tokens with Chinese and English names. `reasons`, `mistakes`: sentences for refusals and for invalid fields.
- `county/`: the county that this installation serves, read from its folder. `csv_tables`: reader of its CSV files. `samples`: values of examples.
- `channels`: exchanges, queues and routing keys. `envelope`, `codes`, `dates`: limits of envelopes, the form of dispute codes, the range of dates.
- `safeguard`: roles and event types of the safeguard lane. `json_schema`, `asyncapi`: the published documents.

The package imports marshmallow and the standard library only. Importing it reads the county's folder once; nothing else is read or written.
"""

from contracts.channels import STREAMS, SUBSCRIPTIONS, partition_of
from contracts.county import AGENCIES, COUNTY, ROLES, TOWNSHIPS, Agency
from contracts.events import AGENCY_EVENTS, DOMAIN_EVENTS, EVENTS, FACTS, NOTICES, RECEIPTS, SEALED_EVENTS, EventType, assigned_agencies, event_type, may_report
from contracts.kinds import CHANNELS, KINDS, SESSION_MODES, TERMINATION_GROUNDS, WANTS
from contracts.mistakes import MISTAKES, Mistake, mistakes_in
from contracts.reasons import REASONS, Reason
from contracts.states import STATES
from contracts.steps import ROSTER_STEP_NAMES, STEPS
from contracts.validation import dump, dump_facts, load, load_parties

__all__ = [
    "AGENCIES",
    "AGENCY_EVENTS",
    "CHANNELS",
    "COUNTY",
    "DOMAIN_EVENTS",
    "EVENTS",
    "FACTS",
    "KINDS",
    "MISTAKES",
    "NOTICES",
    "REASONS",
    "RECEIPTS",
    "ROLES",
    "ROSTER_STEP_NAMES",
    "SEALED_EVENTS",
    "SESSION_MODES",
    "STATES",
    "STEPS",
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
    "dump",
    "dump_facts",
    "event_type",
    "load",
    "load_parties",
    "may_report",
    "mistakes_in",
    "partition_of",
]
