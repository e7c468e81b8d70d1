# Writes OUTPUT, a C++ file that holds FILES (separated by '|', from ROOT on or with a whole path) as texts
# behind a function FUNCTION that HEADER declares, so that the program needs no data files at run time. Each
# has the name of its folder and its own without ending. Run at build time whenever one of them changes.
string(REPLACE "|" ";" files "${FILES}")
set(rows "")
foreach(file IN LISTS files)
  cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY ${ROOT} OUTPUT_VARIABLE path)
  cmake_path(GET path STEM name)
  cmake_path(GET path PARENT_PATH folder)
  cmake_path(GET folder FILENAME folder)
  file(READ ${path} text)
  string(APPEND rows "      {\"${folder}\", \"${name}\", R\"anesim(${text})anesim\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"

namespace ane::sim {

const std::vector<DataFile>& ${FUNCTION}() {
  static const std::vector<DataFile> files = {
${rows}  };
  return files;
}

}  // namespace ane::sim
")
