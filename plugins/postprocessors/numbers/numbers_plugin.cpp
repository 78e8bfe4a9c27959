// gsm8k, gsm8k_dataset, last_number, first_number.
#include "numbers.hpp"
#include "../answer.hpp"

using namespace sextant;

namespace {

std::string reference_as_it_is(std::string_view text) {
  if (auto number = postprocess::gsm8k_reference(text)) return *std::move(number);
  throw DataError("gsm8k_dataset: a reference has no \"#### \" before its answer: " +
                  std::string(text.substr(0, utf8::boundary(text, 80))) +
                  "; give the column with the whole solution, or leave the post-processor out");
}
std::string reference(std::string_view text) { return std::string(text::strip(reference_as_it_is(text))); }

}  // namespace

SEXTANT_PLUGIN(
    (postprocess::answer<postprocess::answer_number, postprocess::gsm8k_opencompass>(
        "gsm8k", "the number that a reply to an arithmetic problem comes to")),
    (postprocess::answer<reference, reference_as_it_is>("gsm8k_dataset", "of GSM8K's solutions the number behind ####")),
    (postprocess::answer<postprocess::last_number>("last_number", "the last number, without thousands separators")),
    (postprocess::answer<postprocess::first_number>("first_number", "the first number, without thousands separators")))
