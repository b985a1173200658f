rozmova_test(rozmova_model_test
  SOURCES uuid_test.cpp model_test.cpp access_test.cpp refusal_test.cpp workflow_test.cpp
  USES rozmova_model)

# One suite for every engine: tests/contract/store_suite*.cpp.
find_package(SQLite3 REQUIRED)
set(store_contract
  ${PROJECT_SOURCE_DIR}/tests/contract/store_suite.cpp
  ${PROJECT_SOURCE_DIR}/tests/contract/store_suite_changes.cpp
  ${PROJECT_SOURCE_DIR}/tests/contract/store_suite_lists.cpp
  ${PROJECT_SOURCE_DIR}/tests/contract/store_suite_notifications.cpp
  ${PROJECT_SOURCE_DIR}/tests/contract/store_suite_records.cpp
  ${PROJECT_SOURCE_DIR}/tests/contract/store_suite_threads.cpp
  ${PROJECT_SOURCE_DIR}/tests/contract/store_suite_workflow.cpp)
rozmova_test(rozmova_store_test
  SOURCES
    ${store_contract}
    cursor_test.cpp
    mapping_test.cpp
    database_bounds_test.cpp
    database_test.cpp
    sqlite_database.cpp
    temporary_directory.cpp
    query_plans_test.cpp
    sqlite_test.cpp
    watcher_test.cpp
    sqlite_fault_test.cpp
    sqlite_kill_test.cpp
    faulty_vfs.cpp
  USES rozmova_store SQLite::SQLite3)

# What needs a PostgreSQL server of its own.
find_package(PostgreSQL REQUIRED)
rozmova_test(rozmova_postgres_test APART
  SOURCES
    ${store_contract}
    postgres_batch_test.cpp
    postgres_beside_test.cpp
    postgres_connection_test.cpp
    postgres_database.cpp
    postgres_nodes_test.cpp
    postgres_notices_test.cpp
    postgres_server.cpp
    postgres_watcher_test.cpp
    temporary_directory.cpp
  USES rozmova_store PostgreSQL::PostgreSQL)
target_compile_definitions(rozmova_postgres_test PRIVATE ROZMOVA_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
