// `sextant model ...`: one model looked into. JSON lines in, one JSON line out for each, in order.
#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <iostream>
#include "../base/exit_code.hpp"
#include "../base/files.hpp"
#include "../base/log.hpp"
#include "../base/text.hpp"
#include "../serve/model_session.hpp"
#include "commands.hpp"
#include "json_lines.hpp"
#include "model_info.hpp"
#include "options.hpp"
#include "workspace.hpp"

namespace sextant::cli {
namespace {

Error bad_line(size_t number, const std::string& what) {
  return {Error::Kind::data, fmt::format("input line {}: {}", number, what)};
}

Result<std::string> text_member(const JsonLine& line, const char* key) {
  const auto value = json::find_string(line.object, key);
  if (!value) return bad_line(line.number, fmt::format("\"{}\" is missing or not a text", key));
  return *value;
}

Result<std::vector<int32_t>> ids_member(const JsonLine& line) {
  const json::Value* list = json::find(line.object, "ids");
  if (!list || !list->IsArray()) return bad_line(line.number, "\"ids\" is missing or not a list");
  std::vector<int32_t> ids;
  for (const auto& id : list->GetArray()) {
    if (!id.IsInt()) return bad_line(line.number, "\"ids\" must hold whole numbers");
    ids.push_back(id.GetInt());
  }
  return ids;
}

json::Value id_list(std::span<const int32_t> ids, json::Document::AllocatorType& a) {
  json::Value list(rapidjson::kArrayType);
  for (const int32_t id : ids) list.PushBack(id, a);
  return list;
}

struct Lookup {
  serve::ModelSession& session;
  const po::variables_map& values;
  std::vector<JsonLine> lines;
};

uint32_t token_flags(const po::variables_map& values) {
  return (values["add-special-tokens"].as<bool>() ? uint32_t{SXT_REQUEST_ADD_SPECIAL} : 0u) |
         (values["split-special-tokens"].as<bool>() ? uint32_t{SXT_REQUEST_SPLIT_SPECIAL} : 0u);
}

Result<std::vector<json::Document>> tokenize(Lookup& lookup) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < lookup.lines.size(); ++i) {
    SXT_TRY(std::string text, text_member(lookup.lines[i], "text"));
    texts.push_back(std::move(text));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  SXT_TRY(const auto all, lookup.session.model().tokenize(views, token_flags(lookup.values)));
  std::vector<json::Document> out(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    out[i].SetObject();
    json::set(out[i], "ids", id_list(all[i], out[i].GetAllocator()), out[i].GetAllocator());
  }
  return out;
}

Result<std::vector<json::Document>> detokenize(Lookup& lookup) {
  std::vector<std::vector<int32_t>> ids(lookup.lines.size());
  for (size_t i = 0; i < lookup.lines.size(); ++i) { SXT_TRY(ids[i], ids_member(lookup.lines[i])); }
  SXT_TRY(const auto texts, lookup.session.model().detokenize(ids, 0));
  std::vector<json::Document> out(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    out[i].SetObject();
    json::set(out[i], "text", texts[i], out[i].GetAllocator());
  }
  return out;
}

Result<std::vector<json::Document>> chat(Lookup& lookup) {
  std::vector<json::Document> out(lookup.lines.size());
  for (size_t i = 0; i < lookup.lines.size(); ++i) {
    const auto text = lookup.session.render_chat(json::write(lookup.lines[i].object));
    if (!text && text.error().kind != Error::Kind::data) return text.error();
    out[i].SetObject();
    if (text) json::set(out[i], "text", *text, out[i].GetAllocator());
    else json::set(out[i], "error", text.error().message, out[i].GetAllocator());
  }
  return out;
}

// Runs the requests of all lines at once; the first failure of a line becomes its {"error"}.
Result<std::vector<json::Document>> run_requests(serve::ModelSession& session, const std::vector<data::Request>& requests,
                                                 const std::function<void(const data::Response&, json::Document&)>& write) {
  std::vector<json::Document> out(requests.size());
  std::vector<const data::Request*> pointers;
  for (const data::Request& request : requests) pointers.push_back(&request);
  SXT_CHECK(session.model().run(plugin::Host::new_call(), pointers, [&](size_t i, data::Response response) {
    out[i].SetObject();
    if (response.error) json::set(out[i], "error", response.error->message, out[i].GetAllocator());
    else write(response, out[i]);
  }));
  return out;
}

Result<std::vector<json::Document>> score(Lookup& lookup) {
  std::vector<data::Request> requests(lookup.lines.size());
  for (size_t i = 0; i < lookup.lines.size(); ++i) {
    SXT_TRY(requests[i].text, text_member(lookup.lines[i], "prefix"));
    const json::Value* list = json::find(lookup.lines[i].object, "continuations");
    if (!list || !list->IsArray() || list->Empty())
      return bad_line(lookup.lines[i].number, "\"continuations\" is missing or empty");
    for (const auto& text : list->GetArray()) {
      if (!text.IsString()) return bad_line(lookup.lines[i].number, "\"continuations\" must hold texts");
      requests[i].continuations.emplace_back(json::text(text));
    }
    requests[i].ask = data::Ask::score;
    requests[i].token_logprobs = requests[i].total_logprob = true;
    requests[i].split_special = lookup.values["split-special-tokens"].as<bool>();
  }
  return run_requests(lookup.session, requests, [](const data::Response& result, json::Document& out) {
    auto& a = out.GetAllocator();
    json::Value scores(rapidjson::kArrayType);
    for (const data::ContinuationScore& one : result.scores) {
      json::Value item(rapidjson::kObjectType), logprobs(rapidjson::kArrayType);
      for (const float logprob : one.token_logprobs) logprobs.PushBack(logprob, a);
      json::set(item, "logprob", json::Value(one.logprob), a);
      json::set(item, "tokens", json::Value(one.tokens), a);
      json::set(item, "greedy", json::Value(one.greedy), a);
      json::set(item, "token_logprobs", std::move(logprobs), a);
      json::set(item, "total_logprob", json::Value(one.total_logprob), a);
      json::set(item, "total_tokens", json::Value(one.total_tokens), a);
      scores.PushBack(std::move(item), a);
    }
    json::set(out, "scores", std::move(scores), a);
  });
}

// A line has a text or, as `tokenize` writes them, ids.
Result<std::vector<json::Document>> embed(Lookup& lookup) {
  SXT_TRY(const sxt_model_info about, lookup.session.model().info());
  if (!(about.abilities & SXT_MODEL_EMBED))
    return Error{Error::Kind::config, fmt::format("{}: the backend gives no embeddings; use --backend cpu",
                                                  lookup.session.config().abbr)};
  std::vector<data::Request> requests(lookup.lines.size());
  for (size_t i = 0; i < lookup.lines.size(); ++i) {
    const JsonLine& line = lookup.lines[i];
    requests[i].ask = data::Ask::embed;
    requests[i].split_special = lookup.values["split-special-tokens"].as<bool>();
    if (json::find(line.object, "ids")) {
      SXT_TRY(requests[i].ids, ids_member(line));
    } else {
      SXT_TRY(requests[i].text, text_member(line, "text"));
    }
  }
  return run_requests(lookup.session, requests, [](const data::Response& result, json::Document& out) {
    auto& a = out.GetAllocator();
    json::Value numbers(rapidjson::kArrayType);
    for (const float number : result.embedding) numbers.PushBack(number, a);
    json::set(out, "embedding", std::move(numbers), a);
    json::set(out, "prompt_tokens", json::Value(result.usage.prompt_tokens), a);
    json::set(out, "truncated_tokens", json::Value(result.usage.truncated_tokens), a);
  });
}

Result<std::vector<json::Document>> generate(Lookup& lookup) {
  std::vector<data::Request> requests(lookup.lines.size());
  for (size_t i = 0; i < lookup.lines.size(); ++i) {
    const json::Document& line = lookup.lines[i].object;
    if (json::find(line, "messages")) {
      json::Document conversation = json::copy(line);
      if (!json::find(conversation, "add_generation_prompt"))
        json::set(conversation, "add_generation_prompt", json::Value(true), conversation.GetAllocator());
      auto text = lookup.session.render_chat(json::write(conversation));
      if (!text) return bad_line(lookup.lines[i].number, text.error().message);
      requests[i].text = *std::move(text);
      requests[i].add_special = false;
    } else {
      SXT_TRY(requests[i].text, text_member(lookup.lines[i], "prompt"));
    }
    data::Sampling sampling = lookup.session.sampling();
    sampling.stream = i;
    requests[i].sampling = std::move(sampling);
  }
  return run_requests(lookup.session, requests, [](const data::Response& result, json::Document& out) {
    auto& a = out.GetAllocator();
    json::set(out, "text", result.text, a);
    json::set(out, "ids", id_list(result.ids, a), a);
    json::set(out, "prompt_tokens", json::Value(result.usage.prompt_tokens), a);
    json::set(out, "finish", data::finish_name(result.finish), a);
  });
}

int info(serve::ModelSession& session, bool as_json) {
  const auto about = session.model().describe();
  if (!about) return fail(about.error());
  json::Document out = json::copy(*about);
  json::Value warnings(rapidjson::kArrayType);  // those that a run logs: the backend's, and what the run itself does not follow
  for (const std::string& warning : session.warnings())
    warnings.PushBack(json::Value(warning, out.GetAllocator()), out.GetAllocator());
  json::set(out, "warnings", std::move(warnings), out.GetAllocator());
  if (!session.weights_sha256().empty()) {
    json::set(out, "weights_sha256", session.weights_sha256(), out.GetAllocator());
    json::set(out, "context_length", json::Value(session.context_length()), out.GetAllocator());
  }
  return as_json ? print_json(json::write(out) + "\n") : print(model_info_text(out));
}

// A model that no device here can compute, for its size or its kind, is described all the same; the exit code says it.
Result<int> info(Workspace& workspace, const config::ModelConfig& model, bool as_json) {
  auto session = serve::ModelSession::open(workspace.host(), model, serve::Load::weights);
  if (session) return info(*session, as_json);
  if (session.error().kind != Error::Kind::device) return session.error();
  auto described = serve::ModelSession::open(workspace.host(), model, serve::Load::description);
  if (!described) return session.error();
  const int printed = info(*described, as_json);
  return printed == exit_ok ? fail(session.error()) : printed;
}

// Those of `prompt` that concern a model; what concerns data sets would change nothing here.
po::options_description model_options() {
  constexpr std::string_view of_data_sets[] = {"config",     "datasets",  "set",    "shots", "repeat",     "rows",
                                               "exclude",    "extractor", "metric", "judge", "summarizer", "limit",
                                               "limit-mode", "data-dir",  "index",  "tokens"};
  po::options_description options("Options");
  const po::options_description all = prompt_options();
  for (const auto& option : all.options()) {
    const std::string name = option->long_name();
    if (!name.starts_with("custom-dataset-") &&
        std::find(std::begin(of_data_sets), std::end(of_data_sets), name) == std::end(of_data_sets))
      options.add(option);
  }
  options.add_options()("input", po::value<std::string>()->default_value(""), "JSON lines, instead of stdin")(
      "add-special-tokens", po::bool_switch(), "")("split-special-tokens", po::bool_switch(), "");
  return options;
}

// A tokenizer or a chat template alone needs no weights and no model: any backend that can read it serves.
Result<config::ModelConfig> resolve_model(Workspace& workspace, RunCommandFlags& flags, bool with_weights) {
  config::World world = workspace.world();
  if (!with_weights && flags.run.model_path.empty() && flags.run.hf_path.empty() && flags.run.models.empty() &&
      (!flags.run.tokenizer_path.empty() || !flags.run.chat_template.empty()))
    world.default_model = []() -> Result<std::string> { return std::string(); };
  SXT_TRY(std::vector<config::ModelConfig> models, config::resolve_models(flags.run, world));
  if (models.size() != 1) return Error{Error::Kind::usage, "name one model"};
  config::ModelConfig model = std::move(models.front());
  if (model.abbr.empty()) model.abbr = flags.run.tokenizer_path.empty() ? flags.run.chat_template : flags.run.tokenizer_path;
  return model;
}

// An option that the verb does not use.
Result<void> check_verb(const std::string& verb, const po::variables_map& values) {
  const auto vain = [&](const char* flag, bool given, std::initializer_list<std::string_view> verbs) -> Result<void> {
    if (!given || std::find(verbs.begin(), verbs.end(), verb) != verbs.end()) return {};
    return Error{Error::Kind::usage,
                 fmt::format("--{} changes nothing for `sextant model {}`; it is for {}", flag, verb, fmt::join(verbs, ", "))};
  };
  SXT_CHECK(vain("add-special-tokens", values["add-special-tokens"].as<bool>(), {"tokenize"}));
  SXT_CHECK(vain("split-special-tokens", values["split-special-tokens"].as<bool>(), {"tokenize", "score", "embed"}));
  return vain("input", !values["input"].as<std::string>().empty(),
              {"tokenize", "detokenize", "score", "generate", "embed", "chat"});
}

Result<int> look(const std::string& verb, const po::variables_map& values) {
  SXT_CHECK(check_verb(verb, values));
  SXT_TRY(RunCommandFlags flags, run_flags(values));
  Workspace workspace(flags.config_dir, flags.plugin_path);
  const bool with_weights = verb == "score" || verb == "generate" || verb == "embed" || verb == "info";
  SXT_TRY(const config::ModelConfig model, resolve_model(workspace, flags, with_weights));
  if (verb == "info") return info(workspace, model, flags.json);
  SXT_TRY(serve::ModelSession session,
          serve::ModelSession::open(workspace.host(), model, with_weights ? serve::Load::weights : serve::Load::vocabulary));
  Lookup lookup{session, values, {}};
  SXT_TRY(lookup.lines, read_json_lines(values["input"].as<std::string>()));
  auto out = verb == "tokenize"     ? tokenize(lookup)
             : verb == "detokenize" ? detokenize(lookup)
             : verb == "chat"       ? chat(lookup)
             : verb == "score"      ? score(lookup)
             : verb == "embed"      ? embed(lookup)
                                    : generate(lookup);
  if (!out) return out.error();
  std::string text;
  bool failed = false;
  for (const json::Document& line : *out) {
    text += json::write(line) + "\n";
    failed = failed || (verb != "chat" && json::find(line, "error"));
  }
  const int printed = print_json(text);
  return printed != exit_ok ? printed : failed ? static_cast<int>(exit_data) : static_cast<int>(exit_ok);
}

}  // namespace

int model_command(const std::vector<std::string>& args) {
  const std::vector<std::string> verbs = {"info", "tokenize", "detokenize", "score", "generate", "embed", "chat"};
  if (args.empty() || args.front() == "--help" || args.front() == "-h") {
    print(help_text("model"));
    return args.empty() ? exit_usage : exit_ok;
  }
  if (std::find(verbs.begin(), verbs.end(), args.front()) == verbs.end())
    return fail({Error::Kind::usage, fmt::format("`sextant model {}` is unknown{}; there are: {}", args.front(),
                                                 did_you_mean(args.front(), verbs), join(verbs, ", "))});
  const auto values = parse_options({args.begin() + 1, args.end()}, model_options());
  if (!values) return fail(values.error());
  if ((*values)["help"].as<bool>()) return print(help_text("model"));
  if ((*values)["quiet"].as<bool>() || !(*values)["debug"].as<bool>()) set_log_threshold(LogLevel::warning);
  catch_signals();
  const auto code = look(args.front(), *values);
  return code ? *code : fail(code.error());
}

}  // namespace sextant::cli
