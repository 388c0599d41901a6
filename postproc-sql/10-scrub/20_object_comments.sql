-- Comments on tables and columns are data too: colleagues leave their names and numbers there.

COMMENT ON TABLE app.support_tickets IS 'CS 담당: see the team page';
COMMENT ON COLUMN billing.payments.provider_response IS 'PG사 응답';
