#!/bin/bash
# Installs what the benchmark needs (Debian packages only) and builds its tools.
# Idempotent. Root, Debian bookworm. Nothing is started.
#
# The MTAs conflict with each other as packages, so they are unpacked side by
# side under $BENCH_ROOT/peers, and the few places that are compiled into them
# are made symbolic links to there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
BENCH_ROOT=${BENCH_ROOT:-$here/../../build/bench}
mkdir -p "$BENCH_ROOT"
BENCH_ROOT=$(cd "$BENCH_ROOT" && pwd)
peers=$BENCH_ROOT/peers
mkdir -p "$peers/debs"
chmod 755 "$BENCH_ROOT" "$peers"
export DEBIAN_FRONTEND=noninteractive

# No package may start a service here.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
fi

want="g++ make python3 adduser dovecot-core dovecot-pop3d dovecot-lmtpd
 libicu72 libnsl2 libsasl2-2 libssl3 libssl-dev libdb5.3 libevent-2.1-7 libfstrm0 libprotobuf-c1 netbase strace"
missing=
for p in $want; do
  dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
need_debs=
for p in postfix opensmtpd nsd; do
  ls "$peers"/debs/${p}_*.deb >/dev/null 2>&1 || need_debs="$need_debs $p"
done
if [ -n "$missing$need_debs" ]; then apt-get update -qq; fi
# shellcheck disable=SC2086
if [ -n "$missing" ]; then apt-get install -y -qq --no-install-recommends $missing; fi
# shellcheck disable=SC2086
if [ -n "$need_debs" ]; then (cd "$peers/debs" && apt-get download -qq -o APT::Sandbox::User=root $need_debs); fi

unpack() { # PACKAGE PREFIX
  local stamp=$peers/$2/.unpacked-$1
  [ -e "$stamp" ] && return
  mkdir -p "$peers/$2"
  dpkg -x "$peers"/debs/"$1"_*.deb "$peers/$2"
  touch "$stamp"
}
unpack postfix postfix
unpack opensmtpd opensmtpd
unpack nsd nsd

user() { # NAME HOME
  getent group "$1" >/dev/null || addgroup --quiet --system --force-badname "$1"
  getent passwd "$1" >/dev/null ||
    adduser --quiet --system --force-badname --home "$2" --no-create-home --disabled-password --ingroup "$1" "$1"
}
user postfix /nonexistent
getent group postdrop >/dev/null || addgroup --quiet --system postdrop
mkdir -p /var/lib/opensmtpd/empty
user opensmtpd /var/lib/opensmtpd/empty
user opensmtpq /var/lib/opensmtpd/empty
user vmail /nonexistent

link() { # TARGET NAME: only where nothing real stands
  if [ -L "$2" ] || [ ! -e "$2" ]; then mkdir -p "$(dirname "$2")"; ln -sfn "$1" "$2"; fi
}
link "$peers/postfix/usr/lib/postfix" /usr/lib/postfix # the RUNPATH of its programs
link "$peers/opensmtpd/usr/libexec/opensmtpd" /usr/libexec/opensmtpd
link "$BENCH_ROOT/run/opensmtpd/spool" /var/spool/smtpd
chgrp postdrop "$peers"/postfix/usr/sbin/post{drop,queue}
chmod 2755 "$peers"/postfix/usr/sbin/post{drop,queue}
chgrp opensmtpq "$peers/opensmtpd/usr/sbin/smtpctl" # it refuses to run without
chmod 2755 "$peers/opensmtpd/usr/sbin/smtpctl"

make -s -C "$here/tools" OUT="$BENCH_ROOT/bin"
echo "setup done: $BENCH_ROOT"
