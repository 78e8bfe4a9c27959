#include "shapes.hpp"

namespace sextant::config {
namespace {

Shape group_shape() { return Shape::object({{"name", Shape::text()}, {"members", Shape::list(Shape::text())}}); }

Shape extends_shape() { return Shape::any(); }  // a name or a list of names; load_merged looks closer

// a component's own keys are checked against its schema when it is created
Shape component_shape() { return Shape::open_object({{"type", Shape::text()}}); }

std::vector<std::pair<std::string, Shape>> dataset_members() {
  return {
      {"extends", extends_shape()},
      {"card", Shape::text()},
      {"summary", Shape::text()},
      {"source_card", Shape::text()},
      {"task_name", Shape::text()},
      {"version", Shape::text()},
      {"loader", component_shape()},
      {"folder", Shape::text()},
      {"path", Shape::text()},
      {"abbr", Shape::text()},
      {"each", Shape::list(Shape::open_object())},
      {"reader", Shape::object({{"input_columns", Shape::list(Shape::text())},
                                {"output_column", Shape::text()},
                                {"train_split", Shape::text()},
                                {"test_split", Shape::text()},
                                {"test_range", Shape::text()}})},
      {"infer", Shape::object({{"retriever", Shape::object({{"type", Shape::text()}, {"ids", Shape::list(Shape::integer())}})},
                               {"template", component_shape()},
                               {"inferencer", Shape::object({{"type", Shape::text()},
                                                             {"max_out_len", Shape::integer()},
                                                             {"stop", Shape::list(Shape::text())}})}})},
      {"eval", Shape::object({{"postprocessors", Shape::list(component_shape())}, {"metrics", Shape::list(component_shape())}})},
      {"groups", Shape::list(group_shape())},
  };
}

}  // namespace

const Shape& dataset_card_shape() {
  static const Shape shape = [] {
    auto members = dataset_members();
    members.push_back({"variants", Shape::map_of(Shape::object(dataset_members()))});  // each is a part of such a card
    return Shape::object(std::move(members));
  }();
  return shape;
}

const Shape& model_card_shape() {
  static const Shape shape = Shape::object({
      {"extends", extends_shape()},
      {"card", Shape::text()},
      {"summary", Shape::text()},
      {"abbr", Shape::text()},
      {"backend", Shape::text()},
      {"model_path", Shape::text()},
      {"hf_path", Shape::text()},
      {"hf_type", Shape::text()},
      {"tokenizer_path", Shape::text()},
      {"peft_path", Shape::text()},
      {"max_seq_len", Shape::integer()},
      {"max_out_len", Shape::integer()},
      {"min_out_len", Shape::integer()},
      {"batch_size", Shape::integer()},
      {"stop_words", Shape::list(Shape::text())},
      {"generation", Shape::object({{"temperature", Shape::number()}, {"top_p", Shape::number()}, {"top_k", Shape::integer()}})},
      {"chat_template", Shape::text()},
      {"system_prompt", Shape::text()},
      {"meta_template", Shape::open_object()},
      {"config", Shape::open_object()},
  });
  return shape;
}

const Shape& summarizer_card_shape() {
  static const Shape shape = Shape::object(
      {{"extends", extends_shape()}, {"card", Shape::text()}, {"summary", Shape::text()}, {"groups", Shape::list(group_shape())}});
  return shape;
}

const Shape& run_config_shape() {
  static const Shape shape = Shape::object({
      {"extends", extends_shape()},
      {"models", Shape::list(Shape::any())},
      {"datasets", Shape::list(Shape::any())},
      {"summarizer", Shape::object({{"name", Shape::text()}, {"groups", Shape::list(group_shape())}})},
      {"compat", Shape::text()},
      {"limit", Shape::number()},
      {"limit_mode", Shape::text()},
      {"seed", Shape::integer()},
      {"data_dir", Shape::text()},
      {"allow_missing", Shape::boolean()},
      {"dump_eval_details", Shape::boolean()},
      {"work_dir", Shape::text()},
  });
  return shape;
}

}  // namespace sextant::config
