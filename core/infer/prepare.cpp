#include "prepare.hpp"
#include <algorithm>
#include <fmt/format.h>
#include "../render/truncate.hpp"

namespace sextant::infer {
namespace {

using data::Form;

// The value of the output column as JSON; "" where the row has none (a split without answers).
std::string gold_of(const json::Value& record, const std::string& output_column) {
  const json::Value* gold = json::find(record, output_column);
  return gold ? json::write(*gold) : "\"\"";
}

std::string generation_key(const config::DatasetConfig& dataset, const data::Request& request, const store::Sample& sample) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "method", dataset.inferencer.id, a);
  json::set(out, "flags", json::Value((request.add_special ? 2u : 0u) | (request.ask == data::Ask::whole ? 4u : 0u)), a);
  json::Value labels(rapidjson::kArrayType);
  for (const store::LabelScore& label : sample.labels) labels.PushBack(json::Value(label.label, a), a);
  json::set(out, "labels", std::move(labels), a);
  json::set(out, "keep_bytes", json::Value(request.keep_bytes), a);
  json::set(out, "max_prompt_tokens", json::Value(request.max_prompt_tokens), a);
  if (const auto& sampling = request.sampling) {
    json::set(out, "max_new_tokens", json::Value(sampling->max_new_tokens), a);
    json::set(out, "min_new_tokens", json::Value(sampling->min_new_tokens), a);
    json::set(out, "temperature", json::Value(static_cast<double>(sampling->temperature)), a);
    if (sampling->temperature > 0) {  // the rest of greedy decoding changes nothing
      json::set(out, "top_p", json::Value(static_cast<double>(sampling->top_p)), a);
      json::set(out, "top_k", json::Value(sampling->top_k), a);
      json::set(out, "seed", json::Value(sampling->seed), a);
      json::set(out, "id", json::Value(sampling->stream), a);
    }
    json::Value stop(rapidjson::kArrayType);
    for (const std::string& text : sampling->stop) stop.PushBack(json::Value(text, a), a);
    json::set(out, "stop", std::move(stop), a);
  }
  return json::canonical(out);
}

}  // namespace

Form form_of(const config::Inferencer& inferencer) {
  return inferencer.id == "ppl" ? Form::labels : inferencer.id == "loglikelihood" ? Form::continuations : Form::open;
}

Result<plugin::Template> make_template(plugin::Host& host, const config::DatasetConfig& dataset, config::Compat compat) {
  SXT_TRY(json::Document config, json::parse(dataset.template_.config, dataset.card_path));
  if (host.accepts(plugin::Kind::template_, dataset.template_.id, "compat"))
    json::set(config, "compat", config::compat_name(compat), config.GetAllocator());
  return host.template_(dataset.template_.id, json::write(config), dataset.card_path);
}

Result<render::Prompts> Preparer::render(const plan::TaskData& data, const plan::Row& row, uint32_t shots) {
  plugin::RenderItem item;
  item.record_json = row.record_json;
  item.shots_json.assign(data.shots.begin(), data.shots.begin() + shots);
  item.output_column = dataset_.output_column;
  const Form form = form_of(dataset_.inferencer);
  item.form = form;
  SXT_TRY(const json::Document pieces, renderer_.render(item));
  SXT_TRY(const render::Rendered rendered, render::parse_rendered(pieces, form, "template:" + dataset_.template_.id));
  render::Format format = session_.format(form, run_.compat);
  format.few_shot = dataset_.retriever.shows_examples();
  return render::assemble(rendered, form, format,
                          [this](std::string_view conversation) { return session_.render_chat(conversation); });
}

Result<Prepared> Preparer::prepare(const plan::TaskData& data, const plan::Row& row) {
  const config::ModelConfig& model = session_.config();
  const Form form = form_of(dataset_.inferencer);
  const uint32_t max_out_len = dataset_.inferencer.max_out_len ? dataset_.inferencer.max_out_len : model.max_out_len;
  const bool exact_opencompass = run_.compat == config::Compat::opencompass || run_.compat == config::Compat::opencompass_0_2_4;
  const uint32_t limit = render::token_limit(form, run_.compat, session_.context_length(), max_out_len);

  bool chat = false;
  SXT_TRY(render::Fitted fitted,
          render::fit(static_cast<uint32_t>(data.shots.size()), limit, run_.compat,
                      [&](uint32_t shots) -> Result<render::Prompts> {
                        SXT_TRY(render::Prompts prompts, render(data, row, shots));
                        chat = !prompts.prompts.empty() && prompts.prompts.front().chat;
                        return prompts;
                      },
                      [&](const std::vector<std::string>& texts) { return session_.count_tokens(texts, chat); }));

  Prepared prepared;
  store::Sample& sample = prepared.sample;
  data::Request& request = prepared.request;
  SXT_TRY(const json::Document record, json::parse(row.record_json, dataset_.abbr));
  sample.index = row.index;
  sample.record_json = row.record_json;
  sample.gold_json = gold_of(record, dataset_.output_column);
  sample.prompts = std::move(fitted.prompts.prompts);
  sample.dropped_shots = fitted.dropped_shots;

  std::vector<std::string> key_texts;
  request.ask = form == Form::open ? data::Ask::generate : form == Form::labels ? data::Ask::whole : data::Ask::score;
  request.add_special = !chat;
  // what stands before the final question may be cut, it may not; OpenCompass cuts whatever is on the left
  size_t question = 1;
  if (!exact_opencompass)
    for (const render::Prompt& prompt : sample.prompts) question = std::max(question, prompt.question_bytes);
  request.keep_bytes = question;
  if (form == Form::labels) {
    for (const render::Prompt& prompt : sample.prompts) {
      request.continuations.push_back(prompt.text);
      key_texts.push_back(prompt.text.str());
      sample.labels.push_back({prompt.label, prompt.text.str(), 0, 0, 0});
    }
  } else {
    request.text = sample.prompts.front().text;
    key_texts.push_back(request.text.str());
  }
  if (form == Form::continuations)
    for (const render::Continuation& continuation : fitted.prompts.continuations) {
      request.continuations.push_back(continuation.text);
      key_texts.push_back(continuation.text.str());
      sample.labels.push_back({continuation.label, continuation.text.str(), 0, 0, 0});
    }
  if (form == Form::open) {
    data::Sampling sampling;
    sampling.max_new_tokens = max_out_len;
    sampling.min_new_tokens = model.min_out_len;
    sampling.temperature = model.temperature;
    sampling.top_p = model.top_p;
    sampling.top_k = model.top_k;
    sampling.seed = run_.seed;
    sampling.stream = row.index;
    sampling.stop = model.stop_words;
    sampling.stop.insert(sampling.stop.end(), dataset_.inferencer.stop.begin(), dataset_.inferencer.stop.end());
    request.sampling = std::move(sampling);
  } else if (request.continuations.empty()) {
    return Error{Error::Kind::config, fmt::format("{}: the template gives no labels; {} needs \"labels\" or \"continuations\"", dataset_.card_path,
                                                  dataset_.inferencer.id)};
  }
  sample.key = store::content_key({row.record_json, key_texts, session_.weights_sha256(), session_.key_config(),
                                   generation_key(dataset_, request, sample), code_version_, row.index});
  return prepared;
}

}  // namespace sextant::infer
