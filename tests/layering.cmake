# Does an include against the arrows fail, and one along them succeed? Made from the targets' own
# lists: the compiler is asked, with the folders that a target sees, which layers' headers it finds.
get_property(layers GLOBAL PROPERTY ANESIM_LAYERS)

# Everything that `layer` may include: what it uses, and what that uses.
function(seen_by layer out)
  get_target_property(uses ${layer} ANESIM_USES)
  get_target_property(hides ${layer} ANESIM_HIDES)
  set(all ${layer} ${hides})
  foreach(used ${uses} ${hides})
    handed_on(${used} more)
    list(APPEND all ${more})
  endforeach()
  list(REMOVE_DUPLICATES all)
  set(${out} ${all} PARENT_SCOPE)
endfunction()
# What a user of `layer` sees through it.
function(handed_on layer out)
  get_target_property(uses ${layer} ANESIM_USES)
  set(all ${layer})
  foreach(used ${uses})
    handed_on(${used} more)
    list(APPEND all ${more})
  endforeach()
  set(${out} ${all} PARENT_SCOPE)
endfunction()

set(headers "")
foreach(layer ${layers})
  get_target_property(folder ${layer} ANESIM_FOLDER)
  file(GLOB found RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/${folder}/*.h)
  list(GET found 0 header)
  list(APPEND headers ${layer}=${header})
endforeach()
foreach(layer ${layers})
  seen_by(${layer} allowed)
  add_test(NAME Layers.${layer}_sees_what_it_uses_and_no_more
           COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/layering.sh ${CMAKE_CXX_COMPILER} "${allowed}"
                   "$<TARGET_PROPERTY:${layer},INCLUDE_DIRECTORIES>" "${headers}")
endforeach()
