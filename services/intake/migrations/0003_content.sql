-- The same event may come in other bytes: by HTTP after AMQP, or by another version of the agency's client. What is said decides whether it is a repeat.

alter table intake.log add column content text;             -- sha256 of type, subject and data; of the bytes, where they could not be read
update intake.log set content = sha256;                     -- as it was judged until now
alter table intake.log alter column content set not null;
drop index intake.the_same_content_is_logged_once;
create unique index the_same_content_is_logged_once on intake.log (agency, event_id, content);
