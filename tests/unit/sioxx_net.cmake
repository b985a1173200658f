# The floors loop and net: one program each.
set(here ${CMAKE_CURRENT_LIST_DIR})
rozmova_test(sioxx_loop_test
  SOURCES ${here}/timers_test.cpp ${here}/mailbox_test.cpp ${here}/shard_test.cpp
  USES sioxx_loop)
rozmova_test(sioxx_net_test
  SOURCES ${here}/frame_test.cpp ${here}/http_parser_test.cpp ${here}/polling_test.cpp ${here}/connection_test.cpp ${here}/cors_test.cpp
          ${here}/body_stream_test.cpp ${here}/compression_test.cpp ${here}/permessage_deflate_test.cpp ${here}/websocket_test.cpp ${here}/listener_test.cpp
          ${here}/http_wire_test.cpp ${here}/shared_run_test.cpp ${here}/tls_test.cpp ${here}/io_fault_test.cpp ${here}/relay_test.cpp
  USES sioxx_net ZLIB::ZLIB OpenSSL::SSL)
rozmova_test(sioxx_redis_test SOURCES ${here}/redis_test.cpp USES sioxx_redis)
