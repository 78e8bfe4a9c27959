// A fuzz target: any bytes as JSON, as a line of a journal, and as a plugin's schema. What is taken must come back the same
// when it is written and read again: a resumed run rests on it.
#include <cstdlib>
#include <sextant/json.hpp>
#include <sextant/json_schema.hpp>
#include "../../core/data/response.hpp"

using namespace sextant;

namespace {

// Doubles to the bit; the order of members too.
bool same(const json::Value& a, const json::Value& b) {
  if (a.GetType() != b.GetType()) return false;
  if (a.IsDouble() || b.IsDouble()) return a.IsDouble() && b.IsDouble() && a.GetDouble() == b.GetDouble();
  if (a.IsArray()) return a.Size() == b.Size() && std::equal(a.Begin(), a.End(), b.Begin(), same);
  if (!a.IsObject()) return a == b;
  return a.MemberCount() == b.MemberCount() &&
         std::equal(a.MemberBegin(), a.MemberEnd(), b.MemberBegin(),
                    [](const auto& x, const auto& y) { return x.name == y.name && same(x.value, y.value); });
}

void round_trip(std::string_view text, json::Syntax syntax) {
  const auto document = json::parse(text, "fuzz.json", syntax);
  if (!document) {
    if (document.error().message.rfind("fuzz.json:", 0) != 0) std::abort();
    return;
  }
  const auto again = json::parse(json::write(*document), "again");
  if (!again || !same(*document, *again)) std::abort();
  const auto pretty = json::parse(json::write_pretty(*document), "pretty");
  if (!pretty || !same(*document, *pretty)) std::abort();
  const std::string canonical = json::canonical(*document);
  const auto sorted = json::parse(canonical, "canonical");
  if (!sorted || json::canonical(*sorted) != canonical) std::abort();
}

void journal(std::string_view text) {
  const auto response = data::response_from_line(text);
  if (!response) return;
  const std::string line = data::to_line(*response);
  if (line.find('\n') != line.npos) std::abort();
  const auto again = data::response_from_line(line);
  if (!again || data::to_line(*again) != line) std::abort();
}

// The first line is a schema, the rest a configuration.
void checker(std::string_view text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view schema = text.substr(0, end), config = text.substr(std::min(end + 1, text.size()));
  static_cast<void>(schema::check_config("metric:fuzz", schema, config, "fuzz"));
  if (const auto parsed = schema::parse(schema, "fuzz")) {
    schema::options(*parsed);
    schema::secret_keys(*parsed);
    schema::affects_results(*parsed, "a.b");
    if (auto value = json::parse(config, "fuzz")) schema::remove_secrets(*parsed, *value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  round_trip(text, json::Syntax::strict);
  round_trip(text, json::Syntax::relaxed);
  journal(text);
  checker(text);
  return 0;
}
