#include "task_sketch.hpp"
#include <algorithm>
#include <array>
#include <cctype>

namespace sextant::tasks {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }
std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(' ');
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// A text as YAML reads it, where that is beyond doubt: a name or a path, bare or in quotes without anything special.
std::optional<std::string> plain_text(std::string_view value) {
  if (const size_t comment = value.find(" #"); comment != value.npos) value = trimmed(value.substr(0, comment));
  const bool quoted = value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  if (quoted) value = value.substr(1, value.size() - 2);
  const auto fits = [](char c) { return is_word(c) || c == '.' || c == '/' || c == '-'; };
  if (value.empty() || value.front() == '-' || !std::all_of(value.begin(), value.end(), fits)) return std::nullopt;
  if (quoted) return std::string(value);
  // a number, a date, true or null is no text
  constexpr std::array<std::string_view, 10> words = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"};
  std::string lower(value);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool begins_as_name = std::isalpha(static_cast<unsigned char>(value.front())) || value.front() == '_' || value.starts_with("./") ||
                              value.starts_with("../");
  if (!begins_as_name || std::find(words.begin(), words.end(), lower) != words.end()) return std::nullopt;
  return std::string(value);
}

// Whether a value that begins on this line may go on below it at the line's very beginning: quotes and brackets that are not closed.
bool may_be_open(std::string_view value) {
  if (value.empty()) return false;
  const char first = value.front();
  if (first == '{' || first == '[') return value.back() != (first == '{' ? '}' : ']');
  if (first != '"' && first != '\'') return false;
  size_t marks = 0;
  for (size_t i = value.size(); i-- > 1 && value[i] == first;) ++marks;
  if (marks == 0 || (first == '\'' && marks % 2 == 0)) return true;
  return first == '"' && value.size() > 2 && value[value.size() - 2] == '\\';
}

class Reader {
 public:
  std::optional<Sketch> read(std::string_view yaml) {
    if (yaml.starts_with("\xEF\xBB\xBF")) return std::nullopt;
    for (bool first = true; !yaml.empty(); first = false) {
      const size_t end = yaml.find('\n');
      std::string_view line = yaml.substr(0, end);
      yaml.remove_prefix(end == yaml.npos ? yaml.size() : end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.find('\t') != line.npos) return std::nullopt;
      if (first && trimmed(line) == "---") continue;
      if (!take(line)) return std::nullopt;
    }
    end_key();
    return unclear_ ? std::nullopt : std::optional(std::move(out_));
  }

 private:
  bool take(std::string_view line) {
    const std::string_view text = trimmed(line);
    if (text.empty() || text.front() == '#') return true;
    if (line.front() == ' ' || line.front() == '-') return below(line, text);
    if (open_) return false;
    end_key();
    size_t at = 0;
    while (at < line.size() && is_word(line[at])) ++at;
    if (at == 0 || at == line.size() || line[at] != ':' || (at + 1 < line.size() && line[at + 1] != ' ')) return false;
    key_ = line.substr(0, at);
    value_ = trimmed(line.substr(at + 1));
    open_ = may_be_open(value_);
    return true;
  }
  // What belongs to the key above.
  bool below(std::string_view line, std::string_view text) {
    if (key_.empty() || (line.front() == '-' && (!value_.empty() || open_ || line.starts_with("---")))) return false;
    below_ = true;
    if (!is_ours()) {
      open_ = open_ && text.back() != '"' && text.back() != '\'' && text.back() != '}' && text.back() != ']';
      return true;
    }
    if (!value_.empty()) return unclear_ = true, true;   // a text over several lines
    if (!text.starts_with("- ")) return only_list_ = false, true;
    const auto item = plain_text(trimmed(text.substr(2)));
    if (item) items_.push_back(*item);
    else only_list_ = false;
    return true;
  }
  bool is_ours() const { return key_ == "task" || key_ == "group" || key_ == "tag" || key_ == "include" || key_ == "class"; }

  void end_key() {
    if (is_ours()) {
      unclear_ = unclear_ || std::find(seen_.begin(), seen_.end(), key_) != seen_.end();
      seen_.push_back(key_);
      const auto text = plain_text(value_);
      const bool list = value_.empty() && below_ && only_list_;
      if (key_ == "class") {
        out_.is_class = true;
        unclear_ = unclear_ || value_.empty();
      } else if (key_ == "task" || key_ == "group") {
        // "task" with something below it is a group's list of members
        if (!text && !(key_ == "task" && value_.empty() && below_)) unclear_ = true;
        (key_ == "task" ? out_.task : out_.group) = text.value_or("");
      } else if (text || list) {
        const std::vector<std::string> several = text ? std::vector<std::string>{*text} : items_;
        if (key_ == "tag") out_.tags = several;
        else out_.includes = several;
      } else {
        unclear_ = true;
      }
    }
    key_ = value_ = {};
    items_.clear();
    open_ = below_ = false;
    only_list_ = true;
  }

  Sketch out_;
  std::string_view key_, value_;
  std::vector<std::string> items_;
  std::vector<std::string_view> seen_;
  bool open_ = false;        // a value that may go on at a line's beginning
  bool below_ = false, only_list_ = true, unclear_ = false;
};

}  // namespace

std::optional<Sketch> sketch_of(std::string_view yaml) { return Reader().read(yaml); }

}  // namespace sextant::tasks
