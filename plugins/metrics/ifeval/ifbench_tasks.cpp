// IFBench: instructions of custom:, each a task with a form of its own.
#include <optional>
#include "ifbench.hpp"

namespace sextant::metric::ifeval {
namespace {

using A = const Arguments&;
using T = std::string_view;
using Rows = std::vector<std::vector<std::string>>;

// Python's csv.reader: quotes are doubled inside of quotes, an empty line is a row without fields. Nothing: a line that it
// refuses.
std::optional<Rows> csv_rows(T text, char delimiter) {
  enum class State { row, field, plain, quoted, quote, over } state = State::row;
  Rows rows;
  std::vector<std::string> row;
  std::string field;
  const auto end_field = [&] {
    row.push_back(std::move(field));
    field.clear();
  };
  const auto end_row = [&] {
    rows.push_back(std::move(row));
    row.clear();
    state = State::row;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (state == State::over && c != '\n' && c != '\r') return std::nullopt;
    switch (state) {
      case State::row:
      case State::field:
        if (c == '\n' || c == '\r') {
          if (state == State::field) end_field();
          state = State::over;
        } else if (c == '"') {
          state = State::quoted;
        } else if (c == delimiter) {
          end_field();
          state = State::field;
        } else {
          field += c;
          state = State::plain;
        }
        break;
      case State::plain:
      case State::quote:
        if (c == '\n' || c == '\r') {
          end_field();
          state = State::over;
        } else if (c == delimiter) {
          end_field();
          state = State::field;
        } else {
          field += c;
          state = state == State::quote && c == '"' ? State::quoted : State::plain;
        }
        break;
      case State::quoted:
        if (c == '"') state = State::quote;
        else field += c;
        break;
      case State::over: break;
    }
    if (c == '\n' && state != State::quoted) end_row();
  }
  if (state == State::field || state == State::plain || state == State::quote || state == State::quoted) end_field();
  if (!row.empty() || state == State::over) end_row();
  return rows;
}

bool is_header(T reply, const char* pattern) { return found(pattern, text::strip(reply.substr(0, reply.find('\n'))), true); }

bool lists_cities(T reply) {
  const auto rows = csv_rows(reply, ',');
  if (!rows || rows->size() != 8) return false;
  if (rows->front() != std::vector<std::string>{"ID", "Country", "City", "Year", "Count"}) return false;
  return std::all_of(rows->begin() + 1, rows->end(), [](const auto& row) { return row.size() == 5; });
}

bool quotes_a_special_sign(T reply) {
  if (!is_header(reply, R"((ProductID|"ProductID"),[ \t]*(Category|"Category"),[ \t]*(Brand|"Brand"),[ \t]*(Price|"Price"),[ \t]*(Stock|"Stock")$)"))
    return false;
  const auto rows = csv_rows(text::replaced(reply, "\"", "\"\"\""), ',');
  if (!rows || rows->size() != 15) return false;
  for (size_t i = 1; i < rows->size(); ++i) {
    if ((*rows)[i].size() != 5) return false;
    for (const std::string& field : (*rows)[i])
      if (found(R"(".*[^\d\w\s].*")", field, true)) return true;
  }
  return false;
}

bool quotes_every_field(T reply) {
  if (!is_header(reply, R"((StudentID|"StudentID")\t *(Subject|"Subject")\t *(Grade|"Grade")\t *(Semester|"Semester")\t *(Score|"Score")$)"))
    return false;
  const auto rows = csv_rows(text::replaced(reply, "\"", "\"\"\""), '\t');
  if (!rows || rows->size() != 4) return false;
  for (const auto& row : *rows) {
    if (row.size() != 5) return false;
    for (const std::string& field : row)
      if (const T plain = text::strip(field); !plain.starts_with('"') || !plain.ends_with('"')) return false;
  }
  return true;
}

// The text of a question grows from one to the next; each has five options.
bool asks_four_questions(T reply) {
  if (!reply.starts_with("Question")) return false;
  static const Regex head = *Regex::compile(R"(\n*(?:Question \d+[.|):;]?\s*))", {.syntax = RegexOptions::Syntax::python});
  const auto heads = head.find_all(reply);
  if (!heads) return false;
  std::vector<T> questions;
  size_t begin = 0;
  for (const RegexMatch& match : *heads) {
    questions.push_back(text::strip(reply.substr(begin, match.begin - begin)));
    begin = match.end;
  }
  questions.push_back(text::strip(reply.substr(begin)));
  std::erase_if(questions, [](T question) { return question.empty(); });
  if (questions.size() != 4) return false;
  std::optional<size_t> before;
  for (const T question : questions) {
    std::string asked;
    size_t options = 0;
    for (const T raw : text::split(question, "\n")) {
      const T line = text::strip(raw);
      if (found(R"([A-Ea-e][.|)]\s*\w+)", line, true)) ++options;
      else if (options == 0) asked += " " + std::string(line);
    }
    const size_t size = length(text::strip(asked));
    if (options != 5 || (before && size <= *before)) return false;
    before = size;
  }
  return true;
}

bool lists_countries_backwards(T reply) {
  std::vector<std::string> lines;
  bool begun = false;
  for (const T raw : text::split(reply, "\n")) {
    const T line = text::strip(raw, marks_and_blank);
    begun = begun || line.find("Zimbabwe") != line.npos;
    if (begun && !line.empty()) lines.push_back(plain_letters(line));
  }
  return lines.size() >= 52 && std::is_sorted(lines.rbegin(), lines.rend());
}

bool lists_capitals(T reply) {
  constexpr T order[] = {"Reykjavik", "Helsinki", "Oslo",   "Tallinn", "Stockholm", "Riga",       "Moscow",
                         "Copenhagen", "Vilnius",  "Minsk",  "Dublin",  "Berlin",    "Amsterdam",  "Warsaw",
                         "London",     "Brussels", "Prague", "Luxembourg", "Paris",  "Vienna",     "Bratislava",
                         "Budapest",   "Vaduz",    "Chisinau", "Bern",  "Ljubljana", "Zagreb"};
  const std::string plain = plain_letters(reply);
  std::vector<T> given;
  for (const T part : text::split(plain, ","))
    if (!text::strip(part).empty()) given.push_back(text::strip(part));
  return std::equal(given.begin(), given.end(), std::begin(order), std::end(order));
}

bool lists_dates(T reply) {
  const T whole = text::strip(reply);
  for (const T raw : text::split(whole, ",")) {
    const T date = text::strip(raw);
    if (!found(R"([0-9]{4}-[0-9]{2}-[0-9]{2}$)", date, true)) return false;
    const auto part = [&](size_t from, size_t n) { return std::stoi(std::string(date.substr(from, n))); };
    const int year = part(0, 4), month = part(5, 2), day = part(8, 2);
    const int last = month == 2 ? 29 : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    if (year < 1769 || year > 1821 || month > 12 || (month > 0 && day > last)) return false;
  }
  return true;
}

bool goes_from_a_to_z(T reply, A given) {
  const auto sentences = given.punkt().sentences(reply);
  if (sentences.size() != 26) return false;
  for (size_t i = 0; i < sentences.size(); ++i) {
    const auto words = text::words(sentences[i]);
    if (words.empty() || text::lower(words[0])[0] != static_cast<char>('a' + i)) return false;
  }
  return true;
}

bool is_backwards(T reply, A given) {
  const std::string plain = without_marks(text::strip(text::lower(reply)));
  auto words = text::words(plain);
  std::reverse(words.begin(), words.end());
  const std::string turned = text::joined(words);
  if (turned.find("bald eagle") == turned.npos) return false;
  const auto sentences = given.punkt().sentences(turned);
  return std::find(sentences.begin(), sentences.end(), T(turned)) != sentences.end();
}

}  // namespace

void add_tasks(Checks& table) {
  table["custom:multiples"] = [](T reply, A) -> Result<bool> {
    return numbers_in(reply) == std::vector<std::string>{"14", "21", "28", "35", "42", "49"};
  };
  table["custom:mcq_count_length"] = [](T reply, A) -> Result<bool> { return asks_four_questions(reply); };
  table["custom:reverse_newline"] = [](T reply, A) -> Result<bool> { return lists_countries_backwards(reply); };
  table["custom:word_reverse"] = [](T reply, A given) -> Result<bool> { return is_backwards(reply, given); };
  table["custom:character_reverse"] = [](T reply, A) -> Result<bool> {
    return text::lower(reply).find("elgae dlab") != std::string::npos;
  };
  table["custom:sentence_alphabet"] = [](T reply, A given) -> Result<bool> { return goes_from_a_to_z(reply, given); };
  table["custom:european_capitals_sort"] = [](T reply, A) -> Result<bool> { return lists_capitals(reply); };
  table["custom:csv_city"] = [](T reply, A) -> Result<bool> { return lists_cities(reply); };
  table["custom:csv_special_character"] = [](T reply, A) -> Result<bool> { return quotes_a_special_sign(reply); };
  table["custom:csv_quotes"] = [](T reply, A) -> Result<bool> { return quotes_every_field(reply); };
  table["custom:date_format_list"] = [](T reply, A) -> Result<bool> { return lists_dates(reply); };
}

}  // namespace sextant::metric::ifeval
