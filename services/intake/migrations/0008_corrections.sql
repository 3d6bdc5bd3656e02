-- intake: corrections of dispute reports. A correction takes effect when the mediation service has applied it.

create table intake.report_corrections (
    seq                  bigint   primary key references intake.log,        -- log number of the event report.corrected
    report_seq           bigint   not null references intake.reports (seq), -- the corrected report
    facts                jsonb    not null,     -- the corrected facts as passed on to the mediation service; no personal data
    encrypted            bytea,                 -- the corrected parties, until the correction is decided; null: the parties are unchanged
    encrypted_by_agency  boolean  not null,
    is_pending           boolean  not null default true     -- whether the mediation service has not decided the correction yet
);
create index report_corrections_of_a_report on intake.report_corrections (report_seq);
