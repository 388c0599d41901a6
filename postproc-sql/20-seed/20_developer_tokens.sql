-- A token that may stand in a README: it opens this copy and nothing else.

INSERT INTO app.api_tokens (id, user_id, name, token, scopes, created_at)
VALUES (900001, 900002, 'local development', 'hnl_dev_00000000000000000000000000000002', '{read,write,admin}', '2026-01-01 00:00+00')
ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, token = excluded.token, scopes = excluded.scopes, revoked_at = NULL;
