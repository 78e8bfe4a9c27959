// One sentence a cause: which failures are told together, and what the sentence says.
#include <catch2/catch.hpp>
#include "core/report/causes.hpp"

namespace sextant::report {
namespace {

Failure missing(const std::string& name, const std::string& message, const std::string& model = "") {
  return {"ceval-" + name, "missing", message, {"ceval-" + name, name}, model};
}
std::vector<std::string> sentences(const std::vector<Failure>& failures) {
  std::vector<std::string> out;
  for (const Cause& cause : causes_of(failures)) out.push_back(cause.sentence);
  return out;
}

}  // namespace

TEST_CASE("failures that differ in their subjects' names alone are one sentence") {
  std::vector<Failure> failures;
  for (const char* name : {"law", "logic", "physics", "chemistry"})
    failures.push_back(missing(name, std::string("val/") + name + "_val.csv does not exist"));
  CHECK(sentences(failures) ==
        std::vector<std::string>{
            "4 data sets (ceval-law, ceval-logic, ceval-physics and 1 more): missing: val/law_val.csv does not exist"});
}

TEST_CASE("another cause is another sentence, in the order in which they come") {
  CHECK(sentences({missing("law", "gone"), missing("logic", "broken"), missing("physics", "gone")}) ==
        std::vector<std::string>{"ceval-law and ceval-physics: missing: gone", "ceval-logic: missing: broken"});
  Failure failed = missing("law", "gone");
  failed.state = "failed";
  CHECK(causes_of(std::vector{missing("law", "gone"), failed}).size() == 2);
}

TEST_CASE("models are named once each") {
  CHECK(sentences({missing("law", "gone", "a"), missing("logic", "gone", "a"), missing("law", "gone", "b"),
                   missing("logic", "gone", "b")}) ==
        std::vector<std::string>{"ceval-law and ceval-logic on a and b: missing: gone"});
}

TEST_CASE("a message that names its subject does not get it twice") {
  CHECK(sentences({{"law", "", "law: no column 'x'", {}, ""}}) == std::vector<std::string>{"law: no column 'x'"});
  CHECK(sentences({{"law", "failed", "law: no column 'x'", {}, ""}}) == std::vector<std::string>{"law: failed: no column 'x'"});
  CHECK(sentences({{"", "", "the disk is full", {}, ""}}) == std::vector<std::string>{"the disk is full"});
}

TEST_CASE("a short name is not looked for inside of words") {
  CHECK(causes_of(std::vector<Failure>{{"a", "", "a bad cat", {"a"}, ""}, {"b", "", "b bad cbt", {"b"}, ""}}).size() == 2);
}

}  // namespace sextant::report
