#include "roles.hpp"
#include <algorithm>
#include <span>
#include <sextant/columns.hpp>
#include <sextant/message_text.hpp>
#include "listed_options.hpp"

namespace sextant::tables {
namespace {

constexpr std::string_view question_names[] = {"题目", "问题", "problem", "query", "prompt", "input", "stem"};
constexpr std::string_view answer_names[] = {
    "answerKey",     "answer_key",     "label",          "target",       "gold",       "correct",      "correct_answer",
    "correctAnswer", "correct_option", "correct_choice", "right_answer", "answer_idx", "answer_index", "cop",
    "key",           "答案",           "正确答案"};
// what the names of columns have in them that hold the answers of questions without options; which it is, the user must say
constexpr std::string_view answer_words[] = {"answer", "correct", "solution", "gold",      "target",     "output", "response",
                                             "label",  "truth",   "expected", "reference", "completion", "答案"};

constexpr const char* meta = "in the file's .meta.json";

// "Correct Answer", "correct_answer" and "correctAnswer" are one name.
std::string letters_of(std::string_view name) {
  std::string out = lower_case(name);
  std::erase_if(out, [](char c) { return c == ' ' || c == '_' || c == '-' || c == '.'; });
  return out;
}

bool among(std::string_view name, std::span<const std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view known) { return letters_of(known) == letters_of(name); });
}

std::vector<std::string> columns_among(const Columns& columns, std::span<const std::string_view> names) {
  std::vector<std::string> out;
  for (const Columns::Column& column : columns.all)
    if (among(column.name, names)) out.push_back(column.name);
  return out;
}

bool sounds_like_answer(std::string_view name) {
  const std::string small = lower_case(name);
  return std::any_of(std::begin(answer_words), std::end(answer_words),
                     [&](std::string_view word) { return small.find(word) != small.npos; });
}

Error no_column(const std::string& origin, const std::string& name, const Columns& columns, const std::string& advice) {
  return data_error(origin + " has no column '" + name + "'" + did_you_mean(name, columns.names()) +
                    "; its columns are: " + csv::detail::listed(columns.names()) + advice);
}

class Finder {
 public:
  Finder(const Columns& columns, const std::vector<Row>& rows, const Told& told, const std::string& origin)
      : columns_(columns), rows_(rows), told_(told), origin_(origin) {}

  Result<Roles> run() {
    SXT_CHECK(find_question());
    SXT_CHECK(find_choices());
    SXT_CHECK(find_answer());
    if (out_.kind == "qa" && told_.data_type == "auto") SXT_CHECK(check_open());
    return std::move(out_);
  }

 private:
  Result<void> find_question() {
    const auto named = columns_.named("question");
    const auto others = columns_among(columns_, question_names);
    if (!told_.question.empty()) {
      if (!columns_.find(std::string(columns::column_of(told_.question))) && !columns_.find(told_.question))
        return no_column(origin_, told_.question, columns_, "");
      out_.question = told_.question;
    } else if (named.size() == 1) {
      out_.question = named.front();
    } else if (named.empty() && others.size() == 1) {
      out_.question = others.front();
    } else if (told_.shown.empty()) {
      return no_column(
          origin_, "question", columns_,
          std::string(". Say what is asked ") + meta + ": {\"human_prompt\": \"{COLUMN}\\n\", \"output_column\": \"COLUMN\"}");
    }
    // {"question": {"stem": "...", "choices": [...]}}
    const auto is_nested = [&](const Row& row) {
      const json::Value* value = json::find(row.record, out_.question);
      return value && value->IsObject() && json::find(*value, "stem");
    };
    if (!out_.question.empty() && std::all_of(rows_.begin(), rows_.end(), is_nested)) out_.question += ".stem";
    return {};
  }

  Result<void> find_choices() {
    out_.kind = "qa";
    if (told_.data_type == "qa") return {};
    SXT_TRY(out_.source, find_options(columns_, rows_, told_.options, out_.question, origin_));
    if (out_.source.kind == OptionSource::Kind::none && told_.data_type == "mcq" && !options_in_questions())
      return no_column(origin_, "A", columns_,
                       std::string(". A multiple-choice set has one column for each option: A, B, ..., or a list column "
                                   "'choices'; name others with \"options\" ") +
                           meta);
    if (out_.source.kind != OptionSource::Kind::none) out_.kind = "mcq";
    return {};
  }

  // Where every question's own text lists options, they are asked as they stand.
  bool options_in_questions() {
    if (out_.question.empty()) return false;
    const OptionSource inside{OptionSource::Kind::in_question, {}, {}, out_.question};
    for (const Row& row : rows_)
      if (!options_of(inside, row)) return false;
    out_.source = inside;
    out_.kind = "mcq";
    return true;
  }

  Result<void> find_answer() {
    std::vector<std::string> found = columns_.named("answer");
    if (told_.answer && told_.answer->empty()) return {};  // the user says that there are none
    if (told_.answer) {
      if (!columns_.find(*told_.answer)) return no_column(origin_, *told_.answer, columns_, ", and \"output_column\" names it");
      found = {*told_.answer};
    } else if (found.empty()) {
      const auto is_used = [&](const std::string& name) {
        return name == out_.question ||
               std::find(out_.source.columns.begin(), out_.source.columns.end(), name) != out_.source.columns.end();
      };
      found = columns_among(columns_, answer_names);
      std::erase_if(found, is_used);
      const bool known = out_.kind == "mcq" && !found.empty();
      for (const Columns::Column& column : columns_.all)
        if (!known && !is_used(column.name) && !is_shown(column.name) && column.name != out_.source.path &&
            (sounds_like_answer(column.name) || holds_letters(column.name)))
          found.push_back(column.name);
      const std::string near = nearest_name("answer", columns_.names());
      if (found.empty() && !near.empty() && !is_used(near) && !is_shown(near) && near != "question") found = {near, near};
      // which text a reply is compared with is nothing to guess
      if (!found.empty() && !known)
        return data_error(origin_ + " has no column 'answer'; if it is '" + found.front() + "', say so " + meta +
                          ": {\"output_column\": \"" + found.front() +
                          "\"}, and if there are no answers, {\"output_column\": null}; its columns are: " +
                          csv::detail::listed(columns_.names()));
    }
    if (found.size() > 1)
      return data_error(origin_ + " has the columns " + csv::detail::listed(found) + "; say which is the answer " + meta +
                        ": {\"output_column\": \"" + found.front() + "\"}");
    // the hub's sets have -1 where answers are not published
    const auto unpublished = [&](const Row& row) {
      const json::Value* answer = json::find(row.record, found.front());
      return (is_blank(answer) && !is_not_finite(row, found.front())) || (answer && columns::as_text(*answer) == "-1");
    };
    if (!found.empty() && !std::all_of(rows_.begin(), rows_.end(), unpublished)) out_.answer = found.front();
    if (out_.answer.empty()) out_.unanswered = found.empty() ? "" : found.front();
    return {};
  }

  // Whether every cell is an option's letter, whatever the column is called.
  bool holds_letters(const std::string& name) const {
    return out_.kind == "mcq" && std::all_of(rows_.begin(), rows_.end(), [&](const Row& row) {
      const json::Value* cell = json::find(row.record, name);
      const std::string text = cell && cell->IsString() ? trimmed(json::text(*cell)) : "";
      return text.size() == 1 && text[0] >= 'A' && text[0] <= 'H';
    });
  }
  bool is_shown(const std::string& name) const {
    return std::find(told_.shown.begin(), told_.shown.end(), name) != told_.shown.end();
  }

  // A multiple-choice file that was not recognised must not be asked as an open question.
  Result<void> check_open() {
    const auto is_letter = [&](const Row& row) {
      const json::Value* answer = json::find(row.record, out_.answer);
      if (!answer || !answer->IsString()) return false;
      const std::string text = trimmed(json::text(*answer));
      return text.size() == 1 && text[0] >= 'A' && text[0] <= 'Z';
    };
    if (!out_.answer.empty() && std::all_of(rows_.begin(), rows_.end(), is_letter)) {
      if (options_in_questions()) return {};
      if (columns_.all.size() > 2)
        return data_error(
            origin_ + ": every answer is a letter, and the options were not found among the columns " +
            csv::detail::listed(columns_.names()) + "; name them " + meta +
            ": {\"options\": [\"COLUMN\", \"COLUMN\"]}, or say that the questions are open: --custom-dataset-data-type qa");
    }
    std::vector<std::string> lists;  // a list of options is one in every row
    for (const auto& member : rows_.front().record.GetObject()) {
      const std::string name(json::text(member.name));
      lists.push_back(name);
      if (member.value.IsObject())
        for (const auto& inner : member.value.GetObject()) lists.push_back(name + "." + std::string(json::text(inner.name)));
    }
    for (const std::string& name : lists) {
      if (name == out_.answer || lower_case(name).find("alias") != std::string::npos) continue;
      if (std::all_of(rows_.begin(), rows_.end(), [&](const Row& row) { return points_into(row, name); }))
        return data_error(origin_ + ": every answer stands in the list '" + name + "'; if it holds the options, say so " +
                          meta + ": {\"options\": \"" + name +
                          "\"}; if not, that the questions are open: --custom-dataset-data-type qa");
    }
    for (const Columns::Column& column : columns_.all) {
      if (!is_list_name(column.name) || column.filled < rows_.size() || column.name == out_.answer || column.name == out_.question ||
          is_shown(column.name))
        continue;
      return data_error(rows_.front().place + "'" + column.name +
                        "' seems to hold options, and is no list; write a JSON list, [\"...\", \"...\"], or one column for each option: A, "
                        "B, ...; or say that the questions are open: --custom-dataset-data-type qa");
    }
    const bool distractors = std::any_of(columns_.all.begin(), columns_.all.end(),
                                         [](const auto& c) { return lower_case(c.name).starts_with("distractor"); });
    if (distractors)
      return data_error(origin_ +
                        " has the wrong options in columns of their own (distractor...); write each question's options into "
                        "the columns A, B, ... and the letter of the right one into 'answer', "
                        "or say that the questions are open: --custom-dataset-data-type qa");
    return {};
  }
  bool points_into(const Row& row, const std::string& column) const {
    const json::Value *list = columns::find(row.record, column), *answer = json::find(row.record, out_.answer);
    if (!list || !list->IsArray() || list->Size() < 2 || !answer) return false;
    const bool inner = !json::find(row.record, column);
    if (answer->IsUint() && !out_.answer.empty()) return !inner && answer->GetUint() <= list->Size();
    return std::any_of(list->Begin(), list->End(), [&](const json::Value& item) { return item == *answer; });
  }

  const Columns& columns_;
  const std::vector<Row>& rows_;
  const Told& told_;
  const std::string& origin_;
  Roles out_;
};

}  // namespace

Result<Roles> find_roles(const Columns& columns, const std::vector<Row>& rows, const Told& told, const std::string& origin) {
  return Finder(columns, rows, told, origin).run();
}

bool is_answer_name(std::string_view name) { return letters_of(name) == "answer" || among(name, answer_names); }

bool is_not_finite(const Row& row, std::string_view column) {
  return std::find(row.not_finite.begin(), row.not_finite.end(), columns::column_of(column)) != row.not_finite.end();
}

}  // namespace sextant::tables
