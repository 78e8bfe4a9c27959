// The cards of the tree, as files: what the core does with them is tested in tests/core/config.
#include <filesystem>
#include <set>
#include <catch2/catch.hpp>
#include <sextant/csv.hpp>
#include <sextant/json.hpp>

using namespace sextant;
namespace fs = std::filesystem;

namespace {

const fs::path datasets = fs::path(__FILE__).parent_path() / "../../datasets";

json::Document card(const fs::path& file) {
  INFO(file);
  const auto text = csv::read_text(datasets / file);
  REQUIRE(text);
  auto parsed = json::parse(*text, file.string(), json::Syntax::relaxed);
  REQUIRE(parsed);
  return std::move(*parsed);
}

}  // namespace

TEST_CASE("cards: groups have the published sizes and name only subjects that there are") {
  struct Group { const char* name; size_t members; };
  struct Set { const char *subjects, *groups, *abbr; size_t count; std::vector<Group> sizes; };
  const std::vector<Group> ceval{{"ceval-stem", 20},       {"ceval-social-science", 10},
                                 {"ceval-humanities", 11}, {"ceval-other", 11},
                                 {"ceval-hard", 8},        {"ceval", 52}};
  const std::vector<Group> cmmlu{{"cmmlu-stem", 17},  {"cmmlu-humanities", 13},     {"cmmlu-social-science", 22},
                                 {"cmmlu-other", 15}, {"cmmlu-china-specific", 15}, {"cmmlu", 67}};
  for (const Set& set : {Set{"ceval/cards/ceval_subjects.json", "ceval/cards/ceval_groups.json", "ceval-", 52, ceval},
                         Set{"cmmlu/cards/cmmlu_subjects.json", "cmmlu/cards/cmmlu_subjects.json", "cmmlu-", 67, cmmlu}}) {
    INFO(set.subjects);
    const json::Document subjects = card(set.subjects), groups = card(set.groups);
    std::vector<std::string> abbrs;
    for (const auto& each : json::find(subjects, "each")->GetArray()) {
      CHECK_FALSE(json::find_string(each, "title")->empty());
      abbrs.push_back(set.abbr + *json::find_string(each, "name"));
    }
    CHECK(std::set<std::string>(abbrs.begin(), abbrs.end()).size() == set.count);
    const auto list = json::find(groups, "groups")->GetArray();
    REQUIRE(list.Size() == set.sizes.size());
    for (size_t i = 0; i < set.sizes.size(); ++i) {
      const json::Value& group = list[static_cast<rapidjson::SizeType>(i)];
      CHECK(*json::find_string(group, "name") == set.sizes[i].name);
      std::set<std::string> members;
      for (const auto& member : json::find(group, "members")->GetArray()) {
        members.emplace(json::text(member));
        CHECK(std::count(abbrs.begin(), abbrs.end(), json::text(member)) == 1);
      }
      CHECK(members.size() == set.sizes[i].members);
    }
  }
}

TEST_CASE("cards: the prompts of C-Eval and CMMLU are the ones that others use") {
  const auto turns = [](const char* file) {
    return json::write(*json::find(*json::find(*json::find(card(file), "infer"), "template"), "round"));
  };
  CHECK(
      turns("ceval/cards/ceval_gen.json") ==
      R"([{"role":"HUMAN","prompt":"以下是中国关于${title}考试的单项选择题，请选出其中的正确答案。\n{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}\n答案: "},)"
      R"({"role":"BOT","prompt":"{answer}"}])");
  CHECK(
      turns("cmmlu/cards/cmmlu_gen_c13365.json") ==
      R"([{"role":"HUMAN","prompt":"以下是关于${title}的单项选择题，请直接给出正确答案的选项。\n题目：{question}\nA. {A}\nB. {B}\nC. {C}\nD. {D}"},)"
      R"({"role":"BOT","prompt":"答案是: {answer}"}])");
}

TEST_CASE("cards: every ppl card has one prompt per option, labelled by it") {
  for (const char* file : {"ceval/cards/ceval_ppl.json", "cmmlu/cards/cmmlu_ppl.json", "ceval_xyj/cards/ceval_xyj_ppl.json",
                           "everyday_en/cards/everyday_en_ppl.json"}) {
    INFO(file);
    const json::Document all = card(file);
    std::string labels;
    for (const auto& entry : json::find(*json::find(*json::find(all, "infer"), "template"), "labels")->GetArray())
      labels += *json::find_string(entry, "label");
    CHECK(labels == "ABCD");
  }
}
