"""Row types that define events: `Step` for event types that agencies report, `EventType` for every event type of any stream."""

from dataclasses import KW_ONLY, dataclass, field

from contracts.fields import Schema


@dataclass(frozen=True, slots=True, eq=False)
class EventType:
    """One type of event of one stream."""

    type: str
    schema: type[Schema]  # of `data`
    _: KW_ONLY
    stream: str  # the publisher: "agencies", or one of contracts.channels.STREAMS
    zh: str
    en: str
    example: dict  # of `data`
    allowed_roles: frozenset[str] = frozenset()  # roles whose agencies may report it; empty for events that services publish

    @property
    def dataschema(self) -> str:
        """The CloudEvents attribute of the same name. Its version is always 1: fields may be added, and a changed meaning becomes a new type."""
        return f"urn:fengqiao:{self.stream}:{self.type}:1"


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One event type that agencies report."""

    type: str
    schema: type[Schema]  # of `data`
    _: KW_ONLY
    roles: str  # letters of the roles whose agencies may report it
    zh: str
    en: str
    example: dict  # of `data`
    is_about_roster: bool = False  # its subject is an organisation on the roster, not a dispute
    is_sealed: bool = False  # it belongs to the safeguard lane and is published in the sealed streams only
    is_correctable: bool = True  # report.corrected may replace its facts
    is_confirmed: bool = True  # mediation publishes a fact of the same type when the step takes effect
    assigns: tuple[str, ...] = ()  # fields that assign work to agencies; a suspended or removed agency is refused in them
    hold_cause: str | None = None  # cause of the hold or stay that the step opens: a key of kinds.HOLD_CAUSES
    also_by_time: bool = False  # mediation also takes this step when a period ends; its fact then names no event and no agency
    extra_fact_fields: dict = field(default_factory=dict)  # fields of its fact that the agency does not report, by name

    @property
    def names(self) -> tuple[str, str]:
        """Names of the step in Chinese and English."""
        return self.zh, self.en
