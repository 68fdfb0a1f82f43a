#include "runner/json.hpp"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "runner/json_parser.hpp"
#include "runner/sha256.hpp"

using namespace pushforward::runner;

namespace {

std::optional<Json> parsed(const std::string& text, Comments comments = Comments::refused) {
  Findings findings;
  auto json = parse_json(text, 0, comments, findings);
  return findings.empty() ? json : std::nullopt;
}

/// Equality with a value of an independent library.
bool same(const Json& ours, const nlohmann::json& theirs) {
  if (ours.is_null()) return theirs.is_null();
  if (ours.is_bool()) return theirs.is_boolean() && theirs.get<bool>() == ours.boolean();
  if (ours.is_number()) return theirs.is_number() && theirs.get<double>() == ours.number();
  if (ours.is_string()) return theirs.is_string() && theirs.get<std::string>() == ours.string();
  if (theirs.size() != (ours.is_list() ? ours.items().size() : ours.members().size())) return false;
  if (ours.is_list()) {
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      if (!same(ours.items()[i], theirs[i])) return false;
    }
    return true;
  }
  for (const auto& member : ours.members()) {
    if (!theirs.contains(member.key) || !same(member.value, theirs[member.key])) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("json: what is accepted, and as what, agrees with an independent reader") {
  // Texts made of tokens at random: about one in a few dozen is JSON.
  const std::array<std::string, 24> tokens{"{",
                                           "}",
                                           "[",
                                           "]",
                                           ",",
                                           ":",
                                           "\"a\"",
                                           "\"b\\u00e9\\n\"",
                                           "1",
                                           "-2.5e3",
                                           "0",
                                           "01",
                                           "true",
                                           "null",
                                           "false",
                                           " ",
                                           "\n",
                                           "\"",
                                           "1e400",
                                           "\\",
                                           "\"\\ud83d\\ude00\"",
                                           "1.",
                                           "-",
                                           "nul"};
  std::mt19937 generator(7);
  int accepted = 0;
  for (int trial = 0; trial < 40000; ++trial) {
    std::string text = trial % 2 == 0 ? "[" : "";
    const auto length = generator() % 7;
    for (unsigned i = 0; i < length; ++i) {
      text += tokens[generator() % tokens.size()];
      if (trial % 4 == 0 && i + 1 < length) text += ",";
    }
    if (trial % 2 == 0) text += "]";
    const auto theirs = nlohmann::json::parse(text, nullptr, false);
    const auto ours = parsed(text);
    CAPTURE(text);
    if (theirs.is_discarded()) {
      CHECK_FALSE(ours.has_value());
      continue;
    }
    // Where the other reader takes the last of two equal keys, ours refuses.
    Findings findings;
    if (!parse_json(text, 0, Comments::refused, findings) || !findings.empty()) {
      CHECK(findings.sorted().front().code == "E203");
      continue;
    }
    ++accepted;
    CHECK(same(*ours, theirs));
    CHECK(same(*ours, nlohmann::json::parse(ours->canonical())));
    CHECK(same(*ours, nlohmann::json::parse(ours->pretty())));
  }
  CHECK(accepted > 1000);
}

TEST_CASE("json: values and keys know their lines and columns, counted in characters") {
  const auto json = parsed("{\"\xC3\xA9\": 1,\n  \"b\": [true,\n\t\"x\"]}");
  REQUIRE(json);
  CHECK(json->members()[0].value.where == Position{0, 1, 7});
  CHECK(json->members()[1].where == Position{0, 2, 3});
  CHECK(json->at("/b/1")->where == Position{0, 3, 2});
}

TEST_CASE("json: numbers are written in the shortest form that reads back to the same bits") {
  std::mt19937_64 generator(3);
  for (int trial = 0; trial < 20000; ++trial) {
    double x = 0.0;
    const std::uint64_t bits = generator();
    std::memcpy(&x, &bits, sizeof x);
    if (!std::isfinite(x)) continue;
    const auto back = parsed(json_number(x));
    REQUIRE(back);
    const double y = back->number();
    CHECK(std::memcmp(&x, &y, sizeof x) == 0);
  }
  CHECK(json_number(0.1) == "0.1");
  CHECK(json_number(100000) == "100000");
  CHECK(json_number(-0.0) == "-0");
  CHECK(json_number(5e-324) == "5e-324");
  CHECK(json_number(std::numeric_limits<double>::infinity()) == "\"inf\"");
}

TEST_CASE("json: canonical text has sorted keys, so that equal values give equal bytes") {
  CHECK(parsed(R"({"b": [1.0, {"d": 2, "c": 3}], "a": null})")->canonical() ==
        R"({"a":null,"b":[1,{"c":3,"d":2}]})");
}

TEST_CASE("json: comments are read where allowed, and refused elsewhere") {
  const std::string text = "// first\n{\"a\": /* one */ 1} // last";
  CHECK_FALSE(parsed(text));
  REQUIRE(parsed(text, Comments::allowed));
  CHECK(parsed(text, Comments::allowed)->at("/a")->number() == 1.0);
  CHECK_FALSE(parsed("{\"a\": 1} /* open", Comments::allowed));
}

TEST_CASE("json: pointers escape and unescape keys") {
  CHECK(pointer_to("/x", "a~/b") == "/x/a~0~1b");
  CHECK(pointer_tokens("/x/a~0~1b/") == std::vector<std::string>{"x", "a~/b", ""});
}

TEST_CASE("sha256: the vectors of FIPS 180-4") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("messages: a swap counts one edit, and suggestions stay near") {
  CHECK(edit_distance("epsilon", "epislon") == 1);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(nearest("epsilonn", {"steps", "epsilon"}) == "epsilon");
  CHECK_FALSE(nearest("abc", {"xyz"}).has_value());
}
