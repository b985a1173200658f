# What everything else in the application speaks of; pure: no I/O, no clock, no thread.
find_package(fmt REQUIRED)
rozmova_room(rozmova_model SOURCES uuid.cpp model.cpp refusal.cpp access.cpp mapping.cpp marketplace_triggers.cpp workflow.cpp system_text.cpp
  PRIVATE_USES fmt::fmt)
