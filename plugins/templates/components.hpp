// The two components. An object only reads its form after it was made.
#pragma once
#include "form.hpp"

namespace sextant::templates {

/// What a form's component is made of; one that cannot give the prompts that it will be asked for is refused here.
inline Form checked(Form form) {
  if (form.ask) check_ask(form, *form.ask);
  return form;
}

struct TextTemplate : Template {
  explicit TextTemplate(Context from) : Template(std::move(from)), form(checked(read_text_form(context.config()))) {}
  std::string render(const sxt_render_item& item) override { return fill(form, item); }
  Form form;
};

struct DialogueTemplate : Template {
  explicit DialogueTemplate(Context from) : Template(std::move(from)), form(checked(read_dialogue_form(context.config()))) {}
  std::string render(const sxt_render_item& item) override { return fill(form, item); }
  Form form;
};

}  // namespace sextant::templates
