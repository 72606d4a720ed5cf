#!/bin/sh
# selftest.sh - does layers.sh see what it says it sees?
#
# Builds a small house with nothing wrong, then breaks one rule at a time
# and wants exactly that line; and writes what only looks wrong, and wants
# silence.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
top=$(mktemp -d) || exit 2
trap 'rm -rf "$top"' EXIT
rc=0

fresh()
{
	rm -rf "${top:?}"/* "$top"/.git* "$top"/bridge
	for folder in bridge mappings certs tests deploy; do
		mkdir -p "$top/$folder"
		echo "# $folder" >"$top/$folder/README.md"
	done
	cat >"$top/bridge/ROOMS" <<-'ROOMS'
		# room   loop  may include
		base     no    -
		verify   no    base
		decode   no    base
		listener yes   base
		delivery yes   base verify decode
	ROOMS
	for room in base verify decode listener delivery; do
		mkdir "$top/bridge/$room"
		printf '#include "base/base.h"\n' >"$top/bridge/$room/$room.h"
	done
	: >"$top/bridge/base/base.h"
}

# breaks <file> <line of code> <the offence wanted, from its line number on>
breaks()
{
	fresh
	mkdir -p "$(dirname "$top/$1")"
	printf '\n%s\n' "$2" >"$top/$1"
	got=$("$here/layers.sh" "$top")
	[ $? -eq 1 ] && [ "$got" = "$1:$3" ] && return
	printf '%s\n\tin %s\n\twanted %s\n\tgot    %s\n' "$2" "$1" "$1:$3" \
		"$got"
	rc=1
}

silent()
{
	fresh
	printf '%s\n' "$2" >"$top/$1"
	got=$("$here/layers.sh" "$top") && [ -z "$got" ] && return
	printf '%s\n\tin %s\n\twanted silence\n\tgot    %s\n' "$2" "$1" "$got"
	rc=1
}

# An offence at the top or in ROOMS: the command that makes it, the line.
shows()
{
	fresh
	(cd "$top" && eval "$1")
	got=$("$here/layers.sh" "$top")
	[ $? -eq 1 ] && [ "$got" = "$2" ] && return
	printf '%s\n\twanted %s\n\tgot    %s\n' "$1" "$2" "$got"
	rc=1
}

silent bridge/base/base_log_sink.c '#include <sys/socket.h>'
silent bridge/main.c '#include "delivery/delivery.h"'
silent bridge/delivery/delivery.c '#include "verify/verify.h"'
silent bridge/delivery/delivery.c '#include "delivery/delivery_step.h"'
silent bridge/listener/listener.c '#include <event2/http.h>'
silent bridge/delivery/delivery.c '#include <event2/event.h>'
silent bridge/verify/verify.c '#include <openssl/crypto.h>'
silent bridge/verify/verify.c '/* strcpy( and
   memcmp( in a comment */ int x; // atoi(1)'
silent bridge/verify/verify.c 'puts("strcpy(\"a\") /*"); puts("*/ rand(");'
silent bridge/verify/verify.c "case '\"': puts(\"sprintf(\");"
silent bridge/base/base.c 'snprintf(a, b, c); gmtime_r(&t, &tm); my_rand();'
silent bridge/base/base.c 'clock_gettime(CLOCK_REALTIME, &now);'
silent bridge/decode/decode.c 'memcmp(a, b, n); runtime(1);'

breaks bridge/verify/verify.c '#include "decode/decode.h"' \
	'2: verify may not include decode'
breaks bridge/delivery/delivery.c '#include "verify/verify_scheme.h"' \
	'2: "verify/verify_scheme.h": use the door, "verify/verify.h"'
breaks bridge/main.c '#include "verify/verify_scheme.h"' \
	'2: "verify/verify_scheme.h": use the door, "verify/verify.h"'
breaks bridge/delivery/delivery.c '#include "delivery_step.h"' \
	'2: write "room/file.h", not "delivery_step.h"'
breaks bridge/delivery/delivery.c '#include "../base/base.h"' \
	'2: write "room/file.h", not "../base/base.h"'
breaks bridge/delivery/delivery.c '#include "cellar/cellar.h"' \
	'2: "cellar/cellar.h" is in no room'
breaks bridge/delivery/delivery.c '#include DOOR' \
	'2: an include names its file'
breaks bridge/decode/decode.c '#include <event2/buffer.h>' \
	'2: decode is quiet: no event loop'
breaks bridge/decode/decode.c '# include <event.h>' \
	'2: decode is quiet: no event loop'
breaks bridge/decode/decode.c '#include <sys/socket.h>' \
	'2: decode is quiet: no sockets'
breaks bridge/delivery/delivery.c '#include <event2/http_struct.h>' \
	'2: only listener includes evhttp'
breaks bridge/base/base.c '#include <openssl/ssl.h>' \
	'2: openssl is not for base'
breaks bridge/main.c '#include <openssl/ssl.h>' \
	'2: openssl is not for main.c'
breaks bridge/delivery/delivery.c '#include <sqlite3.h>' \
	'2: only journal includes sqlite3.h'
breaks bridge/delivery/delivery.c '#include <libpq-fe.h>' \
	'2: only journal includes libpq-fe.h'
breaks bridge/delivery/delivery.c 'rc = sqlite3_step(s);' \
	'2: only journal calls sqlite3_step'
breaks bridge/delivery/delivery.c 'PQclear(r);' \
	'2: only journal calls PQclear'
for name in strcpy strcat sprintf vsprintf strtok atoi atol gmtime localtime \
	rand; do
	breaks bridge/delivery/delivery.c "/* a */ x = ($name (y));" \
		"2: banned call: $name"
done
breaks bridge/delivery/phone.cc 'strcpy(a, b);' '2: banned call: strcpy'
breaks bridge/verify/verify.c 'return memcmp(a, b, n) == 0;' \
	'2: memcmp in verify: compare in constant time'
breaks bridge/decode/decode.c 'log_event(LOG_LEVEL_INFO, "x", NULL);' \
	'2: decode is quiet: it may not call log_event'
breaks bridge/verify/verify.c 'now = time(NULL);' \
	'2: verify is quiet: it may not call time'
breaks bridge/verify/deep/verify.c 'int x;' \
	'1: rooms have no folders inside'

shows 'mkdir bridge/cellar' \
	'bridge/cellar:1: has no door: bridge/cellar/cellar.h'
shows 'mkdir bridge/cellar; : >bridge/cellar/cellar.h
	echo >bridge/cellar/cellar.h' \
	'bridge/cellar/cellar.h:1: cellar is not a room of bridge/ROOMS'
shows 'echo "attic no loft" >>bridge/ROOMS' \
	'bridge/ROOMS:7: attic looks down at loft'
shows 'echo "attic no listener" >>bridge/ROOMS' \
	'bridge/ROOMS:7: attic is quiet and listener is not'
shows 'echo "attic maybe -" >>bridge/ROOMS' \
	'bridge/ROOMS:7: attic: loop is yes or no'
shows 'echo "base no -" >>bridge/ROOMS' \
	'bridge/ROOMS:7: base stands here twice'
shows ': >notes.txt' 'notes.txt:1: does not belong at the top'
shows 'mkdir .github' '.github:1: does not belong at the top'
shows 'rm deploy/README.md' \
	'deploy/README.md:1: every top-level folder has one'

[ $rc -ne 0 ] || echo "layers.sh sees every offence it should"
exit $rc
