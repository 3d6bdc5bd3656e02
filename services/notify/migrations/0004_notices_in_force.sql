-- The ledger records of each notice whether it is still in force, and what is needed to decide that.

alter table notify.notices
    add column is_copy      boolean not null default false,       -- the addressee does not have to act; it supervises the agency that has to
    add column step         text,                                  -- type of the event that caused the notice
    add column happened_at  timestamptz,                           -- time of the step that caused the notice
    add column reported     text[],                                -- source and id of the agency's event that caused the notice, and of its corrections
    add column validity     text not null default 'in_force',
    add column ended_by     text,                                  -- id of the notice that withdrew this one, or of the event that settled it
    add constraint in_force_settled_or_withdrawn check (validity in ('in_force', 'settled', 'withdrawn')),
    add constraint what_has_ended_was_ended_by_something check ((validity = 'in_force') = (ended_by is null));
comment on column notify.notices.due_at is 'the present end of the period; null if the notice names none, or while the period is paused';
create index notices_in_force_of_a_dispute on notify.notices (dispute) where channel = 'inbox' and validity = 'in_force';

-- The notices by which an agency has to act at present. It depends only on the events, not on when they were processed. Reminders are left out, because
-- whether one is sent depends on the time of processing; so are notices that only inform.
create view notify.notices_in_force as
    select kind, dispute, addressee, clock, due_at from notify.notices
    where channel = 'inbox' and validity = 'in_force'
      and kind not in ('notice.urged', 'notice.joined', 'notice.reassigned', 'notice.reopened', 'notice.corrected', 'notice.withdrawn');
