"""The roles of a cluster, in SQL: what a freshly created RDS instance has."""

ROLES = """\
CREATE ROLE rds_superuser;
CREATE ROLE rds_password;
CREATE ROLE rds_replication;
CREATE ROLE rds_iam;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint, rds_password, rds_replication
  TO rds_superuser WITH ADMIN OPTION;
GRANT SET ON PARAMETER session_replication_role TO rds_superuser;
CREATE DATABASE rdsadmin;
"""


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def identifier(text):
    return '"' + text.replace('"', '""') + '"'


def roles_of(major):
    grants = (
        "GRANT pg_create_subscription TO rds_superuser WITH ADMIN OPTION;" if major >= 16 else ""
    )
    return ROLES + grants


def master_sql(user, password, database):
    """The master user and its database, as a freshly created instance has them."""
    statements = [
        f"CREATE ROLE {identifier(user)} LOGIN CREATEDB CREATEROLE IN ROLE rds_superuser"
        f" PASSWORD {literal(password)}",
        f"ALTER DATABASE postgres OWNER TO {identifier(user)}",
    ]
    if database and database != "postgres":
        statements.append(f"CREATE DATABASE {identifier(database)} OWNER {identifier(user)}")
    return ";\n".join(statements) + ";\n"
