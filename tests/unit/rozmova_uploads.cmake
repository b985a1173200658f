rozmova_test(rozmova_uploads_test SOURCES uploads_test.cpp byte_range_test.cpp USES rozmova_uploads rozmova_api)
rozmova_test(rozmova_bridge_test SOURCES webhook_text_test.cpp USES rozmova_bridge Boost::json)
