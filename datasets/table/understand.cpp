#include "understand.hpp"
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <sextant/columns.hpp>
#include <sextant/list_text.hpp>
#include <sextant/utf8_text.hpp>
#include "answers.hpp"
#include "listed_options.hpp"
#include "roles.hpp"

namespace sextant::tables {
namespace {

class Reader {
 public:
  Reader(std::vector<Row>& rows, const Told& told, const std::string& origin, Allocator& a)
      : rows_(rows), told_(told), origin_(origin), a_(a), columns_(rows) {}

  Result<Understanding> run() {
    SXT_TRY(Roles roles, find_roles(columns_, rows_, told_, origin_));
    out_.kind = roles.kind;
    out_.question = roles.question;
    out_.answer = roles.answer;
    source_ = std::move(roles.source);
    out_.in_question = source_.kind == OptionSource::Kind::in_question;
    unanswered_ = roles.unanswered;
    if (out_.answer.empty()) out_.notes.push_back("it has no answers: predictions are made and not scored");
    SXT_CHECK(check_texts());
    SXT_CHECK(out_.kind == "mcq" ? read_choices() : check_answers());
    SXT_CHECK(check_ids());
    find_repeated();
    describe();
    return std::move(out_);
  }

 private:
  // What prompts and comparisons read must be there, and be text.
  Result<void> check_texts() {
    for (const Row& row : rows_) {
      if (!out_.question.empty() && told_.shown.empty()) {
        const json::Value* question = columns::find(row.record, out_.question);
        if (is_blank(question) && !is_not_finite(row, out_.question))
          return data_error(place_of(row) + "'" + out_.question + "' is empty; write the question, or leave the row out");
        if (question && (question->IsArray() || question->IsObject() || is_written_talk(*question)))
          return data_error(
              place_of(row) + "'" + out_.question + "' is not text; it is " + (question->IsObject() ? "an object" : "a list") +
              (question->IsString() ? " of messages; write the question as a text, or a card for conversations" : ""));
      }
      for (const std::string& name : row.not_finite)
        if (is_read(name))
          return data_error(
              place_of(row) + "'" + name +
              "' is NaN or infinite, which is not text; write null where there is nothing, or the text in quotes");
    }
    return {};
  }
  bool is_read(std::string_view name) const {
    const auto is = [&](const std::string& path) { return path == name || columns::column_of(path) == name; };
    return is(out_.question) || is(out_.answer) || is(source_.path) ||
           std::any_of(source_.columns.begin(), source_.columns.end(), is) ||
           std::any_of(told_.shown.begin(), told_.shown.end(), is);
  }

  // "A. iron" in the column A would be asked as "A. A. iron"; a prompt that somebody wrote shows the cells as they are.
  void take_letters() {
    if (source_.kind != OptionSource::Kind::columns || !told_.shown.empty()) return;
    const auto text_of = [&](const Row& row, size_t i) -> std::optional<std::string> {
      const json::Value* value = json::find(row.record, source_.columns[i]);
      return is_blank(value) ? std::nullopt : std::optional(columns::as_text(*value));
    };
    for (const Row& row : rows_)
      for (size_t i = 0; i < source_.columns.size(); ++i)
        if (const auto text = text_of(row, i)) {
          const auto own = source_.labels[i].size() == 1 ? behind_letter(*text, source_.labels[i][0]) : std::nullopt;
          if (!own || own->empty()) return;
        }
    for (Row& row : rows_)
      for (size_t i = 0; i < source_.columns.size(); ++i)
        if (const auto text = text_of(row, i))
          json::set(row.record, source_.columns[i], *behind_letter(*text, source_.labels[i][0]), a_);
    out_.notes.push_back("the letters that its options begin with are asked once");
  }

  Result<void> read_choices() {
    take_letters();
    std::vector<std::vector<Option>> options;
    std::set<std::string> labels;
    for (const Row& row : rows_) {
      SXT_TRY(std::vector<Option> own, options_of(source_, row));
      for (const Option& option : own) labels.insert(option.label);
      options.push_back(std::move(own));
    }
    out_.labels =
        source_.kind == OptionSource::Kind::columns ? source_.labels : std::vector<std::string>(labels.begin(), labels.end());
    out_.regular = source_.kind == OptionSource::Kind::columns && source_.labels == source_.columns;
    for (const std::string& column : source_.columns) {
      if (columns_.find(column)->filled == rows_.size()) continue;
      out_.regular = false;
      out_.partial.push_back(column);
    }
    // a list that repeats the labels alone: their texts stand in the question
    const auto is_label = [](const Option& option) { return option.text == option.label; };
    if (source_.kind == OptionSource::Kind::list)
      out_.in_question = std::all_of(options.begin(), options.end(),
                                     [&](const auto& own) { return std::all_of(own.begin(), own.end(), is_label); });
    if (!out_.answer.empty()) {
      std::string meaning;
      SXT_TRY(const auto answers, labels_of_answers(rows_, out_.answer, source_, options, told_.first_index, told_.meant, meaning));
      compare_answers(options, answers);
      for (size_t r = 0; r < rows_.size(); ++r) json::set(rows_[r].record, out_.answer, answers[r], a_);
      answers_ = " (" + meaning + ")";
    }
    look_at_texts(options);
    if (!out_.regular)
      for (size_t r = 0; r < rows_.size(); ++r) {
        SXT_CHECK(add_lists(rows_[r], options[r]));
        for (const std::string& column : out_.partial)
          if (is_blank(json::find(rows_[r].record, column))) rows_[r].record.EraseMember(column.c_str());
      }
    return {};
  }
  // Another column that holds the answer as well, and says something else.
  void compare_answers(const std::vector<std::vector<Option>>& options, const std::vector<std::string>& answers) {
    for (const Columns::Column& column : columns_.all) {
      if (column.name == out_.answer || column.filled < rows_.size() || !is_answer_name(column.name)) continue;
      std::string ignored;
      const auto others = labels_of_answers(rows_, column.name, source_, options, told_.first_index, told_.meant, ignored);
      if (!others || others->size() != answers.size()) continue;
      const auto [here, there] = std::mismatch(answers.begin(), answers.end(), others->begin());
      if (here == answers.end()) continue;
      out_.warnings.push_back(place_of(rows_[static_cast<size_t>(here - answers.begin())]) + "'" + out_.answer + "' says " +
                              *here + " and '" + column.name + "' " + *there + "; '" + out_.answer +
                              "' counts: if the other one does, name it with \"output_column\" in the file's .meta.json");
    }
  }

  // Options that cannot be told apart, and those that stand for nothing.
  void look_at_texts(const std::vector<std::vector<Option>>& options) {
    bool told_alike = out_.in_question, told_nothing = false;
    for (size_t r = 0; r < rows_.size() && !(told_alike && told_nothing); ++r) {
      std::map<std::string, std::string> seen;
      for (const Option& option : options[r]) {
        const auto [it, fresh] = seen.try_emplace(trimmed(option.text), option.label);
        if (!fresh && !told_alike) {
          told_alike = true;
          out_.warnings.push_back(place_of(rows_[r]) + "options " + it->second + " and " + option.label +
                                  " have the same text, and only one of them counts as right");
        }
        if (!told_nothing && stands_for_nothing(option.text)) {
          told_nothing = true;
          out_.warnings.push_back(place_of(rows_[r]) + "option " + option.label + " is '" + option.text +
                                  "', and is asked as that; leave the cell empty where a row has no such option");
        }
      }
    }
  }

  Result<void> add_lists(Row& row, const std::vector<Option>& options) {
    for (const char* name : {"choice_labels", "choice_texts"})
      if (json::find(row.record, name))
        return data_error(row.place + "the member '" + name + "' is made of the options here; rename it");
    json::Value labels(rapidjson::kArrayType),
        texts(rapidjson::kArrayType);  // of options in the question itself no text is known
    for (const Option& option : options) {
      labels.PushBack(json::Value(option.label, a_), a_);
      if (!out_.in_question) texts.PushBack(json::Value(option.text, a_), a_);
    }
    json::set(row.record, "choice_labels", std::move(labels), a_);
    if (!out_.in_question) json::set(row.record, "choice_texts", std::move(texts), a_);
    return {};
  }

  // What programs write where there is nothing.
  static bool stands_for_nothing(std::string_view text) {
    constexpr std::string_view nothing[] = {"nan", "NaN", "<NA>", "null", "NULL", "None", "N/A", "n/a", "NA", "#N/A"};
    return std::find(std::begin(nothing), std::end(nothing), text) != std::end(nothing);
  }

  Result<void> check_answers() {
    if (out_.answer.empty()) return {};
    bool told_nothing = false;
    for (const Row& row : rows_) {
      const json::Value* answer = columns::find(row.record, out_.answer);
      if (is_blank(answer))
        return data_error(place_of(row) + "it has no answer in '" + out_.answer +
                          "', and other rows do; write it, or leave the row out");
      const bool written = is_written_list(*answer);
      if (written || answer->IsArray() || answer->IsObject())
        return data_error(place_of(row) + "'" + out_.answer + "' is " + (answer->IsObject() ? "an object" : "a list") +
                          (written ? ", " + shortened(*answer) : "") +
                          ", and a reply is compared with one text; write one, or a card whose metric knows such answers");
      if (!told_nothing && answer->IsString() && stands_for_nothing(json::text(*answer))) {
        told_nothing = true;
        out_.warnings.push_back(place_of(row) + "the answer is '" + std::string(json::text(*answer)) +
                                "', and replies are compared with that; leave the row out if it stands for nothing");
      }
    }
    return {};
  }

  // A cell of a CSV that holds a list of texts, or an object, as pandas writes them; "[1, 2]" may be an answer.
  static bool is_written_list(const json::Value& value) {
    json::Document list;
    if (!value.IsString() || !list_text::read(json::text(value), list)) return false;
    return list.IsObject() || std::any_of(list.Begin(), list.End(), [](const json::Value& item) { return !item.IsNumber(); });
  }
  // Messages of a conversation that stand in a cell: [{"role": ..., "content": ...}].
  static bool is_written_talk(const json::Value& value) {
    json::Document list;
    if (!value.IsString() || !list_text::read(json::text(value), list) || !list.IsArray() || list.Empty()) return false;
    return std::all_of(list.Begin(), list.End(), [](const json::Value& item) {
      return item.IsObject() && (json::find(item, "role") || json::find(item, "from"));
    });
  }
  static std::string shortened(const json::Value& value) {
    const std::string_view text = json::text(value);
    return text.size() <= 60 ? std::string(text) : std::string(text.substr(0, utf8::boundary(text, 60))) + "...";
  }

  Result<void> check_ids() const {
    if (!columns_.find("id")) return {};
    std::unordered_map<std::string, const Row*> seen;
    for (const Row& row : rows_) {
      const json::Value* id = json::find(row.record, "id");
      if (is_blank(id)) continue;
      const auto [it, fresh] = seen.try_emplace(columns::as_text(*id), &row);
      if (!fresh)
        return data_error(row.place + "the id '" + it->first +
                          "' stands twice: " + it->second->place.substr(0, it->second->place.size() - 2) +
                          " has it, too; correct one, or rename the column if it is not an id");
    }
    return {};
  }

  void find_repeated() {
    std::unordered_map<std::string, const Row*> seen;
    size_t repeated = 0;
    std::string first;
    for (const Row& row : rows_) {
      const json::Value* question = out_.question.empty() ? nullptr : columns::find(row.record, out_.question);
      if (!question) return;
      std::string key = columns::as_text(*question);
      for (const std::string& column : source_.columns)
        if (const json::Value* value = json::find(row.record, column)) key += '\0' + columns::as_text(*value);
      if (source_.kind == OptionSource::Kind::list)
        if (const json::Value* value = columns::find(row.record, source_.path)) key += '\0' + columns::as_text(*value);
      for (const std::string& column : told_.shown)
        if (const json::Value* value = columns::find(row.record, column)) key += '\0' + columns::as_text(*value);
      const auto [it, fresh] = seen.try_emplace(std::move(key), &row);
      if (fresh) continue;
      if (repeated++ == 0)
        first = row.place + "the question of this row stands in " + it->second->place.substr(0, it->second->place.size() - 2) +
                ", too";
    }
    if (repeated > 0)
      out_.warnings.push_back(first + (repeated > 1 ? " (" + std::to_string(repeated) + " rows repeat others)" : ""));
  }

  void describe() {
    for (const Columns::Column& column : columns_.all) {
      if (column.rows == rows_.size() && std::find(out_.partial.begin(), out_.partial.end(), column.name) == out_.partial.end())
        out_.columns.push_back(column.name);
      if (!is_read(column.name) && column.name != "id" && column.name != unanswered_) out_.unused.push_back(column.name);
    }
    if (!out_.regular) out_.columns.emplace_back("choice_labels");
    if (!out_.regular && !out_.in_question) out_.columns.emplace_back("choice_texts");
    std::string reads = out_.kind == "mcq" ? "multiple choice" : "open questions";
    if (!out_.question.empty() && told_.shown.empty()) reads += ", question: " + out_.question;
    if (out_.in_question) reads += ", options: in the question's text";
    else if (out_.kind == "mcq")
      reads += ", options: " + (source_.kind == OptionSource::Kind::list ? source_.path : csv::detail::listed(source_.columns));
    if (!out_.answer.empty()) reads += ", answer: " + out_.answer + answers_;
    if (!out_.unused.empty()) reads += "; not used: " + csv::detail::listed(out_.unused);
    out_.notes.insert(out_.notes.begin(), std::move(reads));
  }

  std::vector<Row>& rows_;
  const Told& told_;
  const std::string& origin_;
  Allocator& a_;
  const Columns columns_;
  OptionSource source_;
  Understanding out_;
  std::string answers_, unanswered_;
};

}  // namespace

Result<Understanding> understand(std::vector<Row>& rows, const Told& told, const std::string& origin, Allocator& a) {
  return Reader(rows, told, origin, a).run();
}

}  // namespace sextant::tables
