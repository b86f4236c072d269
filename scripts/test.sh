#!/bin/sh
# Everything: checks, then the suite on SQLite, then on PostgreSQL. What is missing is installed
# where we are root on Debian; elsewhere a message says what to install.
# ENGAGE_CI=1: a missing browser, PostgreSQL or corpus is an error instead of a notice.
set -eu
cd "$(dirname "$0")/.."

has_postgresql() {
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}
has_chromium() {
    command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1
}

wanted=
has_chromium || wanted="$wanted chromium"
has_postgresql || wanted="$wanted postgresql"
python3 -c 'import venv, ensurepip' 2>/dev/null || wanted="$wanted python3-venv"
if [ -n "$wanted" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing$wanted" >&2
        # shellcheck disable=SC2086  # several names
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
            --no-install-recommends $wanted; } >/dev/null || echo "Could not install$wanted." >&2
    else
        echo "Not installed:$wanted. As root: apt-get install$wanted" >&2
    fi
fi

sh scripts/setup.sh test
exec .venv/bin/python scripts/check.py "$@"
