rozmova_test(rozmova_platform_test APART
  SOURCES auth_keys_test.cpp auth_test.cpp command_line_test.cpp config_test.cpp http_client_test.cpp log_test.cpp metrics_test.cpp router_test.cpp static_files_test.cpp ../fuzz/auth_fuzz.cpp
  USES rozmova_command_line rozmova_jwks rozmova_core sioxx rozmova_http rozmova_http_client Boost::json OpenSSL::Crypto)
target_compile_definitions(rozmova_platform_test PRIVATE ROZMOVA_DOCS_DIR="${PROJECT_SOURCE_DIR}/docs")
