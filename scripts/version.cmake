# Writes OUTPUT, the text of the version that runs are stored under: VERSION and the commit of ROOT
# that is built, so that answers of two commits are told apart; VERSION alone of the commit that bears
# the tag vVERSION, and without git or outside a clone. TEXT, where it is given, stands for all of
# that: an archive of the sources has no commit. BUILD: the build's type. Run at each build; the file
# changes only when a text does.
cmake_minimum_required(VERSION 3.25)
set(text ${VERSION})
find_program(GIT git)
if(TEXT)
  set(text ${TEXT})
elseif(GIT)
  execute_process(COMMAND ${GIT} describe --always --dirty --exclude=* --abbrev=12
                  WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE commit RESULT_VARIABLE failed
                  ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND ${GIT} tag --points-at HEAD --list v${VERSION}
                  WORKING_DIRECTORY ${ROOT} OUTPUT_VARIABLE tag
                  ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT failed AND (NOT tag OR commit MATCHES "-dirty$"))
    string(APPEND text "+${commit}")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#include \"sim/price/version.h\"

std::string ane::sim::code_version() {
  return \"@text@\";
}

std::string ane::sim::build_type() {
  return \"@BUILD@\";
}
" @ONLY)
