-- Haneul Pay: the payment service, in a database of its own on the same server. Its payers are users of Haneul Notes.
--
-- Run as haneul_admin, the owner of the database; then load the payers, and run data.sql.

CREATE SCHEMA pay;

CREATE TABLE pay.payers (
    user_id        bigint PRIMARY KEY,  -- app.users of the other database: no foreign key can say so
    name           text NOT NULL,
    email          text NOT NULL UNIQUE,
    phone          text,
    refund_account text
);

CREATE TABLE pay.transfers (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payer_id   bigint NOT NULL REFERENCES pay.payers,
    amount_krw integer NOT NULL CHECK (amount_krw > 0),
    memo       text NOT NULL,
    sent_at    timestamptz NOT NULL
);

CREATE TABLE pay.disputes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id bigint NOT NULL REFERENCES pay.transfers,
    statement   text NOT NULL,
    contact     jsonb NOT NULL
);

GRANT USAGE ON SCHEMA pay TO haneul_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pay TO haneul_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA pay TO haneul_app;
