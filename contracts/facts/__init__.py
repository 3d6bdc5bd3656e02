"""Events that services publish to each other about disputes and rosters. They contain neither personal data nor free text."""

from contracts.facts import intake, mediation, notify, sealed, steps

FACTS = {event_type.type: event_type for event_type in steps.EVENTS}
DOMAIN_EVENTS = {event_type.type: event_type for event_type in (*intake.EVENTS, *mediation.EVENTS, *notify.EVENTS)} | FACTS
SEALED_EVENTS = {(event_type.stream, event_type.type): event_type for event_type in sealed.EVENTS}
