#!/bin/sh
# layers.sh <top> - is the house built to its plan?
#
# Reads every #include and every call under bridge/ against bridge/ROOMS
# (the rules stand in layers.awk beside this file), and the top level against
# the list below. Each offence is one line, file:line: why, so that an editor
# can jump to it. Exit status: 0 none, 1 some, 2 could not look.
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 2
cd "${1:?usage: layers.sh <top>}" || exit 2
[ -r bridge/ROOMS ] || { echo "bridge/ROOMS:1: cannot be read"; exit 2; }
rc=0

offence()
{
	echo "$1:1: $2"
	rc=1
}

# bridge/: rooms, doors, includes and calls.
for folder in bridge/*/; do
	room=$(basename "$folder")
	[ -e "bridge/$room/$room.h" ] ||
		offence "bridge/$room" "has no door: bridge/$room/$room.h"
done
find bridge -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.hh' \) |
	LC_ALL=C sort | xargs awk -f "$here/layers.awk" bridge/ROOMS || rc=1

# The top level: only what is meant to be there. Build trees and caches are
# what .gitignore names.
for entry in * .*; do
	case $entry in
	. | .. | .git | build* | __pycache__ | .pytest_cache) ;;
	bridge | mappings | certs | tests | deploy) ;;
	CMakeLists.txt | CMakePresets.json | README.md | LICENSE | CHANGELOG.md) ;;
	.ci | .clang-format | .editorconfig | .gitignore) ;;
	*) [ ! -e "$entry" ] || offence "$entry" "does not belong at the top" ;;
	esac
done
for folder in bridge mappings certs tests deploy; do
	[ -s "$folder/README.md" ] ||
		offence "$folder/README.md" "every top-level folder has one"
done
exit $rc
