// Jinja templates: a sandboxed implementation of Jinja2's language (3.1) whose values behave as Python's. Pure: no file, clock
// or environment is read, and no template takes more time, memory or stack than its limits allow. Threads: const members are
// [any]. Not there: what needs other files (extends, include, import), methods that change a value, integers beyond 64 bits.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::jinja {

/// How templates are read and what they find by name.
struct Environment {
  bool trim_blocks = false;            // one newline after a block goes
  bool lstrip_blocks = false;          // blanks before a block at a line's start go
  bool keep_trailing_newline = false;
  bool strict_undefined = false;       // what is undefined may be asked for and nothing else
  bool regex_replace = false;          // lm-eval's filter: Python's re.sub
  bool chat = false;  // what transformers adds: break, continue, generation, raise_exception, strftime_now, its tojson
  const char* noun = "template";       // in errors
  const char* refusal = "cannot be rendered";

  /// As transformers sets Jinja2 up for chat templates: trim_blocks, lstrip_blocks, loop controls, tojson as Python's
  /// json.dumps(ensure_ascii=False).
  static Environment chat_templates();
  /// As lm-eval does for tasks: StrictUndefined, keep_trailing_newline, regex_replace, and else Jinja2's defaults.
  static Environment lm_eval();
};

struct Limits {
  uint64_t steps = 2'000'000;          // evaluated nodes
  uint32_t depth = 200;                // nested calls, blocks and expressions
  uint64_t output_bytes = 16u << 20;
};

/// A name that a template takes from what it is rendered for.
struct Variable {
  std::string name;
  bool may_be_missing = false;  // the template asks whether it is there ("x is defined"), or has a default for it
  bool operator==(const Variable&) const = default;
};

class Template {
 public:
  /// `name` (a path, or "doc_to_text of task X") appears in errors with the line.
  static Result<Template> parse(std::string source, std::string name, Environment environment);

  /// The members of `record` (an object) are the variables. JSON's values print as Python's: True, None, 1.0, ['a', 1].
  Result<std::string> render(const json::Value& record, const Limits& limits = {}) const;
  /// The same for variables from several places; a null pointer is None, and the last of a name counts. `now`: ISO 8601 local
  /// time for strftime_now.
  using Given = std::pair<std::string_view, const json::Value*>;
  Result<std::string> render(const std::vector<Given>& given, const Limits& limits = {}, std::string now = {}) const;

  /// In the order in which they first appear; neither what {% set %}, loops and macros name nor the functions of the language.
  const std::vector<Variable>& variables() const;
  const std::string& source() const;
  const std::string& name() const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;
};

}  // namespace sextant::jinja
