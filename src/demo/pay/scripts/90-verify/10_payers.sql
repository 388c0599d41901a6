-- Nobody is written to, and nothing is paid back.
SELECT user_id FROM pay.payers WHERE email NOT LIKE '%@' || :'mail_domain' OR refund_account IS NOT NULL;
SELECT id FROM pay.disputes WHERE contact ->> 'mail' NOT LIKE '%@' || :'mail_domain';
