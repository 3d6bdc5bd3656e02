-- The calendar and the county's periods with which all unmet deadlines were last computed, so that a restart does not compute them again and a change made
-- while the service was stopped is noticed at its start.

create table mediation.deadline_basis (
    name          text        primary key,
    fingerprint   text        not null,     -- hash of the content; different if the calendar or the periods changed
    recomputed_at timestamptz not null,
    constraint deadlines_depend_on_calendar_and_periods check (name in ('calendar', 'county_period'))
);

-- To recompute all unmet deadlines in batches, in the order of the codes.
drop index mediation.provisional_deadlines;
create index unmet_deadlines on mediation.deadlines (code) where state in ('open', 'passed');
