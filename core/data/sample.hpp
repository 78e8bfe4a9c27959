// A row chosen for evaluation, and the prompts made of it. Plain data.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include "message.hpp"
#include "text.hpp"

namespace sextant::data {

/// Which answer this is: the same in keys, random streams and files, whatever the order, batch or resume.
struct SampleId {
  std::string task;                 // the data set's task name: "ceval-law", "ceval-law_ppl"
  uint64_t row = 0;                 // of the test split
  uint32_t repeat = 0;              // 0 .. repeats - 1
  bool operator==(const SampleId&) const = default;
};

struct Sample {
  SampleId id;
  std::string record_json;          // the data row
  std::string target_json;          // the output column's value as JSON, "\"\"" where there is none
  std::string cluster;              // samples that belong together (a document, a subject); empty: alone
  std::vector<uint64_t> shots;      // rows of the train split that are its examples, in order
};

/// A stretch of a text.
struct Bytes {
  size_t at = 0, size = 0;
};

/// One prompt, ready to be sent.
struct Prompt {
  std::string label;                // of a labelled form: "A"; else empty
  Text text;                        // byte for byte as a model is sent it
  std::vector<Message> messages;    // the same as turns; where `chat`, what the chat template was given
  size_t question_bytes = 0;        // trailing bytes of `text` that hold the final question and must not be cut
  bool chat = false;                // a chat template made the text: no special tokens are added
  Bytes examples =
      {};  // where `text` holds the sample's examples; filled in by the compat modes, which keep the text without them
};
struct Continuation {
  std::string label;
  Text text;
};
/// What one sample is asked with. The form decides what is there (see Form).
struct Prompts {
  std::vector<Prompt> prompts;
  std::vector<Continuation> continuations;
};

/// Which prompts an inferencer works on; a card's template can give any of them for a multiple-choice set.
enum class Form {
  open,            // one prompt whose reply is to come (gen, chat, agent, self_consistency)
  labels,          // one whole text per label (ppl)
  continuations,   // one prompt, and per label what may follow it: the label itself (loglikelihood, clp)
  cloze,           // one prompt without the options, and per label its option's text
  whole,           // one whole text, nothing is asked (ppl_only, rolling)
};
std::string_view form_name(Form form);
std::optional<Form> form_from_name(std::string_view name);

/// The forms of sextant/abi/inferencer.h.
json::Value to_json(const SampleId& id, json::Document::AllocatorType& allocator);
Result<SampleId> sample_id_from_json(const json::Value& value, std::string_view origin);
json::Value to_json(const Sample& sample, json::Document::AllocatorType& allocator);
Result<Sample> sample_from_json(const json::Value& value, std::string_view origin);
json::Value to_json(const Prompt& prompt, json::Document::AllocatorType& allocator);
Result<Prompt> prompt_from_json(const json::Value& value, std::string_view origin);
json::Value to_json(const Prompts& prompts, json::Document::AllocatorType& allocator);
Result<Prompts> prompts_from_json(const json::Value& value, std::string_view origin);

}  // namespace sextant::data
