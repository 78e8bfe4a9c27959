#include "python_tool.hpp"
#include <fmt/format.h>
#include <sextant/json.hpp>
#include <sextant/utf8_text.hpp>
#include "../infer/tools/tools.hpp"
#include "../sandbox/sandboxes.hpp"

namespace sextant::serve {
namespace {

constexpr size_t said_bytes = 4000;  // about a thousand tokens: more would crowd out the conversation

// Models fence code even where they were asked for code alone.
std::string_view without_fence(std::string_view code) {
  const size_t begin = code.find_first_not_of(" \t\r\n");
  if (begin == code.npos || !code.substr(begin).starts_with("```")) return code;
  const size_t line = code.find('\n', begin);
  if (line == code.npos) return code;
  code.remove_prefix(line + 1);
  return code.substr(0, code.rfind("```"));
}

std::string cut(std::string text) {
  if (text.size() <= said_bytes) return text;
  const size_t end = utf8::boundary(text, said_bytes);
  return fmt::format("{}\n({} bytes more)", text.substr(0, end), text.size() - end);
}

}  // namespace

Result<std::string> run_python(std::string_view arguments_json) {
  const auto arguments = json::parse(arguments_json, "tool");
  const auto code = arguments ? json::find_string(*arguments, "code") : std::nullopt;
  if (!code) return std::string("error: python needs the text \"code\"");
  sandbox::Job job;
  job.kind = sandbox::Job::Kind::script;
  job.program = without_fence(*code);
  SXT_TRY(const sandbox::Verdict verdict, sandbox::run(job));
  std::string out = verdict.output;
  while (out.ends_with('\n')) out.pop_back();
  out = cut(std::move(out));
  if (verdict.outcome != sandbox::Outcome::passed)
    return fmt::format("{}{}error: stopped: {}", out, out.empty() ? "" : "\n", verdict.detail);
  return out.empty() ? "(nothing was printed)" : out;
}

bool offers_programs(const config::Inferencer& inferencer) {
  const auto config = json::parse(inferencer.config, "inferencer");
  const json::Value* tools = config && inferencer.id == "agent" ? json::find(*config, "tools") : nullptr;
  if (!tools || !tools->IsArray()) return false;
  for (const auto& name : tools->GetArray())
    if (const infer::Tool* tool = name.IsString() ? infer::find_tool(json::text(name)) : nullptr; tool && !tool->run)
      return true;
  return false;
}

}  // namespace sextant::serve
