# Pure parts of the chat, then the whole of it against a real store and a real server.
rozmova_test(rozmova_chat_test APART
  SOURCES events_test.cpp ledger_test.cpp render_test.cpp render_workflow_test.cpp rate_test.cpp seats_test.cpp sequence_test.cpp spending_test.cpp signal_test.cpp identity_test.cpp typing_test.cpp presence_test.cpp facts_cache_test.cpp demo_test.cpp
  USES rozmova_chat)
target_compile_definitions(rozmova_chat_test PRIVATE GOLDEN_DIR="${PROJECT_SOURCE_DIR}/golden")
find_package(SQLite3 REQUIRED)
rozmova_test(rozmova_chat_live_test
  SOURCES chat_test.cpp chat_limits_test.cpp chat_world.cpp polling_client.cpp api_test.cpp documents_test.cpp start_test.cpp ${PROJECT_SOURCE_DIR}/rozmova/start.cpp
  USES rozmova_bridge rozmova_chat rozmova_api rozmova_http rozmova_jwks SQLite::SQLite3)
