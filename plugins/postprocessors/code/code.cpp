#include "code.hpp"
#include <sextant/columns.hpp>
#include <sextant/sdk.hpp>
#include "../letters.hpp"
#include "asserted_value.hpp"
#include "opencompass.hpp"

namespace {

using namespace sextant;

struct ProgramOfReply : Postprocessor {
  explicit ProgramOfReply(Context c) : Postprocessor(std::move(c)) {
    if (postprocess::is_opencompass(context.text("compat"))) opencompass = or_throw(postprocess::OpencompassCode::make());
    else own = or_throw(postprocess::Code::make());
  }
  std::string extract(const Extracted& item) override {
    if (own) {
      const json::Document record = or_throw(json::parse(item.record_json, "record"));
      return or_throw((*own)(item.text, columns::fill(entry, record), body));
    }
    return or_throw(way == "mbpp" ? opencompass->mbpp(item.text) : opencompass->humaneval(item.text, way == "humaneval_last"));
  }
  const std::string entry = context.text("entry"), way = context.text("opencompass");
  const bool body = json::find_bool(context.config(), "body").value_or(false);
  std::optional<postprocess::Code> own;
  std::optional<postprocess::OpencompassCode> opencompass;
};

struct AssertedValue : Postprocessor {
  using Postprocessor::Postprocessor;
  std::string extract(const Extracted& item) override {
    return std::string(in == "answer" ? postprocess::value_of_answer(item.text) : postprocess::value_of_assertion(item.text));
  }
  const std::string in = context.text("in", "assertion");
};

constexpr const char* value_schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "in": {"enum": ["assertion", "answer"], "default": "assertion",
    "description": "assertion: the last line that begins with assert, else a code block; answer: what stands behind the first == up to [/ANSWER] or the line's end"}}})";

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "entry": {"type": "string", "default": "", "description": "what the program binds, such as {entry_point}; empty: any function or class"},
  "body": {"type": "boolean", "default": false, "description": "a reply may be the body of a function that the prompt has begun"},
  "opencompass": {"enum": ["humaneval", "humaneval_last", "mbpp"], "default": "humaneval",
    "description": "which of OpenCompass' ways --compat opencompass takes"},
  )" SXT_COMPAT_SCHEMA "}}";

}  // namespace

SEXTANT_PLUGIN(sextant::component<ProgramOfReply>({.id = "code", .summary = "the Python program in a reply", .schema = schema}),
               sextant::component<AssertedValue>({.id = "asserted_value",
                                                  .summary = "the value that an assertion in a reply says: 2 of assert f(1) == 2",
                                                  .schema = value_schema}))
