// The inferencers that there are. A new one is a file in this folder and a row here.
#include <fmt/format.h>
#include <sextant/json_schema.hpp>
#include "../base/text.hpp"
#include "inferencer.hpp"

namespace sextant::infer {

extern const InferencerType gen_type, ppl_type, loglikelihood_type, ppl_only_type, clp_type, cloze_type, rolling_type,
    chat_type, agent_type, self_consistency_type, multiple_choice_type, verdict_type, min_k_type, row_requests_type;

std::span<const InferencerType> inferencer_types() {
  static const InferencerType types[] = {gen_type,      ppl_type,     loglikelihood_type, clp_type,   cloze_type,
                                         ppl_only_type, rolling_type, chat_type,          agent_type, self_consistency_type,
                                         multiple_choice_type, verdict_type, min_k_type, row_requests_type};
  return types;
}

Result<std::unique_ptr<Inferencer>> make_inferencer(std::string_view id, std::string_view config_json,
                                                    std::string_view origin) {
  std::vector<std::string> names;
  for (const InferencerType& type : inferencer_types()) {
    names.emplace_back(type.id);
    if (type.id != id) continue;
    SXT_TRY(const std::string checked,
            schema::check_config(fmt::format("inferencer:{}", id), type.schema, config_json, origin));
    SXT_TRY(const json::Document config, json::parse(checked, origin));
    auto made = type.make(config);
    if (!made) return Error{made.error().kind, fmt::format("{}: {}", origin, made.error().message)};
    return made;
  }
  return Error{Error::Kind::config, fmt::format("{}: there is no inferencer '{}'{}; there are {}", origin, id,
                                                did_you_mean(id, names), join(names, ", "))};
}

}  // namespace sextant::infer
