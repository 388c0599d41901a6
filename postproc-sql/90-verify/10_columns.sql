-- What the application relies on, and what must never come back: each query returns the rows that are
-- not as they should be, so it must return none. Only keys are selected: what a query returns may end in
-- a report. That no original is left anywhere is proven by the leak check; here stands what only we know.

-- Nobody is written to.
SELECT id FROM app.users WHERE email NOT LIKE '%@' || :'mail_domain';
SELECT id FROM app.organisations WHERE billing_email NOT LIKE '%@' || :'mail_domain';
SELECT id FROM app.marketing_leads WHERE email NOT LIKE '%@' || :'mail_domain';

-- Every account opens with the password the team knows, and with nothing else.
SELECT id FROM app.users WHERE password_hash <> current_setting('devdb.dev_password_hash') OR totp_secret IS NOT NULL;
SELECT user_id FROM app.user_identities WHERE access_token IS NOT NULL OR refresh_token IS NOT NULL;

-- What belonged together still does: the same value was masked alike in every table.
SELECT i.id FROM billing.invoices i JOIN app.organisations o ON o.id = i.organisation_id
WHERE i.bill_to_email <> o.billing_email;

SELECT id FROM app.notes WHERE body @? '$[*].user';
SELECT id FROM app.support_tickets WHERE NOT tags <@ ARRAY['billing', 'login'];
SELECT id FROM app.contracts WHERE scan IS NOT NULL;
SELECT id FROM app.organisations WHERE settings ? 'webhook';
