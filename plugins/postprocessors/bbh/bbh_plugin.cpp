// bbh_mcq, bbh_freeform.
#include "bbh.hpp"
#include "../answer.hpp"
#include "../options/first_option.hpp"

using namespace sextant;

namespace {

struct Mcq : Postprocessor {
  using Postprocessor::Postprocessor;
  std::string extract(const Extracted& item) override {
    if (opencompass) return postprocess::bbh_mcq_opencompass(item.text);
    return or_throw(postprocess::or_unparsed(option(item.text, item.record_json)));
  }
  const bool opencompass = postprocess::is_opencompass(context.text("compat"));
  const postprocess::FirstOption option = or_throw(postprocess::FirstOption::make("ABCDEFGHIJKLMNOPQRSTUVWXYZ", true));
};

}  // namespace

SEXTANT_PLUGIN(component<Mcq>({.id = "bbh_mcq",
                               .summary = "the option letter of BBH's multiple choices, up to (Z)",
                               .schema = postprocess::compat_schema}),
               (postprocess::answer<postprocess::bbh_freeform, postprocess::bbh_freeform_opencompass>(
                   "bbh_freeform", "the words behind the last \"answer is\"; yes, no, true and false begin with a capital")))
