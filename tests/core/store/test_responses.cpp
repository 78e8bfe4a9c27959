// The journal: nothing that was answered is lost, nothing is kept twice, no bit changes.
#include <bit>
#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <random>
#include "../../../core/base/log.hpp"
#include "../../../core/store/responses.hpp"
#include "../temporary_folder.hpp"

namespace sextant::test {
namespace {
namespace fs = std::filesystem;
using store::Responses;

std::string full_key(int number) { return fmt::format("{:032x}{:032x}", number + 1, number + 1); }

data::Response reply(int number, std::string text = "B") {
  data::Response response;
  response.key = full_key(number);
  response.text = std::move(text);
  response.finish = data::Finish::eos;
  response.usage = {11, 7, 3, 2};
  return response;
}
data::Response scored(int number) {
  data::Response response;
  response.key = full_key(number);
  response.scores = {{-14.670400142669678, -20.25, 4, 9, true, {}, {}, {}}, {-1.0 / 3, -2.0 / 3, 1, 5, false, {-0.25f, -1e-30f}, {}, {}}};
  response.usage = {18, 9, 0, 0};
  return response;
}

// Lines are complete, so equal lines are equal responses.
void check_equal(const std::optional<data::Response>& found, const data::Response& expected) {
  REQUIRE(found);
  CHECK(data::to_line(*found) == data::to_line(expected));
}

Responses opened(const fs::path& folder, const std::vector<fs::path>& earlier = {}) {
  auto responses = Responses::open(folder, earlier);
  REQUIRE(responses);
  return *std::move(responses);
}

TEST_CASE("a resume changes no bit of any score") {
  std::mt19937_64 random(1);
  std::vector<double> values{0.0,
                             -0.0,
                             1.0,
                             0.1,
                             1.0 / 3,
                             5e-324,
                             2.2250738585072014e-308,
                             1.7976931348623157e308,
                             -18.338000178337097,
                             1e22,
                             123456789012345680.0};
  while (values.size() < 20000)
    if (const double value = std::bit_cast<double>(random()); value - value == 0) values.push_back(value);
  data::Response response = reply(0);
  for (const double value : values) response.scores.push_back({value, -value, 1, 1, false, {}, {}, {}});
  const TemporaryFolder folder;
  REQUIRE(opened(folder.path()).append("d", response));
  const auto back = opened(folder.path()).find(full_key(0));
  REQUIRE(back);
  REQUIRE(back->scores.size() == values.size());
  size_t changed = 0;
  for (size_t i = 0; i < values.size(); ++i)
    changed += std::bit_cast<uint64_t>(back->scores[i].logprob) != std::bit_cast<uint64_t>(values[i]) ||
               std::bit_cast<uint64_t>(back->scores[i].total_logprob) != std::bit_cast<uint64_t>(-values[i]);
  CHECK(changed == 0);
}

TEST_CASE("what was appended is found by its key, at once and after opening again, whichever task's file holds it") {
  const TemporaryFolder folder;
  {
    Responses responses = opened(folder.path());
    REQUIRE(responses.append("a", reply(0)));
    REQUIRE(responses.append("b", scored(1)));
    check_equal(responses.find(full_key(0)), reply(0));
  }
  Responses responses = opened(folder.path());
  CHECK(responses.size() == 2);
  check_equal(responses.find(full_key(0)), reply(0));
  check_equal(responses.find(full_key(1)), scored(1));
  CHECK_FALSE(responses.find(full_key(2)));  // a changed prompt has another key
  CHECK_FALSE(responses.knows("no key"));
  REQUIRE(responses.append("b", reply(0)));  // another task asks the same
  CHECK(store::read_journal(folder / "b.jsonl").size() == 1);
}

TEST_CASE("a key stands once in the file; the first line of two counts") {
  const TemporaryFolder folder;
  spit(folder / "d.jsonl", data::to_line(reply(0)) + "\n" + data::to_line(reply(0, "another")) + "\n");
  Responses responses = opened(folder.path());
  const std::string before = slurp(folder / "d.jsonl");
  REQUIRE(responses.append("d", reply(0, "another")));
  CHECK(slurp(folder / "d.jsonl") == before);
  check_equal(responses.find(full_key(0)), reply(0));
}

TEST_CASE("a file killed at any byte resumes from its last whole line") {
  const std::string first = data::to_line(reply(0)) + "\n", second = data::to_line(scored(1)) + "\n", both = first + second;
  const TemporaryFolder folder;
  const fs::path path = folder / "d.jsonl";
  for (size_t length = 0; length <= both.size(); ++length) {
    CAPTURE(length);
    spit(path, both.substr(0, length));
    Responses responses = opened(folder.path());
    const size_t whole = length == both.size() ? 2 : length >= first.size() ? 1 : 0;
    REQUIRE(responses.size() == whole);
    REQUIRE(fs::file_size(path) == (whole == 2 ? both.size() : whole == 1 ? first.size() : 0));
    REQUIRE(responses.append("d", reply(0)));
    REQUIRE(responses.append("d", scored(1)));
    REQUIRE(slurp(path) == both);
    check_equal(responses.find(full_key(1)), scored(1));
  }
}

TEST_CASE("a broken line is passed over with a warning that names file and line; the others count") {
  for (const std::string broken : {"{", "", "[]", "{\"key\": 7}", "\"text\"", "{\"key\":\"x\",\"scores\":7}", "\xFF\xFE"}) {
    CAPTURE(broken);
    const TemporaryFolder folder;
    const fs::path path = folder / "d.jsonl";
    spit(path, data::to_line(reply(0)) + "\n" + broken + "\n" + data::to_line(scored(1)) + "\n");
    std::string warning;
    set_log_tap([&](LogLevel level, std::string_view line) {
      if (level == LogLevel::warning) warning += line;
    });
    Responses responses = opened(folder.path());
    set_log_tap({});
    CHECK(responses.size() == 2);
    CHECK_THAT(warning, Catch::Matchers::Contains(path.string() + ":2: broken line"));
  }
}

TEST_CASE("a line that is found broken when it is wanted is asked again, and its new line counts from then on") {
  const TemporaryFolder folder;
  std::string broken = data::to_line(reply(0));
  broken[broken.find("\"text\"") + 7] = '#';  // the key can still be read
  spit(folder / "d.jsonl", broken + "\n" + data::to_line(scored(1)) + "\n");
  size_t warnings = 0;
  set_log_tap([&](LogLevel level, std::string_view) { warnings += level == LogLevel::warning; });
  Responses responses = opened(folder.path());
  CHECK_FALSE(responses.find(full_key(0)));
  CHECK(warnings == 1);
  REQUIRE(responses.append("d", reply(0)));
  check_equal(responses.find(full_key(0)), reply(0));
  check_equal(opened(folder.path()).find(full_key(0)), reply(0));
  set_log_tap({});
}

TEST_CASE("several responses are appended together, each to its task's file; tokens are counted once") {
  const TemporaryFolder folder;
  const std::string a = "a", b = "b";
  const data::Response first = reply(0), second = scored(1), third = reply(2);
  {
    Responses responses = opened(folder.path());
    const std::vector<Responses::Entry> entries = {{&a, &first}, {&b, &second}, {&a, &third}};
    REQUIRE(responses.append(entries));
    CHECK(slurp(folder / "a.jsonl") == data::to_line(first) + "\n" + data::to_line(third) + "\n");
    CHECK(slurp(folder / "b.jsonl") == data::to_line(second) + "\n");
    check_equal(responses.find(full_key(2)), third);
    CHECK_FALSE(responses.take_charge(full_key(0)));  // it was computed just now
  }
  Responses responses = opened(folder.path());
  CHECK(responses.take_charge(full_key(0)));
  CHECK_FALSE(responses.take_charge(full_key(0)));
}

TEST_CASE("a reply that is not UTF-8 is kept readable") {
  const TemporaryFolder folder;
  REQUIRE(opened(folder.path()).append("d", reply(0, "ok \xE7\xAD")));
  const auto found = opened(folder.path()).find(full_key(0));
  REQUIRE(found);
  CHECK(found->text == "ok \xEF\xBF\xBD");
}

TEST_CASE("a journal that vanishes or cannot be opened gives an error") {
  const TemporaryFolder folder;
  Responses responses = opened(folder / "run");
  REQUIRE(responses.open_task("d"));
  fs::remove_all(folder / "run");
  CHECK_FALSE(responses.append("d", reply(0)));
  CHECK_FALSE(responses.knows(full_key(0)));
  fs::create_directories(folder / "other/d.jsonl");  // a folder where the file should be
  CHECK_FALSE(opened(folder / "other").open_task("d"));
}

TEST_CASE("what an earlier run was told is found, and stands in this run's journal once it is used") {
  const TemporaryFolder folder;
  const std::string text = data::to_line(reply(0)) + "\n{\"half";
  spit(folder / "earlier/d.jsonl", text);
  Responses responses = opened(folder / "own", {folder / "earlier"});
  check_equal(responses.find(full_key(0)), reply(0));
  CHECK(slurp(folder / "earlier/d.jsonl") == text);  // never written
  REQUIRE(responses.append("d", reply(0)));
  CHECK(store::read_journal(folder / "own/d.jsonl").size() == 1);
  CHECK(store::read_journal(folder / "none.jsonl").empty());
}

TEST_CASE("a plan keeps nothing") {
  Responses none = Responses::none();
  REQUIRE(none.open_task("d"));
  REQUIRE(none.append("d", reply(0)));
  CHECK_FALSE(none.find(full_key(0)));
}

}  // namespace
}  // namespace sextant::test
