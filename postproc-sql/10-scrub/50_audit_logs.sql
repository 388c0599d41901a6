-- devdb: transaction=none
--
-- The biggest table, so each statement is its own transaction: VACUUM cannot run inside one, and
-- giving the dead rows' space back before the next file starts is what keeps the disk from filling.
-- If this is interrupted, the next run simply does it again.

-- The root, not its partitions: next month's is covered without anybody editing this file.
UPDATE app.audit_logs SET
    payload = jsonb_strip_nulls(jsonb_build_object(
        'request_id', payload -> 'request_id',
        'status', payload -> 'status'));

VACUUM (ANALYZE) app.audit_logs;
