// The program in a reply: out of its code block, or of a reply that is nothing but code with words around it. Pure; threads:
// [owner].
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/regex.hpp>

namespace sextant::postprocess {

using Lines = std::vector<std::string_view>;

inline Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const size_t lf = text.find('\n');
    std::string_view line = text.substr(0, lf);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out.push_back(line);
    text.remove_prefix(lf == text.npos ? text.size() : lf + 1);
  }
  return out;
}
inline size_t indent_of(std::string_view line) { return std::min(line.find_first_not_of(" \t"), line.size()); }
inline bool is_blank_line(std::string_view line) { return line.find_first_not_of(" \t\f") == line.npos; }

/// The mark of a line that is a fence ("```", "~~~~"), or empty: it is none. What names the language holds no further marks: "```x```"
/// is a word in a sentence.
inline std::string_view fence_of(std::string_view line) {
  const std::string_view bare = line.substr(indent_of(line));
  const size_t run = bare.empty() ? 0 : std::min(bare.find_first_not_of(bare.front()), bare.size());
  const bool marks = run >= 3 && (bare.front() == '`' || bare.front() == '~');
  return marks && bare.substr(run).find(bare.front()) == bare.npos ? bare.substr(0, run) : std::string_view();
}

/// What stands between code fences, each without its fences; a block that is not closed goes to the end of the reply.
inline std::vector<Lines> code_blocks(const Lines& lines) {
  std::vector<Lines> out;
  std::string fence;   // of the open block
  for (std::string_view line : lines) {
    if (fence.empty()) {
      fence = fence_of(line);
      if (!fence.empty()) out.emplace_back();
      continue;
    }
    std::string_view rest = line;
    while (!rest.empty() && (rest.back() == ' ' || rest.back() == '\t')) rest.remove_suffix(1);
    if (!rest.ends_with(fence)) {
      out.back().push_back(line);
      continue;
    }
    rest.remove_suffix(fence.size());                     // "return x```" closes as well
    while (rest.ends_with(fence.front())) rest.remove_suffix(1);
    if (!is_blank_line(rest)) out.back().push_back(rest);
    fence.clear();
  }
  return out;
}

/// The reply between the marks that few-shot prompts of MBPP teach: [BEGIN] 'program' [DONE].
inline std::string_view between_marks(std::string_view text) {
  const auto trim = [](std::string_view part) {
    const size_t begin = std::min(part.find_first_not_of(" \t\r\n"), part.size());
    return part.substr(begin, part.find_last_not_of(" \t\r\n") + 1 - begin);
  };
  bool marked = false;
  if (const size_t at = text.find("[BEGIN]"); at != text.npos) text.remove_prefix(at + 7), marked = true;
  if (const size_t at = text.find("[DONE]"); at != text.npos) text = text.substr(0, at), marked = true;
  // the quotation marks are the prompt's as well; a program does not begin with one
  const std::string_view bare = trim(text);
  if (bare.size() > 1 && bare.front() == '\'' && bare.substr(1, 2) != "''" && (marked || bare.ends_with('\''))) {
    text = bare.substr(1);
    if (text.ends_with('\'')) text.remove_suffix(1);
  }
  return text;
}

class Code {
 public:
  /// `steps`: see RegexOptions::steps_taken.
  static Result<Code> make(uint64_t* steps = nullptr) {
    Code out;
    RegexOptions options;
    options.steps_taken = steps;
    // a line that begins a program's outermost level; "from the list, take ..." is none
    SXT_TRY(
        out.opens_,
        Regex::compile(
            R"(^[ \t]*+(?:(?:async[ ]+)?def[ ]+\w+[ ]*\(|class[ ]+\w+[ ]*[(:]|@\w|\w+(?:[ ]*,[ ]*\w+)*+[ ]*=(?!=)|import[ ]+\w[\w.]*+(?:[ ]+as[ ]+\w+)?[ ]*(?:[,;#]|$)|from[ ]+[\w.]++[ ]+import\b))", options));
    SXT_TRY(out.continues_, Regex::compile(R"(^(?:[ \t]|return\b|raise\b|pass$|try:|(?:if|for|while|with)\b.*:[ \t]*$))", options));
    SXT_TRY(out.binds_, Regex::compile(R"(^[ \t]*+(?:(?:async[ ]+)?def|class)[ ]+(\w+)|^(\w+)[ ]*(?::[^=]++)?=(?!=))", options));
    return out;
  }

  /// `entry`: what the program must bind; empty: anything. `body`: where nothing binds it, the reply may be the body of the
  /// function that the prompt has begun.
  Result<std::string> operator()(std::string_view text, std::string_view entry, bool body) const {
    text = between_marks(text);
    const std::string holder = without_escapes(text);
    const Lines lines = lines_of(holder);
    SXT_TRY(const size_t closed, end_of_opened(lines));
    std::vector<Lines> blocks = code_blocks({lines.begin() + static_cast<std::ptrdiff_t>(closed), lines.end()});
    if (closed > 0) blocks.insert(blocks.begin(), Lines(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(closed) - 1));
    SXT_TRY(const Lines* const chosen, choose(blocks, entry));
    if (chosen) {
      SXT_TRY(const bool whole, binds(*chosen, entry));
      return written(*chosen, !whole && body);
    }
    SXT_TRY(const bool whole, binds(lines, entry));
    if (!whole && body) return written(lines, true);
    SXT_TRY(const size_t first, first_of_code(lines));
    return written(Lines(lines.begin() + static_cast<std::ptrdiff_t>(first), lines.end()), false);
  }

 private:
  // Where the reply goes on with a block that the prompt has opened: the line behind the fence that closes it; else 0. The first
  // fence names no language, has no partner, and code stands before it.
  Result<size_t> end_of_opened(const Lines& lines) const {
    size_t first = lines.size(), fences = 0, words = lines.size();
    for (size_t i = 0; i < lines.size(); ++i) {
      if (words == lines.size() && !is_blank_line(lines[i])) words = i;
      const std::string_view fence = fence_of(lines[i]);
      if (fence.empty()) continue;
      if (fences++ == 0) first = i;
      if (first == i && !is_blank_line(lines[i].substr(indent_of(lines[i]) + fence.size()))) return size_t{0};
    }
    if (fences % 2 == 0 || words >= first) return size_t{0};
    SXT_TRY(const bool opens, opens_.found_in(lines[words]));
    SXT_TRY(const bool continues, continues_.found_in(lines[words]));
    return opens || continues ? first + 1 : size_t{0};
  }

  // Markdown's "\_" is not Python outside a string.
  static std::string without_escapes(std::string_view text) {
    std::string out(text);
    if (text.find("def ") == text.npos || text.find("\\_") == text.npos) return out;
    const size_t name = text.find("def ") + 4, open = std::min(text.find('(', name), text.size());
    if (text.substr(name, open - name).find("\\_") == text.npos) return out;  // it is escaped nowhere else, either
    for (size_t at = 0; (at = out.find("\\_", at)) != out.npos; ++at) out.erase(at, 1);
    return out;
  }

  Result<bool> binds(const Lines& lines, std::string_view entry) const {
    for (const std::string_view line : lines) {
      SXT_TRY(const auto match, binds_.search(line));
      if (!match) continue;
      const std::string_view name = match->has(1) ? match->groups[1] : match->groups[2];
      if (entry.empty() ? match->has(1) : name == entry) return true;
    }
    return false;
  }
  // The last block that binds the entry, since models mend what they have written; else the first one.
  Result<const Lines*> choose(const std::vector<Lines>& blocks, std::string_view entry) const {
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      SXT_TRY(const bool found, binds(*block, entry));
      if (found) return &*block;
    }
    return blocks.empty() ? static_cast<const Lines*>(nullptr) : &blocks.front();
  }
  // Words in front of a program that no fence holds.
  Result<size_t> first_of_code(const Lines& lines) const {
    for (size_t i = 0; i < lines.size(); ++i) {
      SXT_TRY(const bool opens, opens_.found_in(lines[i]));
      if (opens) return i;
    }
    return size_t{0};
  }

  // One text again: without the indentation that all lines share, or as a body, which is indented.
  static std::string written(const Lines& lines, bool body) {
    size_t first = 0, last = lines.size();
    while (first < last && is_blank_line(lines[first])) ++first;
    while (last > first && is_blank_line(lines[last - 1])) --last;
    if (first == last) return {};
    std::string before_first, before_all;
    size_t shared = indent_of(lines[first]);
    if (body) {
      before_first = missing_in_first(lines, first, last);
      if (before_first.empty() && shared == 0) before_all = "    ";
      shared = 0;
    } else {
      for (size_t i = first; i < last; ++i)
        if (!is_blank_line(lines[i])) shared = std::min(shared, indent_of(lines[i]));
    }
    std::string out;
    for (size_t i = first; i < last; ++i) {
      if (!is_blank_line(lines[i]))
        out.append(before_all).append(i == first ? before_first : "").append(lines[i].substr(shared));
      out += '\n';
    }
    return out;
  }
  // Decoders and templates strip a reply, and with it the indentation of its first line. The other lines show what it lacks.
  static std::string missing_in_first(const Lines& lines, size_t first, size_t last) {
    size_t others = static_cast<size_t>(-1), next = 0;
    for (size_t i = first + 1; i < last; ++i) {
      const size_t indent = indent_of(lines[i]);
      if (is_blank_line(lines[i]) || (indent == 0 && lines[i].front() == '#')) continue;
      if (next == 0) next = i;
      others = std::min(others, indent);
    }
    if (next == 0) return {};
    std::string_view head = lines[first];
    head = head.substr(0, head.find_last_not_of(" \t") + 1);
    // all else stands inside of the block that the first line opens
    if (head.ends_with(':') && indent_of(lines[next]) == others) others = others < 4 ? 0 : others - 4;
    const size_t own = indent_of(lines[first]);
    return own < others ? std::string(others - own, ' ') : std::string();
  }

  Regex opens_, continues_, binds_;
};

}  // namespace sextant::postprocess
