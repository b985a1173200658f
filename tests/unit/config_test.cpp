#include "rozmova/config.hpp"
#include "rozmova/secret.hpp"
#include "rozmova/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace rozmova {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "rozmova-unit-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for the test");
    path = pattern;
  }
  ~Folder() { fs::remove_all(path); }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
  fs::path path;
};

std::vector<std::string> problems_of_loading(const std::string& file, const Environment& environment = {},
                                             const Flags& flags = {}) {
  try {
    load_config(file, environment, flags);
    return {};
  } catch (const ConfigError& error) {
    return error.problems();
  }
}

TEST(Config, WithNothingSaidEverythingHasItsDefault) {
  const LoadedConfig loaded = load_config({}, {}, {});
  EXPECT_EQ(loaded.config.port, 3000);
  EXPECT_EQ(loaded.config.store_url(), "sqlite:./data/rozmova.db");
  EXPECT_TRUE(loaded.config.demo_on());
  EXPECT_THAT(loaded.origin, IsEmpty());
  EXPECT_THAT(check_config(loaded.config).problems, IsEmpty());
}

TEST(Config, FlagsBeatTheEnvironmentBeatsTheFileBeatsTheDefault) {
  const Folder folder;
  const std::string file =
      folder.file("a.toml", "port = 1\nlog_level = \"debug\"\nping_interval_ms = 1000\n");
  const LoadedConfig loaded = load_config(file, {{"PORT", "2"}, {"LOG_LEVEL", "warn"}}, {{"PORT", "3"}});
  EXPECT_EQ(loaded.config.port, 3);
  EXPECT_EQ(loaded.config.log_level, "warn");
  EXPECT_EQ(loaded.config.ping_interval_ms, 1'000);
  EXPECT_EQ(loaded.config.ping_timeout_ms, 20'000);
  EXPECT_EQ(loaded.origin.at("PORT"), "flag --port");
  EXPECT_EQ(loaded.origin.at("LOG_LEVEL"), "environment LOG_LEVEL");
  EXPECT_EQ(loaded.origin.at("PING_INTERVAL_MS"), file + " line 3");
}

TEST(Config, TheFileMayBeNamedByTheEnvironment) {
  const Folder folder;
  EXPECT_EQ(load_config({}, {{"ROZMOVA_CONFIG", folder.file("a.toml", "port = 7\n")}}, {}).config.port, 7);
  EXPECT_THAT(problems_of_loading({}, {{"ROZMOVA_CONFIG", "/no/such.toml"}}),
              ElementsAre(HasSubstr("/no/such.toml")));
}

TEST(Config, KindsOfValues) {
  const Folder folder;
  const Config config =
      load_config(folder.file("a.toml",
                              "cors_origin = [\"https://a.example\", \"https://b.example\"]\n"
                              "trust_proxy = true\ndemo = false\njwt_secret = \"a,b c\"\n"),
                  {{"JWT_PREVIOUS_SECRET", "one, two ,,"}}, {})
          .config;
  EXPECT_THAT(config.cors_origin, ElementsAre("https://a.example", "https://b.example"));
  EXPECT_THAT(config.jwt_previous_secret, ElementsAre("one", "two"));
  EXPECT_TRUE(config.trust_proxy);
  EXPECT_FALSE(config.demo_on());
  EXPECT_EQ(config.jwt_secret, "a,b c");
  for (const char* yes : {"1", "true", "TRUE", "on", "yes"})
    EXPECT_TRUE(load_config({}, {{"TRUST_PROXY", yes}}, {}).config.trust_proxy);
  for (const char* no : {"0", "false", "off", "No"})
    EXPECT_FALSE(load_config({}, {{"DEMO", no}}, {}).config.demo_on());
}

TEST(Config, AnEmptyVariableIsNotSet) {
  const LoadedConfig loaded = load_config({}, {{"PORT", ""}, {"JWT_SECRET", ""}}, {});
  EXPECT_EQ(loaded.config.port, 3000);
  EXPECT_THAT(loaded.origin, IsEmpty());
}

TEST(Config, EveryMistakeIsNamedWithItsPlaceAndWhatIsAllowed) {
  const Folder folder;
  const std::string file = folder.file(
      "bad.toml", "prot = 4000\nport = 70000\nlog_level = \"loud\"\nthreads = 1.5\n[limits]\nx = 1\n");
  const auto problems = problems_of_loading(file, {{"PING_TIMEOUT_MS", "soon"}}, {{"DEMO", "perhaps"}});
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("bad.toml line 1"), HasSubstr("\"prot\""))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("bad.toml line 2"), HasSubstr("port = \"70000\""),
                                       HasSubstr("0 to 65535"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("bad.toml line 3"), HasSubstr("loud"),
                                       HasSubstr("one of debug, info"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("bad.toml line 4"), HasSubstr("threads"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("\"limits\""))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("environment PING_TIMEOUT_MS"), HasSubstr("soon"))));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("flag --demo"), HasSubstr("true or false"))));
  EXPECT_EQ(problems.size(), 7U);
}

TEST(Config, AFileThatIsNoTomlIsToldWithLineAndColumn) {
  const Folder folder;
  EXPECT_THAT(problems_of_loading(folder.file("broken.toml", "port = 1\nport = \n")),
              ElementsAre(AllOf(HasSubstr("broken.toml line 2"), HasSubstr("column"))));
  EXPECT_THAT(problems_of_loading(folder.path.string()), ElementsAre(HasSubstr("it is no file")));
}

TEST(Config, MisspeltNamesAreGuessed) {
  const Folder folder;
  EXPECT_THAT(problems_of_loading(folder.file("a.toml", "ping_intervall_ms = 1\n")),
              ElementsAre(HasSubstr("did you mean PING_INTERVAL_MS")));
  EXPECT_THAT(load_config({}, {{"JWT_SECERT", "x"}, {"HOME", "/"}, {"SHORT", "1"}}, {}).warnings,
              ElementsAre(AllOf(HasSubstr("JWT_SECERT"), HasSubstr("JWT_SECRET"))));
}

TEST(Config, VariablesOfOpenSslAreNoMistake) {
  const Environment theirs = {{"SSL_CERT_FILE", "/etc/ssl/all.pem"}, {"SSL_CERT_DIR", "/etc/ssl"}};
  EXPECT_THAT(load_config({}, theirs, {}).warnings, IsEmpty());
}

TEST(Config, ProductionIsStrict) {
  Config config;
  config.node_env = "production";
  EXPECT_THAT(check_config(config).problems, ElementsAre(HasSubstr("JWT_SECRET")));
  config.jwt_secret = "0123456789012345678901234567890";
  EXPECT_THAT(check_config(config).problems,
              ElementsAre(AllOf(HasSubstr("JWT_SECRET"), HasSubstr("31 bytes"))));
  config.jwt_secret += "x";
  EXPECT_THAT(check_config(config).problems, IsEmpty());
  EXPECT_FALSE(config.demo_on());
  config.cors_origin = {"https://shop.example", "*"};
  config.demo = true;
  config.service_token = "short";
  EXPECT_THAT(
      check_config(config).problems,
      UnorderedElementsAre(HasSubstr("CORS_ORIGIN=*"), HasSubstr("DEMO"), HasSubstr("SERVICE_TOKEN")));
}

TEST(Config, OutsideProductionAShortSecretIsAWarning) {
  Config config;
  config.jwt_secret = "your_jwt_secret";
  config.cors_origin = {"*"};
  EXPECT_THAT(check_config(config).problems, IsEmpty());
  EXPECT_THAT(check_config(config).warnings, ElementsAre(HasSubstr("JWT_SECRET")));
}

TEST(Config, WhatThisVersionHasNotIsToldAndNotIgnored) {
  Config config;
  config.database_url = "mysql://u:secret@host/db";
  const auto problems = check_config(config).problems;
  EXPECT_THAT(problems, ElementsAre(AllOf(HasSubstr("DATABASE_URL"), HasSubstr("mysql:"),
                                          testing::Not(HasSubstr("secret")))));
}

TEST(Config, SeveralNodesNeedOneDatabaseAndOneSecret) {
  Config config;
  config.redis_url = "redis://localhost";
  EXPECT_THAT(check_config(config).problems,
              UnorderedElementsAre(HasSubstr("one PostgreSQL"), HasSubstr("JWT_SECRET")));
  config.database_url = "postgres://host/db";
  config.jwt_secret = std::string(40, 's');
  EXPECT_THAT(check_config(config).problems, IsEmpty());
  config.redis_url.clear();
  config.node_address = "10.0.0.7";
  EXPECT_THAT(check_config(config).problems, IsEmpty());
  config.tls_cert_file = config.tls_key_file = "x.pem";
  EXPECT_THAT(check_config(config).problems, ElementsAre(HasSubstr("plain HTTP")));
}

TEST(Config, NodesSignWithASecretThatAllOfThemHave) {
  Config config;
  config.cluster_secret = "short";
  EXPECT_THAT(check_config(config).problems, ElementsAre(HasSubstr("CLUSTER_SECRET")));
  config.cluster_secret.clear();
  Secret secret;
  EXPECT_EQ(cluster_secret(config, secret), "");
  secret.value = std::string(40, 's');
  const std::string made = cluster_secret(config, secret);
  EXPECT_GE(made.size(), 32u);
  EXPECT_NE(made, secret.value);
  EXPECT_EQ(cluster_secret(config, secret), made);
  config.cluster_secret = std::string(32, 'c');
  EXPECT_EQ(cluster_secret(config, secret), config.cluster_secret);
}

TEST(Config, TheSocketIoWorldNeedsARedisAndKnownOperations) {
  Config config;
  config.redis_adapter_key = "socket.io";
  EXPECT_THAT(check_config(config).problems, ElementsAre(HasSubstr("without REDIS_URL")));
  config.redis_adapter_key.clear();
  config.redis_adapter_operations = {"emit", "server-side"};
  EXPECT_THAT(check_config(config).problems, IsEmpty());
  config.redis_adapter_operations = {"emit", "explode"};
  EXPECT_THAT(check_config(config).problems, ElementsAre(HasSubstr("\"explode\"; there are emit, join")));
}

TEST(Config, OriginsHaveNoPath) {
  Config config;
  for (const char* wrong : {"https://shop.example/", "shop.example", "https://", "https://a.example/b",
                            "https://*.example", "://x"}) {
    config.cors_origin = {wrong};
    EXPECT_THAT(check_config(config).problems, ElementsAre(HasSubstr("CORS_ORIGIN"))) << wrong;
  }
  for (const char* right :
       {"https://shop.example", "http://localhost:5173", "http://[::1]:80", "capacitor://localhost"}) {
    config.cors_origin = {right};
    EXPECT_THAT(check_config(config).problems, IsEmpty()) << right;
  }
}

TEST(Config, WhatIsPrintedCanBeReadAgainAndHidesSecrets) {
  const Folder folder;
  const LoadedConfig loaded =
      load_config({},
                  {{"PORT", "4000"},
                   {"JWT_SECRET", "very secret"},
                   {"CORS_ORIGIN", "https://a.example,https://b.example"},
                   {"JWT_ISSUER", "a \"quoted\" \\ issuer"},
                   {"DATABASE_URL", "postgres://u:h/u%40sh@db.example:5432/chat?sslmode=require"},
                   {"SERVICE_TOKEN", "hush"}},
                  {{"DEMO", "false"}});
  const std::string printed = print_config(loaded);
  EXPECT_THAT(printed,
              AllOf(HasSubstr("port = 4000  # environment PORT\n"), HasSubstr("# jwt_secret = \"********\""),
                    testing::Not(HasSubstr("very secret")), testing::Not(HasSubstr("hush")),
                    HasSubstr("postgres://u:********@db.example:5432/chat?sslmode=require"),
                    testing::Not(HasSubstr("u%40sh"))));
  const Config again = load_config(folder.file("printed.toml", printed), {}, {}).config;
  EXPECT_EQ(again.port, 4000);
  EXPECT_EQ(again.cors_origin, loaded.config.cors_origin);
  EXPECT_EQ(again.jwt_issuer, loaded.config.jwt_issuer);
  EXPECT_EQ(again.demo, std::optional(false));
}

TEST(Settings, TheTableIsComplete) {
  std::set<std::string_view> names;
  const Config defaults;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name << " stands twice";
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_EQ(find_setting(setting.name), &setting);
    EXPECT_EQ(setting.flag().empty(), setting.secret) << setting.name;
    Config config;
    const std::string shown = setting.shown(defaults);
    if (!shown.empty()) {
      EXPECT_TRUE(assign(config, setting, shown)) << "the default of " << setting.name << " is not allowed";
    }
    if (setting.max != 0) {
      EXPECT_LT(setting.min, setting.max) << setting.name;
      EXPECT_FALSE(assign(config, setting, std::to_string(setting.max + 1))) << setting.name;
      EXPECT_FALSE(assign(config, setting, std::to_string(setting.min - 1))) << setting.name;
      EXPECT_FALSE(assign(config, setting, "1x")) << setting.name;
    }
  }
  EXPECT_GE(names.size(), 40U);
}

TEST(Settings, ThePageOfTheDocumentationIsTheTable) {
  std::ifstream page(fs::path(ROZMOVA_DOCS_DIR) / "settings.md");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  EXPECT_EQ(text, settings_doc()) << "write it anew: rozmova --print-settings-doc > docs/settings.md";
}

Config living_in(const fs::path& folder) {
  Config config;
  config.data_dir = folder.string();
  return config;
}

TEST(Secret, GeneratedOnceAndKept) {
  const Folder folder;
  const Config config = living_in(folder.path / "data");
  EXPECT_FALSE(existing_secret(config));
  const Secret first = secret_in_force(config);
  EXPECT_TRUE(first.is_new);
  EXPECT_GE(first.value.size(), 43U);
  const Secret second = secret_in_force(config);
  EXPECT_FALSE(second.is_new);
  EXPECT_EQ(second.value, first.value);
  struct stat info {};
  ASSERT_EQ(::stat(first.file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path / "data"), {}), 1)
      << "nothing else may be left there";
}

TEST(Secret, TheSettingGoesFirst) {
  const Folder folder;
  Config config = living_in(folder.path / "data");
  config.jwt_secret = "mine";
  EXPECT_EQ(secret_in_force(config).value, "mine");
  EXPECT_FALSE(fs::exists(folder.path / "data"));
}

TEST(Secret, WhoComesAtTheSameTimeGetsTheSame) {
  const Folder folder;
  const Config config = living_in(folder.path);
  std::vector<std::string> got(8);
  std::vector<std::thread> threads;
  for (std::string& mine : got) threads.emplace_back([&] { mine = secret_in_force(config).value; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()).size(), 1U);
}

TEST(Secret, ABadFileOrFolderIsToldPlainly) {
  const Folder folder;
  folder.file("jwt-secret", "short\n");
  EXPECT_THROW(secret_in_force(living_in(folder.path)), std::runtime_error);
  const std::string file = folder.file("a-file", "");
  try {
    secret_in_force(living_in(fs::path(file) / "data"));
    FAIL() << "a folder inside a file";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("a-file"));
  }
}

}  // namespace
}  // namespace rozmova
