-- intake: up to which time each agency has reported.

create table intake.watermarks (        -- one row for each agency that has reported
    agency           text        primary key,
    up_to            timestamptz,               -- newest time of an accepted event, except those of the safeguard lane
    stated_up_to     timestamptz,               -- newest time up to which the agency stated that it has reported everything (agency.alive)
    published_up_to  timestamptz                -- time last published in watermarks.advanced
) with (fillfactor = 50);
