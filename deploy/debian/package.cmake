# What `cpack -G DEB` packs: the program as deploy/README.md installs it, in
# the folders that Debian has for each thing. The same bytes from any folder
# and at any time: dates are those of the last commit, or SOURCE_DATE_EPOCH.
set(BRIDGE_MAINTAINER "leadbridge authors <authors@leadbridge.invalid>"
  CACHE STRING "Whom a package names as its maintainer")

set(debian ${CMAKE_CURRENT_LIST_DIR})
set(packed ${CMAKE_BINARY_DIR}/package)

# --- the date of everything
set(epoch $ENV{SOURCE_DATE_EPOCH})
if(NOT epoch)
  execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} log -1 --format=%ct
    OUTPUT_VARIABLE epoch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(NOT epoch) # a tree without its history
  file(TIMESTAMP ${PROJECT_SOURCE_DIR}/CHANGELOG.md epoch "%s" UTC)
endif()
set(ENV{SOURCE_DATE_EPOCH} ${epoch})
string(TIMESTAMP changelog_date "%a, %d %b %Y %H:%M:%S +0000" UTC)

# --- what is made of the tree
# The manual and the completions are what the program itself says.
set(made)
function(made_by file)
  add_custom_command(OUTPUT ${packed}/${file}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${packed}
    COMMAND ${CMAKE_COMMAND} -E env SOURCE_DATE_EPOCH=${epoch}
      $<TARGET_FILE:leadbridge> ${ARGN} > ${packed}/${file}
    DEPENDS leadbridge VERBATIM)
  list(APPEND made ${packed}/${file})
  set(made ${made} PARENT_SCOPE)
endfunction()
function(gzipped file from)
  add_custom_command(OUTPUT ${packed}/${file}.gz
    COMMAND ${CMAKE_COMMAND} -E make_directory ${packed}
    COMMAND gzip -9nc ${from} > ${packed}/${file}.gz
    DEPENDS ${from} VERBATIM)
  list(APPEND made ${packed}/${file}.gz)
  set(made ${made} PARENT_SCOPE)
endfunction()

made_by(leadbridge.1 manual leadbridge)
made_by(leadbridge.cfg.5 manual leadbridge.cfg)
made_by(leadbridge-mapping.5 manual leadbridge-mapping)
made_by(leadbridge.bash completion bash)
made_by(_leadbridge completion zsh)
foreach(page leadbridge.1 leadbridge.cfg.5 leadbridge-mapping.5)
  gzipped(${page} ${packed}/${page})
endforeach()
gzipped(changelog ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
configure_file(${debian}/changelog.in ${packed}/changelog.Debian @ONLY)
gzipped(changelog.Debian ${packed}/changelog.Debian)
add_custom_target(package_files ALL DEPENDS ${made})

# The unit is the same, but for where the program is, and that its user is one
# that stays: files of the journal keep their owner over a removal.
function(packaged_unit name)
  set(unit ${PROJECT_SOURCE_DIR}/deploy/${name})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${unit})
  file(READ ${unit} text)
  string(REPLACE "/usr/local/bin/" "/usr/bin/" text "${text}")
  string(REPLACE "/etc/systemd/system/" "/lib/systemd/system/" text "${text}")
  string(REPLACE "\nDescription=" "\nDocumentation=man:leadbridge(1)\nDescription="
    text "${text}")
  string(REPLACE "DynamicUser=yes\n" "User=leadbridge\nGroup=leadbridge\n"
    text "${text}")
  file(WRITE ${packed}/${name}.new "${text}")
  file(COPY_FILE ${packed}/${name}.new ${packed}/${name} ONLY_IF_DIFFERENT)
endfunction()

# --- where it goes
include(GNUInstallDirs)
install(FILES ${packed}/leadbridge.1.gz
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${packed}/leadbridge.cfg.5.gz ${packed}/leadbridge-mapping.5.gz
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES ${packed}/leadbridge.bash
  DESTINATION share/bash-completion/completions RENAME leadbridge)
install(FILES ${packed}/_leadbridge DESTINATION share/zsh/vendor-completions)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/mappings/
  DESTINATION share/leadbridge/mappings
  PATTERN "README.md" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/README.md ${PROJECT_SOURCE_DIR}/deploy/JOURNAL.md
  DESTINATION share/doc/leadbridge)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/README.md
  DESTINATION share/doc/leadbridge RENAME operating.md)
install(FILES ${PROJECT_SOURCE_DIR}/mappings/README.md
  DESTINATION share/doc/leadbridge RENAME mappings.md)

# Only a package has a distribution's folders outside its prefix.
file(GLOB units RELATIVE ${PROJECT_SOURCE_DIR}/deploy CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/deploy/leadbridge*.service
  ${PROJECT_SOURCE_DIR}/deploy/leadbridge*.socket)
foreach(unit ${units})
  packaged_unit(${unit})
  install(FILES ${packed}/${unit} DESTINATION /lib/systemd/system
    COMPONENT debian EXCLUDE_FROM_ALL)
endforeach()
install(FILES ${PROJECT_SOURCE_DIR}/deploy/notify-reload.conf
  DESTINATION /usr/share/leadbridge COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/leadbridge.cfg
  DESTINATION /etc/leadbridge COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${debian}/copyright ${packed}/changelog.gz
  ${packed}/changelog.Debian.gz DESTINATION /usr/share/doc/leadbridge
  COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES ${debian}/lintian-overrides
  DESTINATION /usr/share/lintian/overrides RENAME leadbridge
  COMPONENT debian EXCLUDE_FROM_ALL)

# --- the package
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME leadbridge)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${BRIDGE_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "webhooks of forms and CRMs to lead updates")
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_CMAKE_PROJECTS
  ${CMAKE_BINARY_DIR} leadbridge Unspecified /
  ${CMAKE_BINARY_DIR} leadbridge debian /)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE
  OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_OUTPUT_FILE_PREFIX ${CMAKE_BINARY_DIR})
set(CPACK_PROJECT_CONFIG_FILE ${packed}/cpack.cmake)
file(WRITE ${packed}/cpack.cmake "set(ENV{SOURCE_DATE_EPOCH} ${epoch})\n")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
# What it links is found out; said here is what no library's name tells: the
# fixes the listener counts on, and what is data. libpq is loaded where a
# journal's url asks for it.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libevent-2.1-7 (>= 2.1.12-stable-8+deb12u1), adduser, ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS libpq5)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "haproxy, postgresql")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"leadbridge takes webhooks, proves who sent them, maps their fields to the
update of a lead, checks that against the API's contract and sends it over
TLS, or keeps it in a journal until the API has taken it.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/conffiles
  ${debian}/postinst ${debian}/prerm ${debian}/postrm ${debian}/triggers)
include(CPack)
