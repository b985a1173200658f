#include "rozmova/model.hpp"

#include <gtest/gtest.h>

namespace rozmova {
namespace {

template <class Enum, class Parse>
void expect_names(std::initializer_list<std::string_view> names, Parse parse) {
  int i = 0;
  for (const std::string_view name : names) {
    const auto value = static_cast<Enum>(i++);
    EXPECT_EQ(text(value), name);
    EXPECT_EQ(parse(name), value) << name;
  }
  EXPECT_EQ(text(static_cast<Enum>(i)), "");
  for (const std::string_view wrong : {"", "Client", "open ", "unknown"}) EXPECT_FALSE(parse(wrong)) << wrong;
}

TEST(Model, NamesOfEnumsAreThoseOfTheWire) {
  expect_names<Role>({"client", "performer", "moderator", "admin"}, parse_role);
  expect_names<OrderStatus>(
      {"created", "accepted", "in_progress", "delivered", "completed", "cancelled", "disputed"},
      parse_order_status);
  expect_names<DisputeStatus>({"open", "under_review", "resolved", "rejected", "closed"},
                              parse_dispute_status);
  expect_names<MessageType>({"text", "file", "system"}, parse_message_type);
  EXPECT_EQ(text(ChatKind::order), "order");
  EXPECT_EQ(text(ChatKind::dispute), "dispute");
}

TEST(Model, BlankIsWhatNobodyCanSee) {
  for (const std::string_view blank :
       {"", " \t\r\n\v\f", "\u00A0", "\u200B", " \u200D\uFEFF\u3000 ", "\u2028\u2029"})
    EXPECT_TRUE(is_blank(blank)) << blank;
  for (const std::string_view text : {"x", "\u200Bx", "👨\u200D👩", "\u00A0.", "\u2800", "\xE2\x80", "\xC2"})
    EXPECT_FALSE(is_blank(text)) << text;
}

TEST(Model, RoomsAreNamedByKindAndId) {
  const Uuid id = *Uuid::parse("0191d3a0-7c1e-7abc-8def-0123456789ab");
  EXPECT_EQ(room_of({ChatKind::order, id}), "order:0191d3a0-7c1e-7abc-8def-0123456789ab");
  EXPECT_EQ(room_of({ChatKind::dispute, id}), "dispute:0191d3a0-7c1e-7abc-8def-0123456789ab");
  EXPECT_EQ(room_of_user(id), "user:0191d3a0-7c1e-7abc-8def-0123456789ab");
}

TEST(Model, OnlyCancelledOrdersAndClosedDisputesCloseTheirChats) {
  EXPECT_TRUE(closes_chat(OrderStatus::cancelled));
  EXPECT_FALSE(closes_chat(OrderStatus::completed));
  EXPECT_FALSE(closes_chat(OrderStatus::disputed));
  EXPECT_TRUE(closes_chat(DisputeStatus::closed));
  EXPECT_FALSE(closes_chat(DisputeStatus::resolved));
}

TEST(IsoTime, PrintsUtcWithMilliseconds) {
  EXPECT_EQ(iso_time(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(iso_time(1'772'357'400'007), "2026-03-01T09:30:00.007Z");
  EXPECT_EQ(iso_time(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(iso_time(951'782'400'000), "2000-02-29T00:00:00.000Z");
  std::string out = "at ";
  append_iso_time(out, 0);
  EXPECT_EQ(out, "at 1970-01-01T00:00:00.000Z");
}

TEST(IsoTime, StaysWithinFourDigitsOfYear) {
  EXPECT_EQ(iso_time(INT64_MAX), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(iso_time(INT64_MIN), "0000-01-01T00:00:00.000Z");
}

TEST(IsoTime, ReadsWhatItPrints) {
  for (WallMs time = -70'000'000'000'000; time < 260'000'000'000'000; time += 9'876'543'217) {
    const std::string printed = iso_time(time);
    if (time < -62'167'219'200'000 || time > 253'402'300'799'999) continue;
    ASSERT_EQ(parse_iso_time(printed), time);
  }
}

TEST(IsoTime, ReadsFractionsAndOffsets) {
  const WallMs time = 1'772'357'400'000;
  EXPECT_EQ(parse_iso_time("2026-03-01T09:30:00Z"), time);
  EXPECT_EQ(parse_iso_time("2026-03-01T09:30:00.5Z"), time + 500);
  EXPECT_EQ(parse_iso_time("2026-03-01T09:30:00.1239Z"), time + 123);
  EXPECT_EQ(parse_iso_time("2026-03-01T11:30:00+02:00"), time);
  EXPECT_EQ(parse_iso_time("2026-03-01T04:00:00.000-05:30"), time);
}

TEST(IsoTime, RefusesEverythingElse) {
  for (const char* text : {"",
                           "2026-03-01",
                           "2026-03-01T09:30Z",
                           "2026-03-01T09:30:00",
                           "2026-03-01 09:30:00Z",
                           "2026-3-1T09:30:00Z",
                           "2026-02-30T09:30:00Z",
                           "2026-13-01T09:30:00Z",
                           "2026-00-01T09:30:00Z",
                           "2026-03-01T24:00:00Z",
                           "2026-03-01T09:60:00Z",
                           "2026-03-01T09:30:60Z",
                           "2026-03-01T09:30:00.Z",
                           "2026-03-01T09:30:00.1234567890Z",
                           "2026-03-01T09:30:00Zx",
                           "2026-03-01T09:30:00+2:00",
                           "2026-03-01T09:30:00+24:00",
                           "+2026-03-01T09:30:00Z",
                           "9999-12-31T23:59:59-01:00",
                           "0000-01-01T00:00:00+01:00",
                           "2026-03-01T09:30:00z",
                           "yesterday"}) {
    EXPECT_FALSE(parse_iso_time(text)) << text;
  }
}

}  // namespace
}  // namespace rozmova
