# Writes the mappings and their samples as C arrays, for `leadbridge new`.
# Usage: cmake -D FOLDER=mappings -D OUT=file.c -P embed_templates.cmake
file(GLOB files RELATIVE "${FOLDER}" "${FOLDER}/*/mapping.cfg"
  "${FOLDER}/*/samples/*")
list(SORT files)

set(arrays "")
set(rows "")
set(n 0)
foreach(file ${files})
  file(READ "${FOLDER}/${file}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR len "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REGEX MATCH "^[^/]+" folder "${file}")
  string(REGEX MATCH "/.+$" path "${file}")
  string(SUBSTRING "${path}" 1 -1 path)
  string(APPEND arrays
    "static const unsigned char file_${n}[] = {\n\t${bytes}0\n};\n")
  string(APPEND rows "\t{ \"${folder}\", \"${path}\", "
    "(const char *)file_${n}, ${len} },\n")
  math(EXPR n "${n} + 1")
endforeach()

file(WRITE "${OUT}.new"
  "/* Made by workshop/embed_templates.cmake. */\n"
  "#include \"workshop/workshop_template.h\"\n\n${arrays}\n"
  "const struct template_file template_files[] = {\n${rows}"
  "\t{ NULL, NULL, NULL, 0 },\n};\n")
file(RENAME "${OUT}.new" "${OUT}")
