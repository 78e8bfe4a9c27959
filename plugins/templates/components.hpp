// The two components. An object only reads its form after it was made.
#pragma once
#include "form.hpp"

namespace sextant::templates {

struct TextTemplate : Template {
  explicit TextTemplate(Context from) : Template(std::move(from)), form(read_text_form(context.config())) {}
  std::string render(const sxt_render_item& item) override { return fill(form, item); }
  Form form;
};

struct DialogueTemplate : Template {
  explicit DialogueTemplate(Context from) : Template(std::move(from)), form(read_dialogue_form(context.config())) {}
  std::string render(const sxt_render_item& item) override { return fill(form, item); }
  Form form;
};

}  // namespace sextant::templates
