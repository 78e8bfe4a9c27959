// An inferencer of two turns, as a third party writes it: the model is asked whether it is sure, and its second reply counts.
#include <sextant/sdk.hpp>

namespace {

using namespace sextant;

struct Sure : Inferencer {
  using Inferencer::Inferencer;
  std::string step(const Question& question) override {
    std::vector<Turn> turns = question.turns();
    if (question.rounds() == 0) return ask(turns, true);
    if (question.rounds() == 2) return done(question.reply(1));
    turns.push_back({"assistant", question.reply(0)});
    turns.push_back({"user", context.text("question")});
    return ask(turns);
  }
};

constexpr const char* schema = R"({"type": "object", "additionalProperties": false, "properties": {
  "question": {"type": "string", "default": "Are you sure? Answer again.", "description": "asked in the second turn"}}})";

}  // namespace

SEXTANT_PLUGIN(component<Sure>({.id = "sure",
                                .summary = "asks the model whether it is sure, and takes its second answer",
                                .schema = schema,
                                .facts = R"({"form": "open", "rounds": "many"})"}))
