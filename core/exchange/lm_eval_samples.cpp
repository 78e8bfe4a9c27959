// lm-eval's samples_<task>_<time>.jsonl, as 0.4.13 writes it with --log_samples.
#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sextant/sha256.hpp>
#include <sextant/python_text.hpp>
#include "../base/file_parts.hpp"
#include "formats.hpp"
#include "json_values.hpp"
#include "lm_eval.hpp"

namespace sextant::exchange {
namespace {

std::vector<std::pair<std::string, std::string>> contexts_and_continuations(const Task& task, const data::Attempt& attempt,
                                                                            const std::string& context) {
  std::vector<std::pair<std::string, std::string>> out;
  std::string common;  // what follows each context where the options are the questions
  const std::string delimiter = text_at(task.set, "infer.template.target_delimiter");
  const auto record = json::parse(attempt.record_json, "record");
  const Value* doc = record ? json::find(*record, text_at(task.set, "infer.template.column")) : nullptr;
  if (const auto continuation = doc ? json::find_string(*doc, "continuation") : std::nullopt)
    common = delimiter + *continuation;
  const Value* options = doc ? json::find(*doc, "options") : nullptr;
  const bool whole = text_at(task.set, "infer.inferencer.type") == "ppl";  // each label is a text of its own
  for (const data::LabelScore& label : attempt.labels) {
    const std::string input = label.input.str();
    if (whole) out.emplace_back("", input);
    else if (!common.empty() && input != common && input.ends_with(common))
      out.emplace_back(input.substr(0, input.size() - common.size()), common);
    else out.emplace_back(context, input);
    // white space at a context's end is scored with the continuation, and is the context's in lm-eval's files
    const bool listed = options && options->IsArray() && options->Size() == attempt.labels.size();
    const Value* option = listed ? &(*options)[static_cast<rapidjson::SizeType>(out.size() - 1)] : nullptr;
    const std::string own = option && option->IsString() ? delimiter + std::string(json::text(*option)) : common;
    auto& [before, after] = out.back();
    if (!own.empty() && after.size() > own.size() && after.ends_with(own)) {
      before += after.substr(0, after.size() - own.size());
      after = own;
    }
  }
  return out;
}

Value argument(std::initializer_list<std::string> texts, Allocator& a) {
  Value out = object();
  size_t i = 0;
  for (const std::string& text : texts) json::set(out, fmt::format("arg_{}", i++), text, a);
  return out;
}

struct Hashes {
  std::string doc, prompt, target;
};

// `replies`: of all repeats of that row; empty where each has one.
json::Document sample_line(const Task& task, const std::string& filter, const Value& line, const data::Attempt* attempt,
                           const std::vector<std::string>& replies, Hashes& ret_hashes) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::Document doc = row_of(task, attempt);
  const Value* target = json::find(line, "target");
  std::string target_text = target ? python_str(*target) : "None";
  Value arguments = object(), resps = array(), filtered = array(), metrics = array();
  std::string prompt = prompt_text(line);
  const Value* logprob = nullptr;
  json::Document extra;
  if (attempt && !attempt->extra_json.empty())
    if (auto parsed = json::parse(attempt->extra_json, "extra")) extra = *std::move(parsed);
  if (extra.IsObject() && attempt->labels.empty()) logprob = json::find(extra, "logprob");
  if (attempt && !attempt->labels.empty()) {
    const auto pairs = contexts_and_continuations(task, *attempt, prompt);
    const Value* greedy = extra.IsObject() ? json::find(extra, "greedy") : nullptr;
    for (size_t i = 0; i < pairs.size(); ++i) {
      json::set(arguments, fmt::format("gen_args_{}", i), argument({pairs[i].first, pairs[i].second}, a), a);
      const data::LabelScore& label = attempt->labels[i];
      const auto first = greedy ? json::find_bool(*greedy, label.label) : std::nullopt;
      Value one = array();
      one.PushBack(Value(python_float(label.logprob), a), a);
      one.PushBack(Value(!first ? "None" : *first ? "True" : "False", a), a);
      Value each = array();
      each.PushBack(Value(one, a), a);
      resps.PushBack(std::move(each), a);
      filtered.PushBack(std::move(one), a);
    }
    if (!pairs.empty()) prompt = pairs.front().first;
    if (const auto record = json::parse(attempt->record_json, "record"); record && lm_eval_output(task) == "loglikelihood")
      if (const Value* asked = json::find(*record, text_at(task.set, "infer.template.column")))
        target_text = json::find_string(*asked, "continuation").value_or(target_text);  // what is scored is the target
  } else if (logprob && logprob->IsNumber()) {
    if (target_text.empty()) target_text = prompt;  // the text that is scored is lm-eval's target
    json::set(arguments, "gen_args_0", argument({prompt}, a), a);
    Value each = array();
    each.PushBack(Value(python_float(logprob->GetDouble()), a), a);
    resps.PushBack(std::move(each), a);
    filtered.PushBack(Value(python_float(logprob->GetDouble()), a), a);
  } else {
    Value one = argument({prompt}, a), each = array();
    json::set(one, "arg_1", lm_eval_generation(task, a), a);
    json::set(arguments, "gen_args_0", std::move(one), a);
    if (replies.empty()) each.PushBack(Value(json::find_string(line, "prediction").value_or(""), a), a);
    for (const std::string& reply : replies) each.PushBack(Value(reply, a), a);
    resps.PushBack(std::move(each), a);
    const Value* answers = json::find(line, "answers");
    const Value* answer = answers ? json::find(*answers, filter) : nullptr;
    filtered.PushBack(Value(answer ? python_str(*answer) : "None", a), a);
  }
  const Value* scores = json::find(line, "scores");
  std::vector<std::pair<std::string, const Value*>> values;
  if (scores && scores->IsObject())
    for (const auto& score : scores->GetObject()) {
      const std::string name(json::text(score.name));
      const size_t comma = name.find(',');
      if (comma == name.npos || name.substr(comma + 1) == filter) values.emplace_back(name.substr(0, comma), &score.value);
    }
  for (const auto& [name, value] : values) metrics.PushBack(Value(name, a), a);
  ret_hashes = {sha256_hex(python_dumps(doc)), sha256_hex(prompt), sha256_hex(target_text)};
  json::set(out, "doc_id", Value(std::max<int64_t>(0, json::find_int(line, "index").value_or(0))), a);
  json::set(out, "doc", Value(doc, a), a);
  json::set(out, "target", target_text, a);
  json::set(out, "arguments", std::move(arguments), a);
  json::set(out, "resps", std::move(resps), a);
  json::set(out, "filtered_resps", std::move(filtered), a);
  json::set(out, "filter", filter, a);
  json::set(out, "metrics", std::move(metrics), a);
  json::set(out, "doc_hash", ret_hashes.doc, a);
  json::set(out, "prompt_hash", ret_hashes.prompt, a);
  json::set(out, "target_hash", ret_hashes.target, a);
  // what lm-eval adds up over a set: ln p and how many words or bytes it is of
  const auto pair_of = [&](const std::string& name) -> const Value* {
    const bool words = name == "word_perplexity", bytes = name == "byte_perplexity" || name == "bits_per_byte";
    return logprob && (words || bytes) ? json::find(extra, words ? "words" : "bytes") : nullptr;
  };
  for (const auto& [name, value] : values) {
    const Value* weight = pair_of(name);
    Value pair(rapidjson::kArrayType);
    if (weight) pair.PushBack(Value(*logprob, a), a).PushBack(Value(*weight, a), a);
    json::set(out, name, weight ? std::move(pair) : Value(*value, a), a);
  }
  return out;
}

}  // namespace

json::Value lm_eval_generation(const Task& task, Allocator& a) {
  Value out = object();
  Value until = array();
  if (const Value* stop = member_at(task.set, "infer.inferencer.stop"); stop && stop->IsArray()) until.CopyFrom(*stop, a);
  json::set(out, "until", std::move(until), a);
  const Value* drawn = member_at(task.asked, "generation.do_sample");
  const Value* temperature = member_at(task.asked, "generation.temperature");
  json::set(out, "do_sample",
            Value(drawn ? drawn->IsTrue() : temperature && temperature->IsNumber() && temperature->GetDouble() > 0), a);
  if (temperature) json::set(out, "temperature", Value(*temperature, a), a);
  if (const Value* tokens = member_at(task.set, "infer.inferencer.max_out_len"))
    json::set(out, "max_gen_toks", Value(*tokens, a), a);
  return out;
}

Result<std::string> write_lm_eval_samples(const Task& task, const std::filesystem::path& path) {
  std::map<uint64_t, std::vector<std::string>> replies;
  if (const Value* repeats = member_at(task.set, "infer.repeats"); repeats && repeats->IsUint64() && repeats->GetUint64() > 1) {
    SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt*) -> Result<void> {
      replies[static_cast<uint64_t>(json::find_int(line, "index").value_or(0))].push_back(
          json::find_string(line, "prediction").value_or(""));
      return {};
    }));
  }
  SXT_TRY(FileWriter file, FileWriter::open(path));
  std::string hashes;
  for (const std::string& filter : task.filters) {
    SXT_CHECK(each_attempt(task, [&](const Value& line, const data::Attempt* attempt) -> Result<void> {
      if (json::find_int(line, "repeat").value_or(0) > 0) return {};
      const auto all = replies.find(static_cast<uint64_t>(json::find_int(line, "index").value_or(0)));
      Hashes one;
      const json::Document out =
          sample_line(task, filter, line, attempt, all == replies.end() ? std::vector<std::string>() : all->second, one);
      hashes += one.doc + one.prompt + one.target;
      return file.write(json::write(out) + "\n");
    }));
  }
  SXT_CHECK(file.commit());
  return sha256_hex(hashes);
}

}  // namespace sextant::exchange
