#!/bin/bash
# Behaves like the official image's entrypoint where devdb can see it: makes a cluster where there is none, with
# POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB and POSTGRES_INITDB_ARGS; listens to nobody meanwhile; then
# starts the server as the user postgres with the arguments given.
set -eu

data=${PGDATA:?}
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

if [ "$(id -u)" = 0 ]; then
    mkdir -p "$data" /run/postgresql
    chmod 0700 "$data"
    chown -R postgres:postgres "$data" /run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi

if [ ! -s "$data/PG_VERSION" ]; then
    if [ -z "${POSTGRES_PASSWORD:-}" ]; then
        echo "Error: Database is uninitialized and superuser password is not specified." >&2
        exit 1
    fi
    # shellcheck disable=SC2086 # several arguments, as in the official image
    initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") ${POSTGRES_INITDB_ARGS:-}
    printf '\nhost all all all scram-sha-256\n' >>"$data/pg_hba.conf"
    printf "listen_addresses = '*'\\n" >>"$data/postgresql.conf"
    pg_ctl -D "$data" -o "-c listen_addresses=''" -w start
    if [ "$database" != postgres ]; then
        psql -v ON_ERROR_STOP=1 --username "$user" --no-password --dbname postgres -c "CREATE DATABASE \"$database\""
    fi
    pg_ctl -D "$data" -m fast -w stop
    echo "PostgreSQL init process complete; ready for start up."
fi

exec "$@"
