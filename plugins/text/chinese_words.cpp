#include "chinese_words.hpp"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/plain_text.hpp>
#include <sextant/utf8_text.hpp>
#include "contents.hpp"

namespace sextant::text {
namespace {

constexpr double never = -3.14e100;  // ln of a probability of 0, as jieba writes it

bool is_han(char32_t c) { return c >= 0x4E00 && c <= 0x9FD5; }
bool is_ascii_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_letter_or_digit(char32_t c) { return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// what is looked up in the dictionary: jieba's re_han_default
bool in_block(char32_t c) {
  return is_han(c) || is_letter_or_digit(c) ||
         (c < 0x80 && std::string_view("+#&._%-").find(static_cast<char>(c)) != std::string_view::npos);
}

constexpr std::string_view where_from =
    ": words are cut by jieba's dictionary; install python3-jieba, or name the folder that has it as \"dictionary\"";

// A Python file whose last statement is `P = {...}`, texts in single quotes: JSON but for those.
Result<json::Document> read_table(const std::filesystem::path& file) {
  SXT_TRY(std::string text, contents_of(file, where_from));
  const size_t at = text.find("P={");
  if (at == text.npos)
    return Error{Error::Kind::data, fmt::format("{}: no table P={{...}} stands in it; is it jieba's?", file.string())};
  text.erase(0, at + 2);
  std::replace(text.begin(), text.end(), '\'', '"');
  return json::parse(text, file.string());
}

}  // namespace

Result<std::shared_ptr<const ChineseWords>> ChineseWords::open(const std::filesystem::path& folder) {
  static std::mutex mutex;
  static std::map<std::filesystem::path, std::shared_ptr<const ChineseWords>> known;
  const std::lock_guard lock(mutex);
  std::shared_ptr<const ChineseWords>& place = known[folder];
  if (place) return place;
  auto made = std::make_shared<ChineseWords>();
  SXT_CHECK(made->read_dictionary(folder / "dict.txt"));
  SXT_CHECK(made->read_model(folder / "finalseg"));
  place = std::move(made);
  return place;
}

Result<void> ChineseWords::read_dictionary(const std::filesystem::path& file) {
  SXT_TRY(dictionary_, contents_of(file, where_from));
  size_t number = 0;
  for (size_t at = 0; at < dictionary_.size();) {
    const size_t stop = std::min(dictionary_.find('\n', at), dictionary_.size());
    std::string_view line = std::string_view(dictionary_).substr(at, stop - at);
    at = stop + 1;
    ++number;
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const size_t blank = line.find(' ');
    double frequency = -1;
    if (blank != line.npos) std::from_chars(line.data() + blank + 1, line.data() + line.size(), frequency);
    if (frequency < 0)
      return Error{Error::Kind::data,
                   fmt::format("{}: line {} is no word with its frequency; take jieba's own file", file.string(), number)};
    words_.push_back({line.substr(0, blank), frequency});
    total_ += frequency;
  }
  if (words_.empty()) return Error{Error::Kind::data, fmt::format("{} is empty; take jieba's own file", file.string())};
  // of a word that stands twice the last line counts, as in a Python dictionary
  std::stable_sort(words_.begin(), words_.end(), [](const Word& a, const Word& b) { return a.text < b.text; });
  size_t kept = 0;
  for (size_t i = 0; i < words_.size(); ++i) {
    if (i > 0 && words_[i].text == words_[kept - 1].text) --kept;
    words_[kept++] = words_[i];
  }
  words_.resize(kept);
  return {};
}

Result<void> ChineseWords::read_model(const std::filesystem::path& folder) {
  constexpr const char* tags[] = {"B", "E", "M", "S"};  // in the order of Tag
  SXT_TRY(const json::Document start, read_table(folder / "prob_start.py"));
  SXT_TRY(const json::Document next, read_table(folder / "prob_trans.py"));
  SXT_TRY(const json::Document emits, read_table(folder / "prob_emit.py"));
  for (size_t from = 0; from < 4; ++from) {
    start_[from] = json::find_number(start, tags[from]).value_or(never);
    const json::Value* row = json::find(next, tags[from]);
    for (size_t to = 0; to < 4; ++to) next_[from][to] = row ? json::find_number(*row, tags[to]).value_or(never) : never;
    const json::Value* column = json::find(emits, tags[from]);
    if (!row || !column || !column->IsObject())
      return Error{Error::Kind::data,
                   fmt::format("{}: the tag {} is missing from prob_trans.py or prob_emit.py; take jieba's own files",
                               folder.string(), tags[from])};
    for (const auto& member : column->GetObject()) {
      const std::u32string character = code_points(json::text(member.name));
      if (character.size() == 1 && member.value.IsNumber()) emits_[from][character.front()] = member.value.GetDouble();
    }
  }
  return {};
}

const ChineseWords::Word* ChineseWords::find(std::string_view word) const {
  const auto place =
      std::lower_bound(words_.begin(), words_.end(), word, [](const Word& a, std::string_view b) { return a.text < b; });
  return place != words_.end() && place->text == word ? &*place : nullptr;
}

std::vector<std::string> ChineseWords::cut(std::string_view given) const {
  const std::u32string all = code_points(given);
  const std::u32string_view view = all;
  std::vector<std::string> out;
  for (size_t i = 0; i < all.size();) {
    size_t stop = i;
    while (stop < all.size() && in_block(all[stop])) ++stop;
    if (stop > i) {
      cut_block(view.substr(i, stop - i), out);
      i = stop;
      continue;
    }
    // the two characters of a line's end stay together; signs and blanks stand alone
    const size_t size = all[i] == '\r' && i + 1 < all.size() && all[i + 1] == '\n' ? 2 : 1;
    out.push_back(to_utf8(view.substr(i, size)));
    i += size;
  }
  return out;
}

// The likeliest path of words; single characters in a row are looked at again.
void ChineseWords::cut_block(std::u32string_view block, std::vector<std::string>& out) const {
  const size_t n = block.size();
  std::vector<size_t> at(n + 1);  // bytes
  std::string bytes;
  for (size_t i = 0; i < n; ++i) utf8::append(bytes, block[i]), at[i + 1] = bytes.size();
  const std::string_view view = bytes;
  const double log_total = std::log(total_);
  std::vector<double> route(n + 1);
  std::vector<size_t> last(n + 1);
  for (size_t i = n; i-- > 0;) {
    bool any = false;
    const auto consider = [&](size_t k, double frequency) {
      const double chance = std::log(frequency) - log_total + route[k + 1];
      if (!any || chance > route[i] || (chance == route[i] && k > last[i])) route[i] = chance, last[i] = k;
      any = true;
    };
    // the words that begin here: each is among those that begin with the one before
    auto from = words_.begin(), to = words_.end();
    for (size_t k = i; k < n; ++k) {
      const std::string_view piece = view.substr(at[i], at[k + 1] - at[i]);
      from = std::lower_bound(from, to, piece, [](const Word& a, std::string_view b) { return a.text < b; });
      if (from == to || !from->text.starts_with(piece)) break;
      if (from->text == piece && from->frequency > 0) consider(k, from->frequency);
    }
    if (!any) {
      const Word* alone = find(view.substr(at[i], at[i + 1] - at[i]));
      consider(i, alone && alone->frequency > 0 ? alone->frequency : 1);
    }
  }
  size_t singles = n;  // where a row of them begins
  const auto flush = [&](size_t stop) {
    if (singles == n) return;
    const std::u32string_view row = block.substr(singles, stop - singles);
    const Word* known = find(view.substr(at[singles], at[stop] - at[singles]));
    if (row.size() == 1) out.push_back(to_utf8(row));
    else if (!known || known->frequency == 0) cut_unknown(row, out);
    else
      for (const char32_t c : row) out.push_back(to_utf8({&c, 1}));
    singles = n;
  };
  for (size_t i = 0; i < n;) {
    const size_t stop = last[i] + 1;
    if (stop - i == 1) {
      if (singles == n) singles = i;
    } else {
      flush(i);
      out.emplace_back(view.substr(at[i], at[stop] - at[i]));
    }
    i = stop;
  }
  flush(n);
}

// What the dictionary does not know: Chinese by tags; letters and digits together, 3.5 and 20% among them; other signs in one.
void ChineseWords::cut_unknown(std::u32string_view block, std::vector<std::string>& out) const {
  for (size_t i = 0; i < block.size();) {
    size_t stop = i;
    if (is_han(block[i])) {
      while (stop < block.size() && is_han(block[stop])) ++stop;
      cut_by_tags(block.substr(i, stop - i), out);
    } else if (is_letter_or_digit(block[i])) {
      while (stop < block.size() && is_letter_or_digit(block[stop])) ++stop;
      if (stop + 1 < block.size() && block[stop] == '.' && is_ascii_digit(block[stop + 1])) {
        ++stop;
        while (stop < block.size() && is_ascii_digit(block[stop])) ++stop;
      }
      if (stop < block.size() && block[stop] == '%') ++stop;
      out.push_back(to_utf8(block.substr(i, stop - i)));
    } else {
      while (stop < block.size() && !is_han(block[stop]) && !is_letter_or_digit(block[stop])) ++stop;
      out.push_back(to_utf8(block.substr(i, stop - i)));
    }
    i = stop;
  }
}

// Viterbi's path; of equal ones the one whose tag is the later letter, as Python's max() takes it.
void ChineseWords::cut_by_tags(std::u32string_view block, std::vector<std::string>& out) const {
  constexpr Tag before[4][2] = {{end, single}, {begin, middle}, {middle, begin}, {single, end}};  // what may stand before a tag
  const size_t n = block.size();
  const auto emit = [&](size_t tag, char32_t c) {
    const auto found = emits_[tag].find(c);
    return found == emits_[tag].end() ? never : found->second;
  };
  std::array<double, 4> chance{};
  std::vector<std::array<uint8_t, 4>> came(n);
  for (size_t tag = 0; tag < 4; ++tag) chance[tag] = start_[tag] + emit(tag, block[0]);
  for (size_t i = 1; i < n; ++i) {
    std::array<double, 4> now{};
    for (size_t tag = 0; tag < 4; ++tag) {
      const double em = emit(tag, block[i]);
      const Tag a = before[tag][0], b = before[tag][1];
      const double pa = chance[a] + next_[a][tag] + em, pb = chance[b] + next_[b][tag] + em;
      const bool first = pa > pb || (pa == pb && a > b);
      now[tag] = first ? pa : pb;
      came[i][tag] = static_cast<uint8_t>(first ? a : b);
    }
    chance = now;
  }
  std::vector<uint8_t> tags(n);
  tags[n - 1] = chance[end] > chance[single] ? end : single;
  for (size_t i = n - 1; i > 0; --i) tags[i - 1] = came[i][tags[i]];
  size_t from = 0, rest = 0;
  for (size_t i = 0; i < n; ++i) {
    if (tags[i] == begin) from = i;
    else if (tags[i] == end) out.push_back(to_utf8(block.substr(from, i + 1 - from))), rest = i + 1;
    else if (tags[i] == single) out.push_back(to_utf8(block.substr(i, 1))), rest = i + 1;
  }
  if (rest < n) out.push_back(to_utf8(block.substr(rest)));
}

}  // namespace sextant::text
