#include "sample.hpp"

namespace sextant::data {

std::string_view form_name(Form form) {
  switch (form) {
    case Form::open: return "open";
    case Form::labels: return "labels";
    case Form::continuations: return "continuations";
    case Form::cloze: return "cloze";
    case Form::whole: return "whole";
  }
  return "open";
}

}  // namespace sextant::data
