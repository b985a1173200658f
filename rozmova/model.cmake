# What everything else in the application speaks of; pure: no I/O, no clock, no thread.
rozmova_room(rozmova_model SOURCES uuid.cpp model.cpp refusal.cpp access.cpp mapping.cpp workflow.cpp system_text.cpp)
