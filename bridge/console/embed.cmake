# Writes the mapping and the sample of the demo as C arrays, NUL-ended.
# Usage: cmake -D MAPPING=file -D SAMPLE=file -D OUT=file.c -P embed.cmake
function(array name file)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(([^,]*,){16})" "\\1\n\t" bytes "${bytes}")
  string(APPEND text "const char ${name}[] = {\n\t${bytes}0\n};\n")
  set(text "${text}" PARENT_SCOPE)
endfunction()

set(text "/* Made by console/embed.cmake. */\n#include \"console/console_demo.h\"\n\n")
array(demo_mapping "${MAPPING}")
array(demo_sample "${SAMPLE}")
file(WRITE "${OUT}.new" "${text}")
file(RENAME "${OUT}.new" "${OUT}")
