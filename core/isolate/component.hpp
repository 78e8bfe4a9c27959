// The calls of docs/protocol.md on one component of a plugin. An item at a time: what goes wrong is then that item's.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <sextant/json.hpp>
#include "../plugin/components.hpp"

namespace sextant::isolate {

class Served {
 public:
  virtual ~Served() = default;
  /// Members of hello's result besides name and kind: ",\"aggregate\":true".
  virtual std::string about() { return {}; }
  /// One item of a call over items; JSON.
  virtual Result<std::string> item(std::string_view call, const json::Value& item, const json::Value& message);
  /// A call without items; JSON.
  virtual Result<std::string> whole(std::string_view call, const json::Value& message);
};

/// Creates the component with that configuration.
Result<std::unique_ptr<Served>> serve_component(plugin::Host& host, plugin::Kind kind, const std::string& id,
                                                const std::string& config_json);

/// Of a model: in model.cpp.
std::unique_ptr<Served> serve_model(plugin::Model model);

Error no_such_call(std::string_view call);
std::string member_text(const json::Value& object, const char* name);
/// A member as JSON text.
std::string member_json(const json::Value& object, const char* name, std::string_view otherwise);

}  // namespace sextant::isolate
