# What `cmake --install` puts where, and the Debian package that `cpack` makes of it
# (docs/packaging.md). Pages of the manual and completions are made by the program itself.
include(GNUInstallDirs)
set(man_pages ${PROJECT_BINARY_DIR}/man/man1)
set(completions ${PROJECT_BINARY_DIR}/completion)

# A shell reads the file of its folder that bears the command's name.
set(completion_scripts "")
foreach(shell_and_file bash=anesim zsh=_anesim fish=anesim.fish)
  string(REPLACE "=" ";" pair ${shell_and_file})
  list(GET pair 0 shell)
  list(GET pair 1 file)
  add_custom_command(OUTPUT ${completions}/${shell}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${completions}/${shell}
    COMMAND anesim completion ${shell} > ${completions}/${shell}/${file}
    DEPENDS anesim VERBATIM)
  list(APPEND completion_scripts ${completions}/${shell}/${file})
endforeach()
add_custom_target(completion ALL DEPENDS ${completion_scripts})

find_program(HELP2MAN help2man)
mark_as_advanced(HELP2MAN)
if(HELP2MAN)
  add_custom_command(OUTPUT ${man_pages}/anesim.1.gz
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/man $<TARGET_FILE:anesim> ${man_pages}
    DEPENDS anesim scripts/man VERBATIM)
  add_custom_target(man ALL DEPENDS ${man_pages}/anesim.1.gz)
  install(DIRECTORY ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR})
else()
  message(WARNING "help2man is missing: no pages of the manual are made; on Debian "
                  "`apt-get install help2man`")
endif()

install(TARGETS anesim)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md CHANGELOG.md SECURITY.md CITATION.cff DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES NOTICE RENAME copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})  # where Debian looks
# The program carries its own copy of these; here they are for reading, and to begin one's own from.
install(DIRECTORY sim/chips sim/runtimes DESTINATION ${CMAKE_INSTALL_DATADIR}/anesim
        FILES_MATCHING PATTERN "*.json")
install(DIRECTORY results/silicon results/published DESTINATION ${CMAKE_INSTALL_DATADIR}/anesim
        FILES_MATCHING PATTERN "*.csv" PATTERN "README.md")
install(FILES ${completions}/bash/anesim
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${completions}/zsh/_anesim DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${completions}/fish/anesim.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME anesim)
set(CPACK_PACKAGE_CONTACT "The anesim authors <maintainers@anesim.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "simulator of an Apple-Neural-Engine-like accelerator")
set(CPACK_PACKAGE_DESCRIPTION
"Executes models on a simulated neural engine, bit for bit, and says time,
energy and memory on M1 to M4 and their neighbours, beside the CPU and the
GPU of the same chip. Every figure carries its source.")
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# dpkg-shlibdeps asks which packages have the libraries that the program is linked with.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ
    GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
