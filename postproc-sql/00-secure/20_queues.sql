-- Work that waits in a queue is done by the first worker that a developer starts: real e-mails to
-- real people. So the queues are emptied before anything else happens. History goes too: what was
-- sent, and what failed, is a pile of names and addresses that no feature needs.

TRUNCATE app.notification_outbox;
TRUNCATE public.jobs, public.failed_jobs;
