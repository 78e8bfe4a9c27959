// A model backend as the core calls it: requests and responses are the core's own types. Threads: [owner], one call at a time
// per object, unless the component is concurrent.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>
#include "../data/request.hpp"
#include "../data/response.hpp"
#include "object.hpp"

namespace sextant::plugin {

class Model {
 public:
  Model(Object object, const sxt_model_v1* table) : object_(std::move(object)), table_(table) {}
  Result<sxt_model_info> info();
  Result<json::Document> describe();
  /// flags: SXT_REQUEST_ADD_SPECIAL, SXT_REQUEST_SPLIT_SPECIAL.
  Result<std::vector<std::vector<int32_t>>> tokenize(std::span<const std::string_view> texts, uint32_t flags);
  Result<std::vector<std::string>> detokenize(std::span<const std::vector<int32_t>> ids, uint32_t flags);
  /// The prompt's text, or the template's refusal as an Error of kind data.
  Result<std::string> render_chat(std::string_view conversation_json);
  /// `call`: the number that the backend names when it reports progress (Host::new_call).
  Result<json::Document> plan(uint64_t call, std::span<const data::Request* const> requests);
  /// `done` is called once per request, as soon as it is done, in any order, from any one thread at a time. Requests that the
  /// plugin never answered get an error of their own after the call; where the call itself failed (or was cancelled) they are
  /// left unanswered, so that a resumed run asks again. Requests ask to generate, score, whole or embed.
  Result<void> run(uint64_t call, std::span<const data::Request* const> requests,
                   const std::function<void(size_t index, data::Response)>& done);

 private:
  Object object_;
  const sxt_model_v1* table_;
};

}  // namespace sextant::plugin
