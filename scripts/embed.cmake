# Writes OUTPUT, a C++ file that holds the JSON files of ROOT/sim/{chips,runtimes,place}, the tables of
# ROOT/results/{silicon,published,placement} and the numbers of ROOT/tests/golden/check.txt as texts, so that the
# program needs no data files at run time. Run at build time whenever one of them changes.
set(rows "")
foreach(folder chips runtimes place)
  file(GLOB files ${ROOT}/sim/${folder}/*.json)
  foreach(path ${files})
    get_filename_component(name ${path} NAME_WE)
    file(READ ${path} text)
    string(APPEND rows "      {\"${folder}\", \"${name}\", R\"json(${text})json\"},\n")
  endforeach()
endforeach()
foreach(folder silicon published placement)
  file(GLOB files ${ROOT}/results/${folder}/*.csv)
  foreach(path ${files})
    get_filename_component(name ${path} NAME_WE)
    file(READ ${path} text)
    string(APPEND rows "      {\"${folder}\", \"${name}\", R\"json(${text})json\"},\n")
  endforeach()
endforeach()
file(READ ${ROOT}/tests/golden/check.txt text)
string(APPEND rows "      {\"golden\", \"check\", R\"json(${text})json\"},\n")
file(WRITE ${OUTPUT} "#include \"sim/chips/description.h\"

namespace ane::sim {

const std::vector<DataFile>& data_files() {
  static const std::vector<DataFile> files = {
${rows}  };
  return files;
}

}  // namespace ane::sim
")
