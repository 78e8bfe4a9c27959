#include "opencompass_options.hpp"
#include <fmt/format.h>

namespace sextant::cli {
namespace {

enum class Kind { flag, text, texts };
struct Option {
  const char *name, *value;
  Kind kind;
  bool refused;                      // else taken with a warning
  const char* instead;               // what happens, or what to write
};

constexpr const char* own_launcher =
    "one process does the work of a run; start it where it shall run: srun -p PARTITION sextant run ...";

const Option options_of_opencompass[] = {
    {"slurm", "", Kind::flag, true, own_launcher},
    {"partition,p", "NAME", Kind::text, true, own_launcher},
    {"quotatype,q", "TYPE", Kind::text, true, own_launcher},
    {"qos", "QOS", Kind::text, true, own_launcher},
    {"dlc", "", Kind::flag, true, "one process does the work of a run; make `sextant run ...` the command of the job"},
    {"aliyun-cfg", "FILE", Kind::text, true,
     "jobs on DLC are started by its own tools; make `sextant run ...` the command of the job"},
    {"accelerator,a", "WHICH", Kind::text, false,
     "changes nothing: the backend generates in batches by itself; a model that vLLM or LMDeploy serves is asked with "
     "--backend openai"},
    {"lark,l", "", Kind::flag, false, "changes nothing: no message is sent; exit code and --json say how the run ended"},
    {"config-verbose", "", Kind::flag, false, "changes nothing: the whole configuration is in the run's configs/run.json"},
    {"dump-res-length", "", Kind::flag, false, "changes nothing: predictions and samples always have generated_tokens"},
    {"analysis-repeat", "", Kind::flag, false,
     "changes nothing: the table always has the mean and deviation of several attempts"},
    {"dump-extract-rate", "", Kind::flag, false,
     "changes nothing: results always count the replies without an answer (counts.unparsed), and the table says so"},
    {"peft-kwargs", "K=V...", Kind::texts, false, "changes nothing: an adapter is read as its own adapter_config.json says"},
    {"station-path", "DIR", Kind::text, true,
     "there are no stations; --cache takes the responses of the other runs in the work dir"},
    {"station-overwrite", "", Kind::flag, true,
     "there are no stations; -r goes on with a run and keeps what it replaces in earlier/"},
    {"read-from-station", "", Kind::flag, true, "there are no stations; `-m viz -r TIME` shows the scores of an earlier run"},
    {"dump-only-message-path", "DIR", Kind::text, true,
     "write `sextant prompt ... --json`, which prints the messages of every sample"},
};

std::string long_name(const Option& option) {
  const std::string name = option.name;
  return name.substr(0, name.find(','));
}

}  // namespace

void add_opencompass_options(po::options_description& options) {
  po::options_description own("Options of OpenCompass");
  for (const Option& option : options_of_opencompass) {
    const char* text =
        option.refused ? "of OpenCompass; refused with what to write instead" : "of OpenCompass; changes nothing";
    if (option.kind == Kind::flag) own.add_options()(option.name, po::bool_switch(), text);
    else if (option.kind == Kind::text)
      own.add_options()(option.name, po::value<std::string>()->value_name(option.value), text);
    else own.add_options()(option.name, po::value<std::vector<std::string>>()->multitoken()->value_name(option.value), text);
  }
  own.add_options()("dataset-num-runs", po::value<int64_t>()->value_name("N"), "OpenCompass' name of --repeat");
  options.add(own);
}

std::vector<std::string> with_long_names(const std::vector<std::string>& args) {
  std::vector<std::string> out = args;
  for (std::string& arg : out)
    if (arg == "-sp") arg = "--station-path";
  return out;
}

Result<void> take_opencompass_options(const po::variables_map& values, RunCommandFlags& flags) {
  for (const Option& option : options_of_opencompass) {
    const std::string name = long_name(option);
    if (!values.count(name) || (option.kind == Kind::flag && !values[name].as<bool>())) continue;
    if (option.refused)
      return Error{Error::Kind::usage, fmt::format("--{} is an option of OpenCompass: {}", name, option.instead)};
    if (name == "accelerator")
      if (const std::string which = values[name].as<std::string>(); which != "vllm" && which != "lmdeploy")
        return Error{Error::Kind::usage, fmt::format("--accelerator is '{}'; OpenCompass' are vllm and lmdeploy", which)};
    flags.warnings.push_back(fmt::format("--{} {}", name, option.instead));
  }
  if (values.count("dataset-num-runs")) {
    const int64_t runs = values["dataset-num-runs"].as<int64_t>();
    if (runs < 1 || runs > UINT32_MAX)
      return Error{Error::Kind::usage, fmt::format("--dataset-num-runs is {}; give a number from 1", runs)};
    if (flags.run.repeat && *flags.run.repeat != runs)
      return Error{Error::Kind::usage,
                   fmt::format("--dataset-num-runs {} and --repeat {} mean the same and differ; give one of them", runs,
                               *flags.run.repeat)};
    if (runs > 1 || flags.run.repeat) flags.run.repeat = static_cast<uint32_t>(runs);
  }
  return {};
}

}  // namespace sextant::cli
