"""Everything that agencies report. Each step is one row, with its schema, in the file of its topic; all tables about steps are derived from the rows."""

from contracts.steps import correction, roster, safeguard, topics

ROWS = {step.type: step for step in (*topics.STEPS, *correction.STEPS, *roster.STEPS, *safeguard.STEPS)}
NAMES = {type: step.names for type, step in ROWS.items()}  # in Chinese and English

ORDINARY = {type: step for type, step in ROWS.items() if not step.about_roster and not step.is_sealed}
SEALED = {type: step for type, step in ROWS.items() if step.is_sealed}
ABOUT_ROSTER = {type: step for type, step in ROWS.items() if step.about_roster}
CORRECTABLE = correction.CORRECTABLE

STEPS = {type: step.names for type, step in ORDINARY.items()}
ABOUT_THE_ROSTER = {type: step.names for type, step in ABOUT_ROSTER.items()}
