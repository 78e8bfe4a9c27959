// What is sent: requests as the bodies of chat completions, completions or Anthropic's messages. Pure. [any] thread.
#pragma once
#include <optional>
#include <string>
#include <sextant/sdk.hpp>
#include "settings.hpp"

namespace sextant::openai {

/// Members of a body, but for those that are left out (omit) or stand in extra_body, which is added at the end.
class Body {
 public:
  explicit Body(const Settings& settings);
  /// Begins the member; false: it is not wanted.
  bool member(std::string_view name);
  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, uint64_t value);
  void real(std::string_view name, float value);  // in the fewest digits that say the same
  void flag(std::string_view name, bool value);
  json::Writer& writer() { return writer_; }
  std::string take();

 private:
  const Settings& settings_;
  rapidjson::StringBuffer buffer_;
  json::Writer writer_;
};

/// How a request's body depends on the server, besides its settings.
struct Spelling {
  std::string model;
  uint32_t stops_max = 0;          // 0: any number
  bool llama_server = false;       // "repeat_penalty" instead of "repetition_penalty"
};

struct Message { std::string url, body; };

/// Of a request that asks to generate. Throws PluginError where the request holds what cannot be sent.
Message generation(const Settings& settings, const Spelling& spelling, const sxt_request& request);

/// The seed that is sent: of the run's and the request's stream, 31 bits, which all servers take.
uint32_t seed_of(const sxt_sampling& sampling);

}  // namespace sextant::openai
