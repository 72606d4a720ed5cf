# The libraries the house stands on, all from Debian 12.
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LIBCONFIG REQUIRED IMPORTED_TARGET libconfig>=1.5)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat>=2.5)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8>=10.42)
pkg_check_modules(LIBEVENT REQUIRED IMPORTED_TARGET libevent>=2.1.12
  libevent_openssl libevent_pthreads)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.40)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp>=2.5)
pkg_check_modules(LIBPQ REQUIRED libpq>=15) # its header only
find_library(UNISTRING unistring REQUIRED)
find_library(PHONENUMBER phonenumber REQUIRED)
find_library(PROTOBUF protobuf REQUIRED) # libphonenumber's headers bring it
