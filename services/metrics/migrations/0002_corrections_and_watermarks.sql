-- Facts that corrections change, provisional deadlines, and how far agencies and producers have been heard.

alter table metrics.disputes
    -- `figures`: the daily figures in which the dispute counts now, {"day figure": count}; `facts`: facts that steps stated; `joined_at`; `cause` …
    add column particulars  jsonb   not null default '{}',
    add column is_unsettled boolean not null default false,  -- the latest follow-up found that the dispute is not settled, and it has not been reopened since
    drop column unassigned_counts;
alter table metrics.deadlines
    add column provisional  boolean not null default false;  -- due_at may still change

create index unsettled_disputes on metrics.disputes (opened_at desc, code desc) where is_unsettled;
-- Open disputes whose earliest unmet deadline is due, although mediation has not announced that any deadline passed.
create index open_and_not_overdue on metrics.disputes (runs_out_at, code, township, kind) where is_open and overdue = 'none';
create index refused_steps on metrics.timeline (at desc, code, sequence) where type = 'step.refused';

create table metrics.watermarks (       -- how far each agency has reported
    agency           text        primary key,
    up_to_at         timestamptz not null,     -- the latest time about which it has reported
    stated_up_to_at  timestamptz               -- the latest time up to which it has stated itself that it reported everything; null: never
);

alter table metrics.as_of
    add column steps     bigint  not null default 0,      -- of intake: steps passed on to mediation; of mediation: decisions on such steps
    add column is_behind boolean not null default false;  -- the latest batch was one of a backlog, and its decisions were more than half a minute old
