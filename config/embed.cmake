# Writes OUT, a C source with the contents of FILES (a list, ','-separated) as arrays:
# the profiles travel inside the program, and their files stay the only source.
string(REPLACE "," ";" files "${FILES}")
set(arrays "")
set(entries "")
set(index 0)
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char text_${index}[] = {${bytes}0};\n")
  string(APPEND entries "\t{\"${name}\", (const char *)text_${index}, sizeof(text_${index}) - 1},\n")
  math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUT}
  "#include \"profiles.h\"\n\n${arrays}\n"
  "const struct profile_text profile_texts[] = {\n${entries}};\n"
  "const size_t profile_text_count = ${index};\n")
