// The three whole cards of docs/cards.md, taken from the page and used: loaded, derived, rendered in every form that they can
// give. With SEXTANT_TEST_DATA on the real files, else on small ones of the same form.
#include <catch2/catch.hpp>
#include "../../../datasets/table/table.cpp"
#include "../../../core/config/card_store.hpp"
#include "../../../core/config/json_source.hpp"
#include "../../../core/config/read_card.hpp"
#include "../../../core/config/shapes.hpp"
#include "../../../core/load/columns.hpp"
#include "../../../core/load/derive.hpp"
#include "../../../core/render/render.hpp"
#include "../../../plugins/templates/components.hpp"
#include "../../datasets/loader.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<std::string> cards_of_page() {
  const std::string page = *csv::read_text(fs::path(__FILE__).parent_path() / "../../../docs/cards.md");
  std::vector<std::string> cards;
  const size_t begin = page.find("### Three examples");
  for (size_t at = page.find("```jsonc\n", begin); at < page.find("## Model cards"); at = page.find("```jsonc\n", at)) {
    const size_t end = page.find("```", at + 9);
    cards.push_back(page.substr(at + 9, end - at - 9));
    at = end;
  }
  return cards;
}

// Files of the same form, made up.
void write_small(const test::Folder& folder) {
  for (const char* split : {"dev", "test"})
    for (const char* name : {"anatomy", "law"})
      folder.write(
          std::string("mmlu/") + split + "/" + name + "_" + split + ".csv",
          "\"Which, of these?\",one,two,\"three, four\",none,C\nq2,a,b,c,d,A\nq3,a,b,c,d,B\nq4,a,b,c,d,D\nq5,a,b,c,d,A\n");
  std::string lines;
  for (int i = 0; i < 5; ++i)
    lines += "{\"question\": \"How many?\", \"answer\": \"It is <<1+1=2>>2.\\n#### 1,23" + std::to_string(i) + "\"}\n";
  folder.write("gsm8k/test.jsonl", lines);
  folder.write("gsm8k/train.part.jsonl", lines);
  folder.write("hellaswag_subset/hellaswag.jsonl",
               R"({"activity_label": "Walking", "ctx": "A man walks", "label": 2, "endings": ["a.", "b.", "c.", "d."]})"
               "\n");
}

struct Used {
  config::DatasetConfig dataset;
  std::vector<std::string> records, shots;
};

Used use(const std::string& text, const fs::path& data, const char* inferencer = "") {
  const auto source = config::JsonSource::from_text(text, "cards.md");
  REQUIRE(source);
  const auto sound = source->check(config::dataset_card_shape());
  INFO((sound ? "" : sound.error().message));
  REQUIRE(sound);
  config::CardOptions options;
  options.data_folder = [&](const std::string& folder, const std::string&) { return Result<fs::path>(data / folder); };
  std::vector<config::SummaryGroup> groups;
  const auto datasets = config::dataset_from_json(source->root(), "doc", "cards.md", groups, options);
  INFO((datasets ? "" : datasets.error().message));
  REQUIRE(datasets);
  Used used{datasets->front(), {}, {}};
  static_cast<void>(inferencer);
  json::Document loader = *json::parse(used.dataset.loader.config, "loader");
  json::set(loader, "path", (data / used.dataset.folder).string(), loader.GetAllocator());
  REQUIRE(used.dataset.loader.id == "table");
  test::Loader table(*sextant_plugin_entry.components[0], json::write(loader));
  json::Document steps;
  if (!used.dataset.derive.empty()) steps = *json::parse(used.dataset.derive, "derive");
  const auto derive = load::Derive::read(used.dataset.derive.empty() ? nullptr : &steps, "cards.md");
  REQUIRE(derive);
  const auto read = [&](const std::string& split) {
    std::vector<std::string> out;
    for (std::string& record : table.read(split)) {
      const auto made = derive->apply(std::move(record));
      INFO((made ? "" : made.error().message));
      REQUIRE(made);
      out.push_back(*made);
    }
    INFO(table.error.message);
    REQUIRE(table.status == SXT_OK);
    return out;
  };
  used.records = read(used.dataset.test_split);
  if (used.dataset.retriever.id == "fix_k") {
    const std::vector<std::string> train = read(used.dataset.train_split);
    const json::Document chosen = *json::parse(used.dataset.retriever.config, "retriever");
    for (const auto& id : chosen["ids"].GetArray()) used.shots.push_back(train.at(id.GetUint64()));
  }
  const auto placeholders = load::placeholders_of(*json::parse(used.dataset.template_.config, "template"));
  const std::vector<std::string> made = {"choice_lines"};
  for (const std::string& record : used.records) {
    const auto fine = load::check_placeholders(placeholders.everywhere, *json::parse(record, "record"), "doc", "row", made);
    INFO((fine ? "" : fine.error().message));
    REQUIRE(fine);
  }
  return used;
}

render::Prompts prompts_of(const Used& used, data::Form form) {
  json::Document config = *json::parse(used.dataset.template_.config, "template");
  json::set(config, "form", data::form_name(form), config.GetAllocator());
  const std::string text = json::write(config);
  std::vector<sxt_str> shots;
  for (const std::string& shot : used.shots) shots.push_back(borrow(shot));
  sxt_render_item item{};
  item.record_json = borrow(used.records.front());
  item.shot_json = shots.data();
  item.shot_count = shots.size();
  item.output_column = borrow(used.dataset.output_column);
  const auto set_form = [&](auto& any) {
    if constexpr (requires { any.form; }) any.form = static_cast<uint32_t>(form);
  };
  set_form(item);
  std::string pieces;
  if (used.dataset.template_.id == "text") pieces = templates::TextTemplate(Context(nullptr, borrow(text))).render(item);
  else pieces = templates::DialogueTemplate(Context(nullptr, borrow(text))).render(item);
  const auto rendered = render::parse_rendered(*json::parse(pieces, "pieces"), form, "doc");
  INFO((rendered ? "" : rendered.error().message));
  REQUIRE(rendered);
  const auto prompts = render::assemble(*rendered, form, {}, {});
  INFO((prompts ? "" : prompts.error().message));
  REQUIRE(prompts);
  return *prompts;
}

std::string target(const Used& used) {
  return std::string(json::text((*json::parse(used.records.front(), "record"))[used.dataset.output_column.c_str()]));
}

}  // namespace

TEST_CASE("the cards of docs/cards.md have at most 25 lines and run on data", "[load]") {
  const std::vector<std::string> cards = cards_of_page();
  REQUIRE(cards.size() == 3);
  for (const std::string& card : cards) CHECK(std::count(card.begin(), card.end(), '\n') <= 25);
  const test::Folder folder;
  fs::path data;
  const char* real = std::getenv("SEXTANT_TEST_DATA");
  if (real && *real) data = real;
  else {
    write_small(folder);
    data = folder.path();
  }

  SECTION("MMLU") {
    const Used mmlu = use(cards[0], data);
    CHECK(std::string("ABCD").find(target(mmlu)) != std::string::npos);
    CHECK(mmlu.shots.size() == 5);
    const render::Prompts labels = prompts_of(mmlu, data::Form::labels), open = prompts_of(mmlu, data::Form::continuations),
                          cloze = prompts_of(mmlu, data::Form::cloze);
    REQUIRE(labels.prompts.size() == 4);
    CHECK(labels.prompts[1].text.view().ends_with("Answer: \nB"));
    REQUIRE(open.continuations.size() == 4);
    CHECK(open.continuations[2].text.view() == "C");             // the prompt ends in a blank
    CHECK(open.prompts[0].text.view().ends_with("\nAnswer: "));
    CHECK(cloze.continuations[0].text.view().starts_with(" "));
    CHECK(cloze.prompts[0].text.view().find("Answer:") == std::string_view::npos);
  }
  SECTION("GSM8K") {
    const Used gsm8k = use(cards[1], data);
    CHECK(target(gsm8k).find_first_not_of("-0123456789.") == std::string::npos);
    const render::Prompts open = prompts_of(gsm8k, data::Form::open);
    const std::string_view text = open.prompts[0].text;
    CHECK(text.ends_with("\nAnswer: "));
    size_t examples = 0;
    for (size_t at = text.find("\n#### "); at != text.npos; at = text.find("\n#### ", at + 1)) ++examples;
    CHECK(examples == 4);                                         // the question's own is missing
  }
  SECTION("HellaSwag") {
    const Used hellaswag = use(cards[2], data);
    const json::Document record = *json::parse(hellaswag.records.front(), "record");
    CHECK(target(hellaswag) == std::string(1, static_cast<char>('A' + record["label"].GetInt())));
    const render::Prompts cloze = prompts_of(hellaswag, data::Form::cloze);
    REQUIRE(cloze.continuations.size() == record["endings"].Size());
    for (rapidjson::SizeType i = 0; i < record["endings"].Size(); ++i)
      CHECK(cloze.continuations[i].text.str() == " " + std::string(json::text(record["endings"][i])));
    CHECK(prompts_of(hellaswag, data::Form::open).prompts[0].text.view().ends_with("\nAnswer: "));
    CHECK(prompts_of(hellaswag, data::Form::labels).prompts[3].text.view().ends_with("\nAnswer: D"));
  }
}
