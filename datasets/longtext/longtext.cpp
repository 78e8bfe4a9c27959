// The loader of generated long-context sets: RULER's tasks. Eleven need no other data, their rows are made, not read; "qa" takes questions
// and documents of a set that was published. Columns context, question, answers (a list), depth.
#include <fmt/format.h>
#include <sextant/file_dataset.hpp>
#include "documents.hpp"

namespace {

using namespace sextant;
using longtext::Random;

struct Made {
  std::string context, question;
  std::vector<std::string> answers;
};

// What each needle task hides: how many keys, values of each, keys that are asked for, and what the text around is made of.
struct Needles {
  const char* task;
  size_t keys, values, asked;
  enum { plain, varied, needles } around;
  bool uuids;
};
constexpr std::array<Needles, 8> needle_tasks = {{{"niah_single_1", 1, 1, 1, Needles::plain, false},
                                                  {"niah_single_2", 1, 1, 1, Needles::varied, false},
                                                  {"niah_single_3", 1, 1, 1, Needles::varied, true},
                                                  {"niah_multikey_1", 4, 1, 1, Needles::varied, false},
                                                  {"niah_multikey_2", 1, 1, 1, Needles::needles, false},
                                                  {"niah_multikey_3", 1, 1, 1, Needles::needles, true},
                                                  {"niah_multivalue", 1, 4, 1, Needles::varied, false},
                                                  {"niah_multiquery", 4, 1, 4, Needles::varied, false}}};

std::string sentence(const std::string& key, const std::string& value, bool uuids) {
  return fmt::format("One of the special magic {} for {} is: {}.", uuids ? "uuids" : "numbers", key, value);
}

Made needles_of(const Needles& task, size_t length, double depth, Random& random) {
  const auto value = task.uuids ? longtext::uuid : longtext::number;
  const bool uuid_keys = std::string_view(task.task) == "niah_multikey_3";
  const auto key = uuid_keys ? longtext::uuid : +[](Random& r) { return longtext::word(r) + "-" + longtext::word(r); };
  const std::vector<std::string> keys = longtext::different(task.keys, random, key);
  const std::vector<std::string> values = longtext::different(task.keys * task.values, random, value);
  std::vector<std::string> hidden, asked;
  Made out;
  for (size_t k = 0; k < keys.size(); ++k)
    for (size_t v = 0; v < task.values; ++v) {
      hidden.push_back(sentence(keys[k], values[k * task.values + v], task.uuids));
      if (k < task.asked) out.answers.push_back(values[k * task.values + v]);
    }
  for (size_t k = 0; k < task.asked; ++k) asked.push_back(keys[k]);
  for (size_t i = hidden.size(); i > 1; --i) std::swap(hidden[i - 1], hidden[random.below(i)]);
  std::vector<std::string> noise = longtext::plain_noise();
  if (task.around == Needles::varied) noise = longtext::varied_noise(length / 8 + 8, random);
  if (task.around == Needles::needles) {
    noise.clear();
    for (size_t i = 0; i < length / 8 + 8; ++i) noise.push_back(sentence(key(random), value(random), task.uuids));
  }
  const char* kind = task.uuids ? "uuids" : "numbers";
  std::string names;
  for (size_t k = 0; k < asked.size(); ++k) names += (k == 0 ? "" : k + 1 == asked.size() ? ", and " : ", ") + asked[k];
  out.context = fmt::format(
      "Some special magic {} are hidden within the following text. Make sure to memorize it. I will quiz you about "
      "the {} afterwards.\n{}",
      kind, kind, longtext::hide(hidden, length, depth, random, noise));
  out.question = fmt::format("What are all the special magic {} for {} mentioned in the provided text?", kind, names);
  return out;
}

Made variables_of(size_t length, Random& random) {
  constexpr size_t hops = 4;
  const auto name = +[](Random& r) {
    std::string out;
    for (int k = 0; k < 5; ++k) out += static_cast<char>('A' + r.below(26));
    return out;
  };
  const std::vector<std::string> names = longtext::different(hops + 1, random, name);
  const std::string value = std::to_string(10'000 + random.below(90'000));
  std::vector<std::string> chain = {fmt::format("VAR {} = {}", names[0], value)};
  for (size_t k = 1; k <= hops; ++k) chain.push_back(fmt::format("VAR {} = VAR {}", names[k], names[k - 1]));
  return {"Memorize and track the chain(s) of variable assignment hidden in the following text.\n\n" +
              longtext::hide(chain, length, 0, random, longtext::plain_noise()),
          fmt::format("Find all variables that are assigned the value {} in the text above.", value), names};
}

// Common words stand `often` times each, others `seldom` times; the list is shuffled and numbered.
Made common_words_of(size_t length, Random& random) {
  constexpr size_t common = 10, often = 30, seldom = 3;
  const size_t total = std::max<size_t>(length / 2, common * often + seldom);   // a number stands before each word
  const size_t others = (total - common * often) / seldom;
  const std::vector<std::string> all = longtext::different(common + others, random, longtext::word);
  std::vector<std::string> list;
  for (size_t i = 0; i < all.size(); ++i) list.insert(list.end(), i < common ? often : seldom, all[i]);
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(i)]);
  std::string text;
  for (size_t i = 0; i < list.size(); ++i) text += fmt::format("{}{}. {}", i == 0 ? "" : " ", i + 1, list[i]);
  return {
      "Below is a numbered list of words. In these words, some appear more often than others. Memorize the ones that appear "
      "most "
      "often.\n" +
          text,
      "What are the 10 most common words in the above list?",
      {all.begin(), all.begin() + common}};
}

// Word k of the ranking stands as often as 1/k^2 says (Zipf, alpha 2); the most frequent is the blank "...".
Made frequent_words_of(size_t length, Random& random) {
  const std::vector<std::string> names = longtext::different(std::max<size_t>(length / 40, 12), random, longtext::word);
  double sum = 0;
  for (size_t k = 1; k <= names.size() + 1; ++k) sum += 1.0 / static_cast<double>(k * k);
  std::vector<std::string> list;
  for (size_t k = 1; k <= names.size() + 1; ++k) {
    const double share = 1.0 / (static_cast<double>(k * k) * sum);
    // the three that are asked for must differ in how often they stand
    const size_t times = std::max<size_t>(static_cast<size_t>(share * static_cast<double>(length)), k < 5 ? 6 - k : 1);
    list.insert(list.end(), times, k == 1 ? "..." : names[k - 2]);
  }
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(i)]);
  std::string text;
  for (const std::string& one : list) (text += text.empty() ? "" : " ") += one;
  return {
      "Read the following coded text and track the frequency of each coded word. Find the three most frequently appeared coded "
      "words.\n" +
          text,
      "Do not provide any explanation. Please ignore the dots '....'. What are the three most frequently appeared words in the "
      "above coded "
      "text?",
      {names[0], names[1], names[2]}};
}

struct LongText : FileDataset {
  using FileDataset::FileDataset;
  std::vector<std::string> splits() const override { return {"test"}; }
  Result<Records> load(std::string_view) const override {
    const std::string task = context.text("task");
    const auto whole = [&](const char* key, double otherwise) {
      if (const auto text = json::find_string(context.config(), key)) return static_cast<uint64_t>(std::stoull(*text));
      return static_cast<uint64_t>(json::find_number(context.config(), key).value_or(otherwise));
    };
    const uint64_t length = whole("words", 3000), rows = whole("rows", 100), seed = whole("seed", 42);
    Records out{"generated: " + task, 0, {"context", "question", "answers", "depth"}, {}};
    longtext::Library library;
    if (task == "qa") {
      SXT_TRY(library, read_library(out));
    } else if (!context.text("file").empty()) {
      return Error{Error::Kind::config, "longtext: \"file\" is for the task qa; " + task + " reads none"};
    }
    const uint64_t n = task == "qa" ? std::min<uint64_t>(rows, library.questions.size()) : rows;
    for (uint64_t i = 0; i < n; ++i) {
      Random random(seed, i);
      const double depth = rows == 1 ? 0.5 : static_cast<double>(i) / static_cast<double>(rows - 1);
      const Made made = task == "qa" ? answered(library, i, length, random) : make(task, static_cast<size_t>(length), depth, random);
      json::Document row(rapidjson::kObjectType);
      auto& a = row.GetAllocator();
      json::set(row, "context", made.context, a);
      json::set(row, "question", made.question, a);
      json::Value answers(rapidjson::kArrayType);
      for (const std::string& answer : made.answers)
        answers.PushBack(json::Value(answer.data(), static_cast<rapidjson::SizeType>(answer.size()), a), a);
      json::set(row, "answers", std::move(answers), a);
      json::set(row, "depth", json::Value(depth), a);
      out.json.push_back(json::write(row));
    }
    return out;
  }

 private:
  Result<longtext::Library> read_library(Records& ret_records) const {
    const std::string file = context.text("file");
    if (file.empty()) return Error{Error::Kind::config, "longtext: the task qa needs \"file\", SQuAD's or HotpotQA's dev file"};
    const std::filesystem::path path = std::filesystem::path(context.text("path")) / file;
    SXT_TRY(const std::string text, csv::read_text(path));
    SXT_TRY(const json::Document parsed, json::parse(text, path.string()));
    ret_records.file = path.string();
    ret_records.bytes = text.size();
    return longtext::LibraryReader::read(parsed, path.string());
  }
  static Made answered(const longtext::Library& library, uint64_t row, uint64_t length, Random& random) {
    const longtext::Asked& asked = library.questions[row];
    return {longtext::documents_around(library, asked, length, random), asked.question, asked.answers};
  }
  static Made make(const std::string& task, size_t length, double depth, Random& random) {
    for (const Needles& one : needle_tasks)
      if (task == one.task) return needles_of(one, length, depth, random);
    if (task == "vt") return variables_of(length, random);
    return task == "cwe" ? common_words_of(length, random) : frequent_words_of(length, random);
  }
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "required": ["task"], "properties": {
  "path": {"type": "string", "description": "set by the core; only the task qa reads from it"},
  "file": {"type": "string", "description": "of the task qa: SQuAD's or HotpotQA's dev file, whose questions and documents are taken"},
  "task": {"enum": ["niah_single_1", "niah_single_2", "niah_single_3", "niah_multikey_1", "niah_multikey_2", "niah_multikey_3",
    "niah_multivalue", "niah_multiquery", "vt", "cwe", "fwe", "qa"], "description": "what is hidden"},
  "words": {"anyOf": [{"type": "integer", "minimum": 20, "maximum": 4000000}, {"type": "string", "pattern": "^[1-9][0-9]{1,5}$"}], "default": 3000,
    "description": "the length of the text in words; digits as a text, where a card's \"each\" fills it in"},
  "rows": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 100, "description": "how many texts; depths of a single needle are spread over them. Of qa: at most as many as there are questions"},
  "seed": {"type": "integer", "minimum": 0, "default": 42, "description": "another seed makes other texts"}}})";

}  // namespace

SEXTANT_PLUGIN(sextant::component<LongText>(
    {.id = "longtext", .summary = "Generated long texts with something to find: RULER's tasks", .schema = schema}))
