# Writes the senders' presets as a C table, sorted by name.
# Usage: cmake -D FOLDER=mappings/senders -D OUT=file.c -P embed.cmake
file(GLOB names RELATIVE "${FOLDER}" "${FOLDER}/*.cfg")
list(TRANSFORM names REPLACE "[.]cfg$" "")
list(SORT names)
set(rows "")
foreach(name IN LISTS names)
  file(READ "${FOLDER}/${name}.cfg" text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n\t    \"" text "${text}")
  string(APPEND rows "\t{ \"${name}\",\n\t    \"${text}\" },\n")
endforeach()
file(WRITE "${OUT}.new" "/* Made by embed.cmake from mappings/senders/. */
#include \"verify/verify_scheme.h\"

const struct preset verify_presets[] = {
${rows}\t{ NULL, NULL },
};
")
file(RENAME "${OUT}.new" "${OUT}")
