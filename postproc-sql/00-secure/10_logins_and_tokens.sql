-- Nothing that opens a door in production may open one here, or, worse, open production's own.
--
-- The database's logins are closed by devdb itself before this runs; these are the application's.

-- Sessions and one-time links are worth nothing in development: away with all of them.
TRUNCATE app.sessions, app.password_resets;

-- These are the tokens of our customers' scripts. A developer who needs one makes a new one.
TRUNCATE app.api_tokens;

-- Tokens of other companies' services act on the real accounts there, from anywhere.
UPDATE app.user_identities SET access_token = NULL, refresh_token = NULL;

-- Webhooks post to customers' servers. Without address and secret none can leave by mistake.
UPDATE app.organisations SET settings = settings - 'webhook';

-- Saved cards can be charged with nothing but this key.
UPDATE billing.payment_methods SET billing_key = 'bk_dev_' || id;
