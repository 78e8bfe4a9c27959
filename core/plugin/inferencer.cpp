#include "inferencer.hpp"
#include "call.hpp"

namespace sextant::plugin {

Result<json::Document> InferencerPlugin::step(const QuestionJson& question) {
  SXT_NEED(table_, step, object_.name());
  const sxt_question lent{sizeof(sxt_question), 0, borrow(question.sample), borrow(question.prompts), borrow(question.settings),
                          borrow(question.rounds)};
  const sxt_question* const pointers[] = {&lent};
  Texts texts(object_.name(), "step", 1);
  SXT_CHECK(
      guarded(object_.name(), "step", [&](sxt_error* e) { return table_->step(object_.get(), pointers, 1, texts.sink(), e); }));
  return take_object(texts, object_.name(), "step");
}

}  // namespace sextant::plugin
