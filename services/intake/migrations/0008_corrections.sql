-- intake: corrections of dispute reports, and withdrawals of corrections. Each takes effect when the mediation service has applied it.

create table intake.report_corrections (
    seq                         bigint   primary key references intake.log,        -- log number of the event report.corrected or report.withdrawn
    report_seq                  bigint   not null references intake.reports (seq), -- the corrected report
    withdraws_seq               bigint   references intake.report_corrections,     -- the row that is withdrawn; null: a correction
    facts                       jsonb,                  -- the corrected facts as passed on to the mediation service, without personal data; null: a withdrawal
    encrypted                   bytea,                  -- the corrected parties, until the correction is decided; null: the parties are unchanged
    encrypted_by_agency         boolean  not null,
    is_pending                  boolean  not null default true,      -- whether the mediation service has not decided it yet
    facts_before                jsonb,                  -- facts and parties that a withdrawal restores; null: not applied, or the parties were unchanged
    encrypted_before            bytea,
    encrypted_before_by_agency  boolean,
    constraint a_correction_has_facts_and_a_withdrawal_has_none check ((facts is null) = (withdraws_seq is not null))
);
create index report_corrections_of_a_report on intake.report_corrections (report_seq);
