"""Events that services publish to each other about disputes and rosters. They contain codes, dates, amounts and digests, no personal data and no free text."""

from contracts.facts import intake, mediation, notify, sealed, steps

FACTS = {row.type: row for row in steps.EVENTS}
DOMAIN_EVENTS = {row.type: row for row in (*intake.EVENTS, *mediation.EVENTS, *notify.EVENTS)} | FACTS
SEALED_EVENTS = {(row.stream, row.type): row for row in sealed.EVENTS}
