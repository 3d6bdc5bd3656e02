"""What our services publish to each other about disputes and rosters: codes, dates, amounts and hashes. No person, and no free text."""

from contracts.facts import intake, mediation, notify, sealed, steps

FACTS = {row.type: row for row in steps.EVENTS}
DOMAIN_EVENTS = {row.type: row for row in (*intake.EVENTS, *mediation.EVENTS, *notify.EVENTS)} | FACTS
SEALED_EVENTS = {(row.stream, row.type): row for row in sealed.EVENTS}
