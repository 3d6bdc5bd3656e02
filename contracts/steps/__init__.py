"""Event types that agencies report (steps). Each is one row with its schema, in the module of its topic. The tables below are derived from the rows."""

from contracts.steps import correction, roster, safeguard, topics

ROWS = {step.type: step for step in (*topics.STEPS, *correction.STEPS, *roster.STEPS, *safeguard.STEPS)}
NAMES = {type: step.names for type, step in ROWS.items()}  # names of all steps in Chinese and English

# Steps of a dispute in the ordinary streams, steps of the safeguard lane, and changes of rosters.
ORDINARY = {type: step for type, step in ROWS.items() if not step.is_about_roster and not step.is_sealed}
SEALED = {type: step for type, step in ROWS.items() if step.is_sealed}
ROSTER_STEPS = {type: step for type, step in ROWS.items() if step.is_about_roster}
CORRECTABLE = correction.CORRECTABLE

STEPS = {type: step.names for type, step in ORDINARY.items()}  # names of the ordinary steps
ROSTER_STEP_NAMES = {type: step.names for type, step in ROSTER_STEPS.items()}
