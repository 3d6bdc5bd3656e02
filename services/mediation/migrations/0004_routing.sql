-- mediation: number of referrals that each body accepted and declined, and of its open disputes. Counted for bodies, never for people.

create table mediation.records (
    body       text     not null,           -- code of an organisation, or of an agency where no organisation was named
    partition  smallint not null,           -- each consumer updates a row of its own, so that consumers do not wait for each other
    accepted   bigint   not null,
    declined   bigint   not null,
    open       bigint   not null,
    primary key (body, partition)
) with (fillfactor = 70);
