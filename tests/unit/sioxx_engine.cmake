# The floors engine, socket, cluster and the face: one program each.
set(here ${CMAKE_CURRENT_LIST_DIR})
rozmova_test(sioxx_engine_test
  SOURCES ${here}/engine_packet_test.cpp ${here}/process_id_test.cpp ${here}/payload_test.cpp ${here}/encoded_test.cpp ${here}/session_test.cpp
          ${here}/heartbeat_test.cpp ${here}/slow_consumer_test.cpp ${here}/upgrade_test.cpp ${here}/protocol3_test.cpp ${here}/flat_table_test.cpp
  USES sioxx_engine)
rozmova_test(sioxx_socket_test
  SOURCES ${here}/socket_packet_test.cpp ${here}/rooms_test.cpp ${here}/client_test.cpp ${here}/namespace_test.cpp ${here}/event_middleware_test.cpp
          ${here}/patterns_test.cpp ${here}/dialects_test.cpp ${here}/task_test.cpp ${here}/recovery_test.cpp ${here}/gate_test.cpp ${here}/disconnect_reasons_test.cpp
  USES sioxx_socket)
rozmova_test(sioxx_cluster_test SOURCES ${here}/directory_test.cpp ${here}/cluster_test.cpp ${here}/moving_test.cpp ${here}/codec_test.cpp ${here}/exchange_test.cpp
  USES sioxx_cluster)
rozmova_test(sioxx_server_test SOURCES ${here}/server_test.cpp USES sioxx)
rozmova_test(sioxx_hot_path_test SOURCES ${here}/hot_path_test.cpp USES sioxx)
