// inferencer:@NAME@: asks, shows the model its own answer, and takes the second one. A pure function of its question.
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct @TYPE@ : Inferencer {
  using Inferencer::Inferencer;
  std::string step(const Question& question) override {
    std::vector<Turn> turns = question.turns();
    if (question.rounds() == 0) return ask(turns, true);
    if (question.rounds() == 2) return done(question.reply(1));
    turns.push_back({"assistant", question.reply(0)});
    turns.push_back({"user", context.text("again")});
    return ask(turns);
  }
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "again": {"type": "string", "default": "Check that, and answer again.", "description": "the second turn"}}})";

}  // namespace

SEXTANT_PLUGIN(component<@TYPE@>({.id = "@NAME@",
                                  .summary = "a second answer after the model has seen its first",
                                  .schema = schema,
                                  .facts = R"({"form": "open", "rounds": "many"})"}))
