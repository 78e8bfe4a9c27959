#include "resolve_models.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <set>
#include "../base/file_name.hpp"
#include "../base/text.hpp"
#include "json_source.hpp"
#include "overrides.hpp"
#include "shapes.hpp"

namespace sextant::config {
namespace fs = std::filesystem;
namespace {

Error usage(std::string message) { return {Error::Kind::usage, std::move(message)}; }

// What a server's name for a model ends in: "Qwen/Qwen2.5-7B-Instruct".
std::string name_in_path(std::string name) {
  while (!name.empty() && name.back() == '/') name.pop_back();
  return name.substr(name.rfind('/') + 1);
}

// The last component of the path that says something: "." and ".." are called by their folders, a snapshot of the hub's cache
// by its model.
std::string model_abbr(const std::string& path, bool hugging_face, Compat compat) {
  fs::path p = fs::path(path).lexically_normal();
  if (p.filename().empty()) p = p.parent_path();
  std::error_code code;
  if (p.empty() || p.filename() == "." || p.filename() == "..") p = fs::weakly_canonical(fs::absolute(path, code), code);
  std::string name = p.filename().string();
  const std::string model = p.parent_path().parent_path().filename().string();
  if (hugging_face && p.parent_path().filename() == "snapshots" && model.starts_with("models--"))
    name = model.substr(model.rfind("--") + 2);
  if (hugging_face && compat == Compat::opencompass_0_2_4)
    return fmt::format("opencompass.models.huggingface.HuggingFace_{}_{}", p.parent_path().filename().string(), name);
  if (hugging_face) return name + "_hf";
  if (name.size() > 5 && name.ends_with(".gguf")) name.resize(name.size() - 5);
  return name;
}

// "base_hf+adapter": another model than base_hf.
std::string with_adapter(std::string abbr, const std::string& folder, Compat compat) {
  if (folder.empty() || is_opencompass(compat)) return abbr;  // those name the folder alone
  return abbr + "+" + model_abbr(folder, false, Compat::none);
}

// Two models of one name are told apart by what differs between them, where nobody has named them: the adapter, the chat
// template, the compute type.
void tell_apart(std::vector<ModelConfig>& models, const std::vector<bool>& named) {
  std::map<std::string, std::vector<size_t>> groups;
  for (size_t i = 0; i < models.size(); ++i)
    if (!named[i]) groups[file_name_key(models[i].abbr)].push_back(i);
  for (const auto& [key, group] : groups) {
    if (group.size() < 2) continue;
    for (const char* member : {"peft_path", "chat_template", "compute"}) {
      std::vector<std::string> values;
      for (const size_t i : group) {
        const auto config = json::parse(models[i].config, models[i].abbr);
        values.push_back(config ? json::find_string(*config, member).value_or("") : "");
      }
      if (std::all_of(values.begin(), values.end(), [&](const std::string& value) { return value == values.front(); }))
        continue;
      for (size_t k = 0; k < group.size(); ++k)
        if (!values[k].empty())
          models[group[k]].abbr +=
              "+" + (member == std::string_view("compute") ? values[k] : fs::path(values[k]).stem().string());
    }
  }
}

// What --models and --judge name: a card, or a GGUF file or folder by its path; NAME= in front gives it another name.
Result<ModelConfig> model_named(const std::string& text, Compat compat, const World& world) {
  ModelConfig model;
  const size_t equals = text.find('=');
  const bool named = equals != text.npos && equals > 0 && text.find('/') > equals;
  const std::string rest = named ? text.substr(equals + 1) : text;
  if (rest.find('/') != rest.npos || rest.ends_with(".gguf")) {
    model.path = rest;
    model.hugging_face = !rest.ends_with(".gguf");
    model.abbr = model_abbr(rest, model.hugging_face, compat);
  } else {
    SXT_TRY(const CardEntry* entry, world.cards->find(CardKind::model, rest));
    SXT_TRY(model, read_model_card(*entry, world.cards));
  }
  if (named) model.abbr = text.substr(0, equals);
  return model;
}

class ModelFlags {
 public:
  ModelFlags(const RunFlags& flags, const World& world) : flags_(flags), world_(world) {}

  // Flags win over what a card says.
  Result<void> apply(ModelConfig& model) {
    if (!flags_.backend.empty()) model.backend = flags_.backend;
    if (model.backend == "auto") { SXT_TRY(model.backend, world_.auto_backend()); }
    if (world_.find_backend) SXT_CHECK(world_.find_backend(model.backend));
    json::Document parsed;
    SXT_TRY(parsed, json::parse(model.config, model.abbr));
    config_ = std::move(parsed);
    if (!model.path.empty()) {
      SXT_TRY(model.path, locate(model.hugging_face ? "--hf-path" : "--model-path", model.path,
                                 model.hugging_face ? ModelFiles::folder : ModelFiles::file));
      set("path", model.path);
    }
    if (flags_.threads) set("threads", *flags_.threads, "--threads", model.backend);
    if (flags_.batch_size) {
      if (*flags_.batch_size == 0) return usage("--batch-size is 0; give 1 or more");
      set("batch_size", *flags_.batch_size, "--batch-size", model.backend);
    }
    if (flags_.num_gpus && *flags_.num_gpus > 0) {
      if (world_.backend_accepts(model.backend, "num_gpus")) set("num_gpus", *flags_.num_gpus);
      else warn_about("--num-gpus", fmt::format("the backend '{}' uses no GPUs", model.backend));
    }
    if (!flags_.compute.empty()) {
      const std::string_view known[] = {"auto", "f32", "bf16", "fp16", "int8", "exact"};
      if (std::find(std::begin(known), std::end(known), flags_.compute) == std::end(known))
        return usage(fmt::format("--compute is '{}'; it must be auto, f32, bf16, fp16, int8 or exact", flags_.compute));
      set("compute", flags_.compute, "--compute", model.backend);
    }
    if (!flags_.memory.empty()) {
      const std::optional<uint64_t> bytes = parse_size(flags_.memory);
      if (!bytes || *bytes == 0)
        return usage(
            fmt::format("--memory is '{}'; give bytes, or a number with K, M, G or T behind it, as in 8G", flags_.memory));
      set("memory", *bytes, "--memory", model.backend);
    }
    if (flags_.no_prefix_reuse) set("prefix_reuse", false, "--no-prefix-reuse", model.backend);
    if (flags_.no_speculation) set("speculation", false, "--no-speculation", model.backend);
    if (!flags_.tokenizer_path.empty()) set("tokenizer_path", flags_.tokenizer_path, "--tokenizer-path", model.backend);
    if (!flags_.peft_path.empty()) {
      if (!world_.backend_accepts(model.backend, "peft_path"))
        return usage(
            fmt::format("--peft-path: the backend '{}' merges no adapters; merge it into the model first", model.backend));
      set("peft_path", flags_.peft_path);
    }
    SXT_CHECK(locate_key("tokenizer_path", "--tokenizer-path", ModelFiles::either));
    SXT_CHECK(locate_key("peft_path", "--peft-path", ModelFiles::folder));
    if (!flags_.chat_template.empty()) {
      set("chat_template", flags_.chat_template, "--chat-template", model.backend);
      model.chat = flags_.chat_template == "auto" ? Chat::automatic : flags_.chat_template == "none" ? Chat::none : Chat::file;
    }
    SXT_CHECK(chat_template_kwargs(model));
    if (!flags_.hf_type.empty()) {
      if (flags_.hf_type != "base" && flags_.hf_type != "chat")
        return usage(fmt::format("--hf-type is '{}'; it must be 'base' or 'chat'", flags_.hf_type));
      model.base = flags_.hf_type == "base";
    }
    if (!flags_.system_prompt.empty()) model.system_prompt = flags_.system_prompt;
    if (flags_.max_seq_len) model.max_seq_len = *flags_.max_seq_len;
    if (model.max_seq_len) set("max_seq_len", model.max_seq_len, "--max-seq-len", model.backend);
    if (flags_.max_out_len) {
      if (*flags_.max_out_len == 0) return usage("--max-out-len is 0; give 1 or more");
      model.max_out_len = *flags_.max_out_len;
    }
    if (flags_.min_out_len) model.min_out_len = *flags_.min_out_len;
    model.stop_words.insert(model.stop_words.end(), flags_.stop_words.begin(), flags_.stop_words.end());
    for (const auto& [key, value] : flags_.model_kwargs) model_kwarg(key, value, model.backend);
    if (world_.environment)  // written down, so that the run's configuration says all that it depended on
      for (const auto& [key, value] : world_.environment(model.backend))
        if (json::find_string(config_, key).value_or("").empty()) set(key.c_str(), value);
    for (const auto& [key, value] : flags_.tokenizer_kwargs) SXT_CHECK(tokenizer_kwarg(key, value));
    for (const auto& [key, value] : flags_.generation_kwargs) SXT_CHECK(generation_kwarg(key, value, model));
    SXT_CHECK(check_drawing());
    model.config = json::write(config_);
    return {};
  }

  void warn_once() {
    if (flags_.pad_token_id) world_.warn("--pad-token-id changes nothing: batches are packed, nothing is padded");
  }

 private:
  Result<std::string> locate(const char* origin, const std::string& path, ModelFiles expected) const {
    return world_.locate ? world_.locate(origin, path, expected) : path;
  }
  Result<void> locate_key(const char* key, const char* origin, ModelFiles expected) {
    const auto path = json::find_string(config_, key);
    if (!path || path->empty()) return {};
    SXT_TRY(const std::string found, locate(origin, *path, expected));
    set(key, found);
    return {};
  }
  template <class T> void set(const char* key, T value) {
    if constexpr (std::is_convertible_v<T, std::string_view>)
      json::set(config_, key, std::string_view(value), config_.GetAllocator());
    else json::set(config_, key, json::Value(value), config_.GetAllocator());
  }
  template <class T> void set(const char* key, T value, const char* flag, const std::string& backend) {
    if (world_.backend_accepts(backend, key)) set(key, std::move(value));
    else world_.warn(fmt::format("{} changes nothing: the backend '{}' has no such setting", flag, backend));
  }
  // The flag's are added to the card's.
  Result<void> chat_template_kwargs(ModelConfig& model) const {
    if (flags_.chat_template_kwargs.empty()) return {};
    SXT_TRY(json::Document kwargs,
            json::parse(model.chat_template_kwargs.empty() ? "{}" : model.chat_template_kwargs, model.abbr));
    for (const auto& [key, value] : flags_.chat_template_kwargs)
      json::set(kwargs, key, json::Value(parse_kwarg(value), kwargs.GetAllocator()), kwargs.GetAllocator());
    model.chat_template_kwargs = json::write(kwargs);
    return {};
  }
  void warn_about(const std::string& key, const std::string& why) {
    if (warned_.insert(key).second) world_.warn(fmt::format("{} changes nothing: {}", key, why));
  }
  static std::string for_chat_templates(const std::string& key, const std::string& value) {
    return fmt::format("it is for the chat template; give --chat-template-kwargs {}={}", key, value);
  }
  void model_kwarg(const std::string& key, const std::string& value, const std::string& backend) {
    if (key == "trust_remote_code") return warn_about(key, "no code that comes with a model is ever run");
    if (key == "device_map") return warn_about(key, "--backend chooses the device");
    if (key == "torch_dtype" || key == "dtype") return warn_about(key, "--compute chooses the precision");
    if (key == "enable_thinking" && !world_.backend_accepts(backend, key))
      return warn_about(key, for_chat_templates(key, value));
    if (!world_.backend_accepts(backend, key))
      return warn_about(key, fmt::format("the backend '{}' has no such setting", backend));
    const json::Document parsed = parse_kwarg(value);
    json::Value copy;
    copy.CopyFrom(parsed, config_.GetAllocator());
    json::set(config_, key, std::move(copy), config_.GetAllocator());
  }
  Result<void> tokenizer_kwarg(const std::string& key, const std::string& value) {
    if (key == "trust_remote_code") warn_about(key, "no code that comes with a model is ever run");
    else if (key == "truncation_side" || key == "truncation") {
      if (value != "left" && value != "True") warn_about(key, "a prompt that is too long always loses text from its left");
    } else if (key == "enable_thinking") warn_about(key, for_chat_templates(key, value));
    else if (key != "padding_side" && key != "use_fast") warn_about(key, "Sextant's tokenizers have no such setting");
    return {};
  }
  // Read in any order: a temperature of 0 is the word for greedy replies.
  Result<void> check_drawing() const {
    Generation given;
    for (const auto& [key, value] : flags_.generation_kwargs)
      if (key == "do_sample" || key == "temperature") SXT_CHECK(set_generation(given, key, parse_kwarg(value)));
    if (given.do_sample == true && given.temperature == 0.0f)
      return usage("--generation-kwargs: do_sample=True samples replies and temperature=0 does not; give one of them");
    return {};
  }
  Result<void> generation_kwarg(const std::string& key, const std::string& value, ModelConfig& model) {
    const json::Document parsed = parse_kwarg(value);
    const auto wrong = [&](const std::string& why) {
      return usage(fmt::format("--generation-kwargs {}={}: it {}", key, value, why));
    };
    if (key == "max_new_tokens" || key == "min_new_tokens") {  // they have flags
      const bool most = key.starts_with("max");
      if (!parsed.IsUint() || (most && parsed.GetUint() == 0))
        return wrong(most ? "must be a number of tokens, 1 or more" : "must be a number of tokens");
      const auto& flag = most ? flags_.max_out_len : flags_.min_out_len;
      if (flag && *flag != parsed.GetUint())
        return usage(fmt::format("--generation-kwargs {}={} and {} {} say the same thing differently; give one of them", key,
                                 value, most ? "--max-out-len" : "--min-out-len", *flag));
      (most ? model.max_out_len : model.min_out_len) = parsed.GetUint();
      return {};
    }
    if (key == "stop_strings") {
      const bool list =
          parsed.IsArray() && std::all_of(parsed.Begin(), parsed.End(), [](const auto& item) { return item.IsString(); });
      if (!list && !parsed.IsString()) return wrong("must be a text or a list of texts");
      if (!list) model.stop_words.emplace_back(json::text(parsed));
      else for (const auto& item : parsed.GetArray()) model.stop_words.emplace_back(json::text(item));
      return {};
    }
    if (key == "num_beams" && parsed.IsInt() && parsed.GetInt() == 1) return {};
    const auto set = set_generation(model.generation, key, parsed);
    if (!set) return wrong(set.error().message);
    if (!*set)
      warn_about(
          key, key == "enable_thinking"
                   ? for_chat_templates(key, value)
                   : fmt::format("generation has no such setting; there are: max_new_tokens, min_new_tokens, stop_strings, {}",
                                 join(generation_keys(), ", ")));
    // a temperature of 0 that a card or an earlier run has is not a word against drawing
    if (key == "do_sample" && model.generation.do_sample == true && model.generation.temperature == 0.0f)
      model.generation.temperature.reset();
    return {};
  }

  const RunFlags& flags_;
  const World& world_;
  json::Document config_;
  std::set<std::string> warned_;
};

// A model that is named by --model-kwargs model=org/NAME, else the backend.
std::string served_abbr(const RunFlags& flags, const World& world) {
  if (world.backend_accepts && world.backend_accepts(flags.backend, "model"))
    for (const auto& [key, value] : flags.model_kwargs)
      if (key == "model")
        if (std::string name = name_in_path(value); !name.empty()) return name;
  return flags.backend;
}

// What concerns the machine holds for helpers, too; what chooses or changes the evaluated models does not.
RunFlags helper_flags(const RunFlags& flags) {
  RunFlags out;
  out.config = flags.config;
  out.threads = flags.threads;
  out.num_gpus = flags.num_gpus;
  out.batch_size = flags.batch_size;
  out.memory = flags.memory;
  out.compute = flags.compute;
  return out;
}

// A helper as --judge names it, or a card written out.
Result<ModelConfig> make_helper(const std::string& text, const std::string& origin, const RunFlags& flags, Compat compat,
                                const World& world) {
  ModelConfig model;
  if (text.starts_with("{")) {
    SXT_TRY(const json::Document card, json::parse(text, origin));
    SXT_CHECK(check_inline(card, model_card_shape(), origin + ": model"));
    const std::string path =
        json::find_string(card, "model_path").value_or(json::find_string(card, "hf_path").value_or("helper"));
    SXT_TRY(model, model_from_json(card, model_abbr(path, json::find(card, "hf_path") != nullptr, compat), origin));
  } else {
    SXT_TRY(model, model_named(text, compat, world));
  }
  const RunFlags own = helper_flags(flags);
  SXT_CHECK(ModelFlags(own, world).apply(model));
  return model;
}

}  // namespace

Result<std::vector<ModelConfig>> models_of(const RunFlags& flags, const json::Value& file, Compat compat, const World& world) {
  std::vector<ModelConfig> models;
  std::vector<bool> named;  // by a person; else by its path
  if (!flags.hf_path.empty() && !flags.model_path.empty()) return usage("give --hf-path or --model-path, not both");
  if (const json::Value* listed = json::find(file, "models")) {
    for (rapidjson::SizeType i = 0; i < listed->Size(); ++i) {
      const json::Value& item = (*listed)[i];
      const std::string origin = fmt::format("{}: models[{}]", flags.config, i);
      if (item.IsString()) {
        SXT_TRY(ModelConfig model, model_named(std::string(json::text(item)), compat, world));
        models.push_back(std::move(model));
      } else {
        SXT_CHECK(check_inline(item, model_card_shape(), origin));
        const std::string weights =
            json::find_string(item, "hf_path").value_or(json::find_string(item, "model_path").value_or(""));
        const json::Value* config = json::find(item, "config");
        const std::string served = name_in_path(config ? json::find_string(*config, "model").value_or("") : "");
        const std::string name = weights.empty() ? served.empty() ? fmt::format("model-{}", i) : served
                                                 : model_abbr(weights, json::find(item, "hf_path") != nullptr, compat);
        SXT_TRY(ModelConfig model, model_from_json(item, name, origin));
        named.resize(models.size(), true);
        named.push_back(json::find(item, "abbr") != nullptr || weights.empty());
        models.push_back(std::move(model));
      }
    }
  }
  for (const std::string& name : flags.models) {
    SXT_TRY(ModelConfig model, model_named(name, compat, world));
    models.push_back(std::move(model));
  }
  std::string path = !flags.hf_path.empty() ? flags.hf_path : flags.model_path;
  const auto is_default = [&](const std::string& backend) {
    return std::find(world.defaults.backends.begin(), world.defaults.backends.end(), backend) != world.defaults.backends.end();
  };
  const bool needs_default =
      models.empty() && path.empty() && (flags.backend.empty() || flags.backend == "auto" || is_default(flags.backend));
  if (needs_default) { SXT_TRY(path, world.default_model()); }
  if (!path.empty() || models.empty()) {
    ModelConfig model;
    model.hugging_face = !flags.hf_path.empty();
    model.path = path;
    model.abbr = path.empty() ? served_abbr(flags, world)
                              : with_adapter(model_abbr(path, model.hugging_face, compat), flags.peft_path, compat);
    models.push_back(std::move(model));
  }
  ModelFlags model_flags(flags, world);
  for (ModelConfig& model : models) SXT_CHECK(model_flags.apply(model));
  named.resize(models.size(), true);
  tell_apart(models, named);
  std::map<std::string, std::string> abbrs;  // by what their folders are called
  for (const ModelConfig& model : models) {
    const auto [it, fresh] = abbrs.emplace(file_name_key(model.abbr), model.abbr);
    if (fresh) continue;
    if (it->second == model.abbr)
      return usage(fmt::format(
          "two models are called '{}'; give one of them another \"abbr\", or name it in --models NAME=MODEL", model.abbr));
    return usage(
        fmt::format("the models '{}' and '{}' would have one folder for their files; give one of them another \"abbr\"",
                    it->second, model.abbr));
  }
  model_flags.warn_once();
  return models;
}

Result<void> add_helpers(const RunFlags& flags, const json::Value& file, const World& world, RunConfig& run) {
  std::vector<ModelConfig> listed;
  if (const json::Value* helpers = json::find(file, "helpers"))
    for (rapidjson::SizeType i = 0; i < helpers->Size(); ++i) {
      const std::string origin = fmt::format("{}: helpers[{}]", flags.config, i);
      SXT_CHECK(check_inline((*helpers)[i], model_card_shape(), origin));
      SXT_TRY(ModelConfig model, make_helper(json::write((*helpers)[i]), origin, flags, run.compat, world));
      listed.push_back(std::move(model));
    }
  const auto make = [&](const std::string& text, const std::string& origin) {
    return make_helper(text, origin, flags, run.compat, world);
  };
  if (!flags.labels.empty()) {
    bool any = false;
    for (DatasetConfig& dataset : run.datasets)
      if (dataset.judge) dataset.judge->labels = flags.labels, any = true;
    if (!any && world.warn) world.warn("--labels changes nothing: no data set of this run has a judge in its card");
  }
  return name_helpers(run.datasets, run.models, listed, flags.judge, make, world.warn, run.helpers);
}

Result<std::vector<ModelConfig>> resolve_models(const RunFlags& flags, const World& world) {
  json::Document no_file;
  no_file.SetObject();
  SXT_TRY(const Compat compat, compat_from_name(flags.compat.empty() ? "none" : flags.compat));
  return models_of(flags, no_file, compat, world);
}

}  // namespace sextant::config
