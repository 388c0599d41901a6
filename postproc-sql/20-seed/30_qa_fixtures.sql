-- devdb: context=qa
--
-- What the end-to-end tests expect to find: runs with "--context qa" only.

INSERT INTO app.folders (id, organisation_id, parent_id, owner_id, name, created_at)
VALUES (900001, 900001, NULL,   900001, 'QA',      '2026-01-01 00:00+00'),
       (900002, 900001, 900001, 900001, 'QA/deep', '2026-01-01 00:00+00')
ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, name = excluded.name;

INSERT INTO app.notes (id, organisation_id, author_id, title, body, created_at)
SELECT 900000 + n, 900001, 900002, 'QA note ' || n,
       jsonb_build_array(jsonb_build_object('type', 'paragraph', 'text', 'fixture ' || n)),
       '2026-01-01 00:00+00'
FROM generate_series(1, 20) n
ON CONFLICT (id) DO UPDATE SET title = excluded.title, body = excluded.body;

-- A suspended account, a card that is declined: states that are hard to reach by clicking.
UPDATE app.users SET status = 'suspended' WHERE id = 900003;

INSERT INTO billing.payment_methods (id, organisation_id, card_holder, card_number, expires, billing_key)
VALUES (900001, 900001, 'CARD HOLDER 900001', '4242-4242-4242-4241', '12/99', 'bk_dev_900001')
ON CONFLICT (id) DO NOTHING;
