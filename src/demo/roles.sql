-- Haneul Notes: the logins of the example production server.
--
-- Run once, as superuser, on a new cluster, before the database is made:
--
--     CREATE DATABASE haneul OWNER haneul_admin TEMPLATE template0 ENCODING 'UTF8';
--
-- then schema.sql and data.sql in it, as haneul_admin. The passwords stand here in clear because
-- the company is invented; a rotation has to make every one of them useless in the clone.

-- The master user, with the attributes a managed service gives it: no superuser, no replication.
CREATE ROLE haneul_admin LOGIN CREATEDB CREATEROLE PASSWORD 'prod-master-Ahb4';

-- The master creates the rest. From PostgreSQL 16 on, that is what gives it ADMIN OPTION, and
-- with it the right to close them (a role made by somebody else it may only look at).
SET ROLE haneul_admin;

CREATE ROLE haneul_app      LOGIN PASSWORD 'prod-app-Vee9';       -- service account of the API
CREATE ROLE report_reader   LOGIN PASSWORD 'prod-report-Oow6';    -- business intelligence
CREATE ROLE "kim.minsu"     LOGIN PASSWORD 'prod-minsu-Xai3';     -- a person
CREATE ROLE "jane.doe"      LOGIN PASSWORD 'prod-jane-Quu7' VALID UNTIL '2027-12-31 00:00:00+00';
CREATE ROLE replicator_old  LOGIN PASSWORD 'prod-repl-Eit2' CONNECTION LIMIT 2;  -- forgotten

CREATE ROLE haneul_readonly NOLOGIN;                              -- a group, not a login
GRANT haneul_readonly TO report_reader, "kim.minsu", "jane.doe";

RESET ROLE;

COMMENT ON ROLE replicator_old IS 'DMS migration 2024, nobody dares to drop it';
