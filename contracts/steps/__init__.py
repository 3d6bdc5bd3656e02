"""Event types that agencies report (steps). Each is defined, with its schema, in the module of its topic. The mappings below are derived from them."""

from contracts.steps import alive, correction, roster, safeguard, topics

STEPS_BY_TYPE = {step.type: step for step in (*topics.STEPS, *correction.STEPS, *roster.STEPS, *safeguard.STEPS, *alive.STEPS)}
STEP_NAMES = {type: step.names for type, step in STEPS_BY_TYPE.items()}  # Chinese and English name of each step

# All steps, divided into steps of a dispute that are published in the ordinary streams, steps of the safeguard lane, changes of rosters, and statements of
# agencies about themselves.
ORDINARY_STEPS = {type: step for type, step in STEPS_BY_TYPE.items() if not (step.is_about_roster or step.is_about_agency or step.is_sealed)}
SEALED_STEPS = {type: step for type, step in STEPS_BY_TYPE.items() if step.is_sealed}
ROSTER_STEPS = {type: step for type, step in STEPS_BY_TYPE.items() if step.is_about_roster}
AGENCY_STATEMENTS = {type: step for type, step in STEPS_BY_TYPE.items() if step.is_about_agency}
CORRECTABLE_STEPS = correction.CORRECTABLE_STEPS

ORDINARY_STEP_NAMES = {type: step.names for type, step in ORDINARY_STEPS.items()}  # Chinese and English name of each ordinary step
ROSTER_STEP_NAMES = {type: step.names for type, step in ROSTER_STEPS.items()}
