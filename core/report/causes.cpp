#include "causes.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include "../base/text.hpp"

namespace sextant::report {
namespace {

constexpr size_t named_max = 3;           // subjects that a sentence names
constexpr size_t name_bytes_min = 3;      // shorter names are parts of other words

// The message without what it says of its subject alone, the longest name first. Marked with a byte that no message has.
std::string without_names(const Failure& failure) {
  std::vector<std::string> names = failure.names;
  names.push_back(failure.subject);
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  std::string out = failure.message;
  for (const std::string& name : names) {
    if (name.size() < name_bytes_min) continue;
    for (size_t at = out.find(name); at != out.npos; at = out.find(name, at + 1)) out.replace(at, name.size(), "\x01");
  }
  return out;
}

std::vector<std::string> distinct(const std::vector<const Failure*>& failures, std::string Failure::*member) {
  std::vector<std::string> out;
  for (const Failure* failure : failures)
    if (const std::string& text = failure->*member; !text.empty() && std::find(out.begin(), out.end(), text) == out.end())
      out.push_back(text);
  return out;
}

// "law", "law and logic", "law, logic, art and 49 more"
std::string listed(const std::vector<std::string>& names) {
  if (names.size() == 2) return names[0] + " and " + names[1];
  return first_names(names, named_max);
}

std::string sentence_of(const std::vector<const Failure*>& failures) {
  const Failure& first = *failures.front();
  const std::vector<std::string> subjects = distinct(failures, &Failure::subject), models = distinct(failures, &Failure::model);
  std::string head =
      subjects.size() > named_max ? fmt::format("{} data sets ({})", subjects.size(), listed(subjects)) : listed(subjects);
  if (!models.empty()) head += (head.empty() ? "on " : " on ") + listed(models);
  if (!first.state.empty()) head += (head.empty() ? "" : ": ") + first.state;
  const bool named =
      subjects.size() == 1 && models.empty() && first.state.empty() && first.message.find(first.subject) != first.message.npos;
  if (head.empty() || named) return first.message;
  const std::string front = first.subject + ": ";   // what stands in the head already
  return head + ": " + (first.message.starts_with(front) ? first.message.substr(front.size()) : first.message);
}

}  // namespace

std::vector<Cause> causes_of(std::span<const Failure> failures) {
  std::map<std::string, size_t> place;    // of a cause
  std::vector<std::vector<const Failure*>> groups;
  std::vector<Cause> out;
  for (size_t i = 0; i < failures.size(); ++i) {
    const auto [it, fresh] = place.try_emplace(failures[i].state + "\n" + without_names(failures[i]), groups.size());
    if (fresh) {
      groups.emplace_back();
      out.push_back({"", i, 0});
    }
    groups[it->second].push_back(&failures[i]);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    out[i].count = groups[i].size();
    out[i].sentence = sentence_of(groups[i]);
  }
  return out;
}

}  // namespace sextant::report
