# How libraries are found: a missing one is an error of the configuration that names its package.
function(missing_package debian what)
  message(FATAL_ERROR "${what} is missing: on Debian `apt-get install ${debian}`, or all that is "
                      "needed by scripts/dependencies")
endfunction()

# find_package(NAME ...), of the package DEBIAN.
macro(needs_package debian name)
  find_package(${name} ${ARGN} QUIET)
  if(NOT ${name}_FOUND)
    missing_package(${debian} ${name})
  endif()
endmacro()

# A target NAME of a library that has no configuration of its own: of a header alone, or of both.
function(needs_files debian name)
  cmake_parse_arguments(A "" "HEADER;LIBRARY" "" ${ARGN})
  find_path(ANESIM_${name}_HEADER ${A_HEADER})
  mark_as_advanced(ANESIM_${name}_HEADER)
  if(NOT ANESIM_${name}_HEADER)
    missing_package(${debian} "the header ${A_HEADER}")
  endif()
  add_library(${name} INTERFACE)
  target_include_directories(${name} SYSTEM INTERFACE ${ANESIM_${name}_HEADER})
  if(A_LIBRARY)
    find_library(ANESIM_${name}_LIBRARY ${A_LIBRARY})
    mark_as_advanced(ANESIM_${name}_LIBRARY)
    if(NOT ANESIM_${name}_LIBRARY)
      missing_package(${debian} "the library ${A_LIBRARY}")
    endif()
    target_link_libraries(${name} INTERFACE ${ANESIM_${name}_LIBRARY})
  endif()
endfunction()
