#!/usr/bin/env bash
# Builds an image that behaves like the official one, from the PostgreSQL server installed on this machine and
# the libraries it needs: nothing has to be pulled. Takes seconds.
#
#   tests/engine/image.sh BIN_FOLDER NAME     with DOCKER_HOST set
set -euo pipefail

bin=$1
name=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

main() {
    mkdir -p "$root"/{usr/{bin,lib,lib64,share,local/bin},etc,run,tmp,var/lib,proc,dev,sys}
    chmod 1777 "$root/tmp"
    ln -s ../run "$root/var/run"
    ln -s usr/bin "$root/bin" && ln -s usr/lib "$root/lib" && ln -s usr/lib64 "$root/lib64"
    local program
    for program in bash sh env id mkdir chown chmod cat setpriv sleep; do
        with_libraries "$(command -v "$program")" "/usr/bin/$program"
    done
    # The server finds its files by where it is.
    copy_server
    cp -L "$here/entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
    chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
    [ ! -d /usr/lib/locale/C.utf8 ] || { mkdir -p "$root/usr/lib/locale" && cp -rL /usr/lib/locale/C.utf8 "$root/usr/lib/locale/"; }
    cp -rL /usr/share/zoneinfo "$root/usr/share/"
    printf 'root:x:0:0::/root:/bin/bash\npostgres:x:999:999::/var/lib/postgresql:/bin/bash\n' >"$root/etc/passwd"
    printf 'root:x:0:\npostgres:x:999:\n' >"$root/etc/group"
    tar -C "$root" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -c . | docker import \
        --change "ENV PATH=$bin:/usr/local/bin:/usr/bin LANG=C.UTF-8 PGDATA=/var/lib/postgresql/data" \
        --change 'ENTRYPOINT ["docker-entrypoint.sh"]' \
        --change 'CMD ["postgres"]' \
        --change 'VOLUME /var/lib/postgresql/data' \
        --change 'EXPOSE 5432' \
        - "$name"
}

copy_server() {
    local program library share
    for program in postgres initdb pg_ctl psql pg_controldata; do
        with_libraries "$bin/$program" "$bin/$program"
    done
    library=$("$bin/pg_config" --pkglibdir 2>/dev/null || echo "${bin%/bin}/lib")
    mkdir -p "$root$library"
    # Without the compiler for queries: it alone is bigger than all the rest.
    while IFS= read -r file; do
        with_libraries "$file" "$file"
    done < <(find "$library" -maxdepth 1 -name '*.so' ! -name 'llvmjit*')
    share=$("$bin/pg_config" --sharedir 2>/dev/null || echo "/usr/share/postgresql/$(basename "${bin%/bin}")")
    mkdir -p "$root$share"
    cp -rL "$share/." "$root$share/"
}

# Copies a program or a library and every library that it is linked with.
with_libraries() {
    local file
    put "$1" "$2"
    while IFS= read -r file; do
        put "$file" "$file"
    done < <(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | sort -u)
}

put() {
    local to=$2
    # One place for what is in two on a system with /lib linked to /usr/lib.
    case "$to" in /lib/* | /lib64/* | /bin/*) to=/usr$to ;; esac
    [ ! -e "$root$to" ] || return 0
    mkdir -p "$(dirname "$root$to")"
    cp -L "$1" "$root$to"
}

main
