#!/bin/sh
# format.sh <top> - is every source file as .clang-format wants it?
#
# Checks and never rewrites. The version is pinned, because another one
# formats otherwise; where it is absent the check is skipped (status 77).
set -u
cd "${1:?usage: format.sh <top>}" || exit 2
if ! command -v clang-format-14 >/dev/null; then
	echo "skipped: clang-format-14 is not installed (apt-get install" \
		"clang-format-14)"
	exit 77
fi
find bridge tests -type f \( -name '*.[ch]' -o -name '*.cc' \) |
	LC_ALL=C sort | xargs clang-format-14 --dry-run --Werror
