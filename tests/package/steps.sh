# steps.sh - how life.sh and units.sh say what should be. What is not ends the
# script, and is shown.
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

step() { echo "== $*"; }
is() { [ "$1" = "$2" ] || { echo "expected: $2"; echo "got:      $1"; exit 1; }; }
no() { echo "not so: $*"; exit 1; }
there() { for path; do [ -e "$path" ] || no "$path is there"; done; }
gone() { for path; do [ ! -e "$path" ] || no "$path is gone"; done; }
fails() { if "$@" >/said 2>&1; then cat /said; no "$* fails"; fi; }
mode() { stat -c '%a %U %G' "$1"; }
status() { dpkg-query -W -f '${db:Status-Status}' leadbridge 2>/dev/null || true; }
