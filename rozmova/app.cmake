# The platform: settings, log, metrics, tokens (rozmova_core); the routes' ground (rozmova_http); the program (rozmova).
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)

rozmova_room(rozmova_core
  SOURCES auth.cpp base64url.cpp config.cpp config_file.cpp jwt.cpp jwt_key.cpp jwt_key_file.cpp log.cpp metrics.cpp public_keys.cpp secret.cpp settings.cpp settings_limits.cpp settings_text.cpp
  USES rozmova_model fmt::fmt
  PRIVATE_USES Boost::json OpenSSL::Crypto spdlog::spdlog)

# Asks other people's servers: keys of tokens, webhooks.
rozmova_room(rozmova_http_client SOURCES http_client.cpp USES Threads::Threads PRIVATE_USES CURL::libcurl)

rozmova_room(rozmova_http
  SOURCES api/json.cpp api/metrics_text.cpp api/readiness.cpp api/router.cpp api/static_files.cpp api/system_routes.cpp
  USES rozmova_core rozmova_store sioxx Boost::json
  PRIVATE_USES OpenSSL::Crypto ZLIB::ZLIB)
# A program that runs from its build folder finds the web app of the source tree it was built from.
target_compile_definitions(rozmova_http
  PUBLIC ROZMOVA_VERSION="${PROJECT_VERSION}"
  PRIVATE ROZMOVA_SOURCE_WEB_DIR="${PROJECT_SOURCE_DIR}/web/apps/demo/dist")

rozmova_room(rozmova_command_line SOURCES command_line.cpp USES rozmova_core PRIVATE_USES CLI11::CLI11)

# The issuer's published keys.
rozmova_room(rozmova_jwks SOURCES jwks_source.cpp USES rozmova_core rozmova_http_client)

add_executable(rozmova main.cpp commands.cpp doctor.cpp node.cpp postgres_bus.cpp signals.cpp start.cpp)
target_link_libraries(rozmova PRIVATE rozmova_flags rozmova_core rozmova_jwks rozmova_http rozmova_chat rozmova_uploads rozmova_bridge rozmova_api rozmova_store rozmova_command_line sioxx)
install(TARGETS rozmova RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/web/apps/demo/dist/ DESTINATION ${CMAKE_INSTALL_DATADIR}/rozmova/web OPTIONAL)
