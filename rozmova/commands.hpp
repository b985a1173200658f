#pragma once

#include "rozmova/command_line.hpp"
#include "rozmova/config.hpp"

namespace rozmova {

/// The small commands; each returns the status to leave with and prints for people. serve is in main.cpp.
int run_migrate(const Config& config);
int run_token(const Config& config, const TokenRequest& request);
int run_demo(const Config& config);
int run_print_triggers(const Config& config);
int run_check_config(const LoadedConfig& loaded);
int run_doctor(const LoadedConfig& loaded);

}  // namespace rozmova
