#include "job.hpp"
#include <algorithm>
#include <iterator>
#include <sextant/utf8_text.hpp>
#include "../data/fields.hpp"

namespace sextant::sandbox {
namespace {

constexpr std::string_view outcome_names[] = {"passed", "wrong", "failed", "timed_out",  "memory",
                                              "tasks",  "files", "output", "untestable", "broken"};

}  // namespace

std::string_view outcome_name(Outcome outcome) { return outcome_names[static_cast<size_t>(outcome)]; }

json::Document to_json(const Job& job) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::Value limits(rapidjson::kObjectType);
  json::set(limits, "cpu_s", json::Value(job.limits.cpu_s), a);
  json::set(limits, "wall_s", json::Value(job.limits.wall_s), a);
  json::set(limits, "memory_mb", json::Value(job.limits.memory_mb), a);
  json::set(limits, "tasks", json::Value(job.limits.tasks), a);
  json::set(limits, "output_kb", json::Value(job.limits.output_kb), a);
  json::set(limits, "file_mb", json::Value(job.limits.file_mb), a);
  json::set(limits, "folder_mb", json::Value(job.limits.folder_mb), a);
  json::set(limits, "files", json::Value(job.limits.files), a);
  json::set(limits, "open_files", json::Value(job.limits.open_files), a);
  json::set(out, "script", json::Value(job.kind == Job::Kind::script), a);
  json::set(out, "program", job.program, a);
  json::set(out, "trim", json::Value(job.trim), a);
  json::set(out, "limits", std::move(limits), a);
  json::set(out, "prepare", job.prepare, a);
  json::set(out, "tests", job.tests, a);
  json::set(out, "names", data::list(job.names, a), a);
  json::set(out, "reference", job.reference, a);
  json::set(out, "data", job.data_json, a);
  json::set(out, "types", json::Value(job.types), a);
  return out;
}

Result<Job> job_from_json(const json::Value& value) {
  Job job;
  data::Fields in(value, "sandbox");
  bool script = false;
  in.read("script", script);
  job.kind = script ? Job::Kind::script : Job::Kind::tests;
  in.read("program", job.program);
  in.read("trim", job.trim);
  in.read("prepare", job.prepare);
  in.read("tests", job.tests);
  in.read("names", job.names);
  in.read("reference", job.reference);
  in.read("data", job.data_json);
  in.read("types", job.types);
  if (const json::Value* given = in.find("limits")) {
    data::Fields limits(*given, "sandbox: limits");
    limits.read("cpu_s", job.limits.cpu_s);
    limits.read("wall_s", job.limits.wall_s);
    limits.read("memory_mb", job.limits.memory_mb);
    limits.read("tasks", job.limits.tasks);
    limits.read("output_kb", job.limits.output_kb);
    limits.read("file_mb", job.limits.file_mb);
    limits.read("folder_mb", job.limits.folder_mb);
    limits.read("files", job.limits.files);
    limits.read("open_files", job.limits.open_files);
    SXT_CHECK(limits.take());
  }
  SXT_CHECK(in.take());
  return job;
}

json::Document to_json(const Verdict& verdict) {
  json::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  json::set(out, "outcome", outcome_name(verdict.outcome), a);
  json::set(out, "detail", utf8::repair(verdict.detail), a);  // programs write bytes
  json::set(out, "output", utf8::repair(verdict.output), a);
  json::set(out, "cpu_s", json::Value(verdict.cpu_s), a);
  json::set(out, "wall_s", json::Value(verdict.wall_s), a);
  json::set(out, "peak_mb", json::Value(verdict.peak_mb), a);
  json::set(out, "waited", json::Value(verdict.waited), a);
  return out;
}

Result<Verdict> verdict_from_json(const json::Value& value) {
  Verdict verdict;
  data::Fields in(value, "sandbox");
  std::string outcome;
  in.read("outcome", outcome);
  in.read("detail", verdict.detail);
  in.read("output", verdict.output);
  in.read("cpu_s", verdict.cpu_s);
  in.read("wall_s", verdict.wall_s);
  in.read("peak_mb", verdict.peak_mb);
  in.read("waited", verdict.waited);
  SXT_CHECK(in.take());
  const auto* found = std::find(std::begin(outcome_names), std::end(outcome_names), outcome);
  if (found == std::end(outcome_names)) return Error{Error::Kind::internal, "the sandbox's supervisor gave no outcome"};
  verdict.outcome = static_cast<Outcome>(found - std::begin(outcome_names));
  return verdict;
}

}  // namespace sextant::sandbox
