-- What a person may do about a parked event. A discard is done by the service itself, so that whoever waits for an outcome is told.

alter table parked
    drop constraint retried_by_us_or_left_to_a_person,
    add constraint retried_or_left_to_a_person_or_discarded check (status in ('retry', 'parked', 'discard')),
    drop constraint a_retry_has_its_time,
    add constraint what_is_taken_up_again_has_its_time check (status = 'parked' or next_attempt_at is not null);

alter table parked_actions
    drop constraint only_these_actions,
    add constraint only_these_actions check (action in ('replay', 'discard', 'read'));
