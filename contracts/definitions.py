"""Data classes that define event types: `Step` for an event type that agencies report, `EventType` for an event type of any stream."""

from dataclasses import KW_ONLY, dataclass, field

from contracts.fields import Schema


@dataclass(frozen=True, slots=True, eq=False)
class EventType:
    """Definition of one event type in one stream."""

    type: str
    schema: type[Schema]  # schema of the event's `data`
    _: KW_ONLY
    stream: str  # "agencies" for events that agencies report, else one of contracts.channels.STREAMS
    zh: str
    en: str
    example: dict  # example of the event's `data`
    allowed_roles: frozenset[str] = frozenset()  # roles of the agencies that may report the event; empty for events that services publish

    @property
    def dataschema(self) -> str:
        """CloudEvents attribute `dataschema`. Its version is always 1, because fields are only added; an event with a changed meaning gets a new type."""
        return f"urn:fengqiao:{self.stream}:{self.type}:1"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """Definition of one event type that agencies report: a step of a dispute, a change of a roster, or a statement about the agency itself."""

    type: str
    schema: type[Schema]  # schema of the event's `data`
    _: KW_ONLY
    roles: str  # roles of the agencies that may report the event: letters separated by blanks, keys of contracts.county.ROLES
    zh: str
    en: str
    example: dict  # example of the event's `data`
    is_about_roster: bool = False  # True: the subject of the event is an organisation on the roster, not a dispute
    is_about_agency: bool = False  # True: the subject of the event is the reporting agency itself; the intake service answers the event and does not store it
    is_sealed: bool = False  # True: the step belongs to the safeguard lane and is published in the sealed streams only
    is_correctable: bool = True  # True: an event report.corrected may replace the facts of this step
    repeats_facts: bool = True  # False: mediation's event that confirms the step repeats none of its facts
    assigning_fields: tuple[str, ...] = ()  # fields that name agencies to which the step assigns work; suspended and removed agencies are refused there
    hold_cause: str | None = None  # cause of the safeguard hold or stay that the step opens (a key of kinds.HOLD_CAUSES); None: the step opens none
    is_also_automatic: bool = False  # True: mediation also performs this step when a period ends, and then publishes it without agency and reported event
    published_schema: type[Schema] | None = None  # schema of the facts that services publish, if it is not `schema` without the fields that stay at intake
    correction_schema: type[Schema] | None = None  # schema of the facts in report.corrected, if they are not the published facts
    published_correction_schema: type[Schema] | None = None  # schema of the corrected facts that services publish; given with `correction_schema`
    extra_fact_fields: dict = field(default_factory=dict)  # fields, by name, that only mediation's event of the same type has

    @property
    def names(self) -> tuple[str, str]:
        """Names of the step in Chinese and English."""
        return self.zh, self.en
