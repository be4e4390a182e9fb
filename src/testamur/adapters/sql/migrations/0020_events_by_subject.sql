-- What happened to one thing: who watches a job asks four times a second.
CREATE INDEX events_by_subject ON events (subject, seq)
