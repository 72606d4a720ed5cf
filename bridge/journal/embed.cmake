# Writes an SQL file as a C array of that name, NUL-ended.
# Usage: cmake -D SQL=file.sql -D NAME=name -D OUT=file.c -P embed.cmake
file(READ "${SQL}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(([^,]*,){16})" "\\1\n\t" bytes "${bytes}")
file(WRITE "${OUT}.new" "/* Made by journal/embed.cmake. */
#include \"journal/journal_postgres.h\"

const char ${NAME}[] = {
\t${bytes}0
};
")
file(RENAME "${OUT}.new" "${OUT}")
