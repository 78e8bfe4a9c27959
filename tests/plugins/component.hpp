// A post-processor or metric through the C ABI, as the core sees it. Include the plugin's .cpp once, before this.
#pragma once
#include <string>
#include <string_view>
#include <catch2/catch.hpp>
#include <sextant/sdk.hpp>

namespace sextant::test {

struct Outcome {
  sxt_status status = SXT_OK;
  std::string text;   // the result, or the error's message
};

/// One text through one post-processor made with `config`.
inline Outcome apply(const sxt_component& component, std::string_view config, std::string_view text) {
  sxt_object* object = nullptr;
  sxt_error error{};
  Outcome out;
  if ((out.status = component.create(nullptr, borrow(config), &object, &error)) != SXT_OK) return {out.status, error.message};
  const auto* table = static_cast<const sxt_postprocessor_v1*>(object->get_interface(object, "sextant.postprocessor/1"));
  REQUIRE(table);
  const sxt_str one = borrow(text);
  const sxt_extract_item item{sizeof(sxt_extract_item), 0, one, borrow("{}"), &one, 1};
  const sxt_extract_item* const items[] = {&item};
  const sxt_sink sink{&out.text, [](void* ctx, uint64_t, sxt_str s) { *static_cast<std::string*>(ctx) = view(s); }};
  if ((out.status = table->apply(object, items, 1, sink, &error)) != SXT_OK) out.text = error.message;
  object->destroy(object);
  return out;
}

/// What every published schema must be: JSON, closed, and with a description for each property.
inline void check_schema(const sxt_component& component) {
  const auto schema = json::parse(component.config_schema, component.id);
  REQUIRE(schema);
  CHECK(json::find_bool(*schema, "additionalProperties") == false);
  for (const auto& property : json::find(*schema, "properties")->GetObject()) {
    INFO(property.name.GetString());
    CHECK(json::find_string(property.value, "description"));
  }
}

}  // namespace sextant::test
