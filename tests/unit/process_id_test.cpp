#include "sioxx/engine/process_id.hpp"

#include "sioxx/engine/id.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace sioxx::engine {
namespace {

TEST(ProcessIdTest, ItsTextIsReadAsTheSame) {
  for (const std::uint64_t value : {std::uint64_t{1}, std::uint64_t{0x0123456789abcdef}, ~std::uint64_t{0}}) {
    const ProcessId id(value);
    EXPECT_EQ(id.text().size(), ProcessId::letters);
    EXPECT_EQ(ProcessId::parse(id.text()), id) << id.text();
  }
}

TEST(ProcessIdTest, TheFirstLettersAreTheHighestBits) {
  EXPECT_EQ(ProcessId(std::uint64_t{1} << 58).text(), "BAAAAAAAAAA");
  EXPECT_EQ(ProcessId(1).text(), "AAAAAAAAAAE");
}

TEST(ProcessIdTest, WhatItDoesNotWriteItDoesNotRead) {
  for (const char* const text :
       {"", "AAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAAAAAB", "AAAAA#AAAAA", "AAAAAAAAAA*"}) {
    EXPECT_FALSE(ProcessId::parse(text)) << text;
  }
}

TEST(ProcessIdTest, RandomBytesAreNeverNobody) {
  EXPECT_FALSE(ProcessId());
  EXPECT_TRUE(ProcessId::of({}));
  EXPECT_EQ(ProcessId::of({0, 0, 0, 0, 0, 0, 1, 2}), ProcessId(0x102));
}

}  // namespace
}  // namespace sioxx::engine
