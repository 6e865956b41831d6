#!/bin/sh
# Usage: test/standby.sh COMMAND…: starts a PostgreSQL server with a streaming standby, both on sockets in a temporary
# folder, and runs the command with their database as its last argument, --database=…. Needs Debian's postgresql.
set -eu
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
dir=$(mktemp -d /tmp/firsttap-standby-XXXXXX)
as=
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
  chown postgres "$dir" && as='setpriv --reuid=postgres --regid=postgres --init-groups'
fi
cd "$dir"
PATH=$bin:$PATH
export LC_ALL=C
stop() {
  for one in standby primary; do
    [ ! -f "$dir/$one/postmaster.pid" ] || $as pg_ctl -s -D "$dir/$one" -m immediate stop || true
  done
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 1' INT TERM

$as initdb -D primary -U postgres --auth=trust --encoding=UTF8 --locale=C --data-checksums --no-instructions >/dev/null
for setting in "listen_addresses = ''" "unix_socket_directories = '$dir'" "shared_buffers = 512MB" "max_wal_size = 8GB"; do
  echo "$setting" >> primary/postgresql.conf
done
$as pg_ctl -s -w -D primary -l primary.log start
$as pg_basebackup -D standby -h "$dir" -U postgres --write-recovery-conf --wal-method=stream --checkpoint=fast
echo "port = 5433" >> standby/postgresql.conf
$as pg_ctl -s -w -D standby -l standby.log start
createdb -h "$dir" -U postgres firsttap
"$@" --database="postgres://postgres@/firsttap?host=$dir"
