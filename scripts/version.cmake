# Writes OUTPUT, the text of the version that runs are stored under: VERSION and the commit of ROOT
# that is built, so that answers of two commits are told apart. Run at each build; the file changes
# only when the text does. Without git or outside a clone the text is VERSION alone.
cmake_minimum_required(VERSION 3.25)
set(text ${VERSION})
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} describe --always --dirty --exclude=* --abbrev=12
                  WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE commit RESULT_VARIABLE failed
                  ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed)
    string(APPEND text "+${commit}")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#include \"sim/price/version.h\"

std::string ane::sim::code_version() {
  return \"@text@\";
}
" @ONLY)
