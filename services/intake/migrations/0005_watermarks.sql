-- intake: up to which time each agency has reported, and how far a message log has been loaded.

create table intake.watermarks (        -- one row for each agency that has reported
    agency           text        primary key,
    up_to            timestamptz,               -- newest time of an accepted event, except those of the safeguard lane
    stated_up_to     timestamptz,               -- newest time up to which the agency stated that it has reported everything (agency.alive)
    published_up_to  timestamptz                -- time last published in watermarks.advanced
) with (fillfactor = 50);

create table intake.replay_state (      -- one row: how far a message log has been loaded into this installation
    one                     boolean     primary key default true,
    loaded_up_to            timestamptz,        -- null: no message log is being loaded
    published_loaded_up_to  timestamptz,        -- time last published in watermarks.advanced
    constraint there_is_one_replay_state check (one)
);
insert into intake.replay_state (loaded_up_to) values (null);
