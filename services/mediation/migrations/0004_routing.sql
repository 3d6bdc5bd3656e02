-- mediation: what became of what each body was sent. Counted as it happens, of bodies and never of people.

create table mediation.records (
    body       text     not null,           -- an organisation's code, or an agency's where none was named
    partition  smallint not null,           -- each consumer adds to a row of its own: nobody waits for another
    accepted   bigint   not null,
    declined   bigint   not null,
    open       bigint   not null,
    primary key (body, partition)
) with (fillfactor = 70);
