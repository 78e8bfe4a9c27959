// Text in and out: tokenizers, chat templates, CSV.
#include <random>
#include <sextant/csv.hpp>
#include "../../models/engine/chat/chat_template.hpp"
#include "../../models/engine/tokenizer/open_vocabulary.hpp"
#include "paths.hpp"

namespace sextant::perf {
namespace {

// Words of made-up letters, numbers, marks and some Chinese; another seed, other words.
std::string prose(uint64_t seed, size_t bytes) {
  static const char* const parts[] = {"the", "an", "er", "ing", "ou", "s", "t", "ca", "re", "qu", "天", "地", "学", "é"};
  static const char* const marks[] = {" ", " ", " ", " ", ", ", ". ", "\n", " 12", ": "};
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < bytes) {
    for (uint64_t n = 1 + random() % 3; n > 0; --n) text += parts[random() % std::size(parts)];
    text += marks[random() % std::size(marks)];
  }
  return text;
}

Work encoding(const std::string& file) {
  std::shared_ptr<const engine::Tokenizer> tokenizer = need(engine::open_vocabulary(SEXTANT_GOLDEN_DIR "/" + file)).tokenizer;
  return [tokenizer, texts = std::vector{prose(1, 2000), prose(2, 8000)}](int round) {
    tokenizer->encode(texts[static_cast<size_t>(round)], {});
  };
}

constexpr const char* chat_template = R"({%- if messages[0]['role'] == 'system' -%}
{%- set system = messages[0]['content'] | trim -%}{%- set rest = messages[1:] -%}
{%- else -%}{%- set system = 'Be brief.' -%}{%- set rest = messages -%}{%- endif -%}
{{- bos_token + '<|start|>system\n' + system + '<|end|>\n' -}}
{%- for message in rest -%}
{%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{- raise_exception('roles must alternate') -}}{%- endif -%}
{{- '<|start|>' + message.role + '\n' -}}
{%- if message.content is string -%}{{- message.content | trim -}}
{%- else -%}{%- for part in message.content -%}{{- part.text -}}{%- endfor -%}{%- endif -%}
{{- '<|end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start|>assistant\n' -}}{%- endif -%})";

Work chat() {
  auto program = std::make_shared<engine::ChatTemplate>(need(engine::ChatTemplate::parse(chat_template, "chat")));
  std::string messages = R"({"role": "system", "content": "Answer."})";
  for (int shot = 0; shot < 5; ++shot)
    messages += R"(,{"role": "user", "content": )" + json::quote(prose(static_cast<uint64_t>(shot), 300)) +
                R"(},{"role": "assistant", "content": "A"})";
  messages += R"(,{"role": "user", "content": [{"type": "text", "text": "And now?"}]})";
  auto input = std::make_shared<json::Document>(need(json::parse(
      R"({"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": true, "messages": [)" + messages + "]}", "chat")));
  return [=](int) {
    for (int i = 0; i < 50; ++i) need(program->render(*input));
  };
}

Work rows() {
  std::string text = "id,question,A,B,C,D,answer\n";
  for (uint64_t i = 0; i < 500; ++i) {
    text += std::to_string(i) + ",\"" + prose(i, 60) + "\"\"quoted\"\", and so on\"";
    for (int c = 0; c < 4; ++c) text += ",option " + std::to_string(c);
    text += ",A\n";
  }
  return [text](int) { need(csv::parse(text, "made up")); };
}

}  // namespace

void add_texts(Paths& ret) {
  ret.push_back({"tokenizer/byte-level BPE", [] { return encoding("tiny_llama.gguf"); }});
  ret.push_back({"tokenizer/SentencePiece BPE", [] { return encoding("tokenizers/sp_bpe.model"); }});
  ret.push_back({"tokenizer/unigram", [] { return encoding("tokenizers/unigram.json"); }});
  ret.push_back({"tokenizer/WordPiece", [] { return encoding("tokenizers/wordpiece.json"); }});
  ret.push_back({"chat template", chat});
  ret.push_back({"CSV", rows});
}

}  // namespace sextant::perf
