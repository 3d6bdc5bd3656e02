-- mediation: for each mediation body, the number of referrals accepted and declined, and of open disputes. Nothing is counted for people.

create table mediation.body_statistics (
    body       text     not null,           -- code of the organisation, or of the agency if no organisation was named
    partition  smallint not null,           -- each consumer updates a separate row, so that consumers do not wait for each other; the sum of the rows counts
    accepted   bigint   not null,
    declined   bigint   not null,
    open       bigint   not null,
    primary key (body, partition)
) with (fillfactor = 70);
