#include "wrapped_names.hpp"
#include <algorithm>
#include <iterator>

namespace sextant::engine {

std::string unwrapped(std::string_view name) {
  constexpr std::string_view anywhere[] = {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
                                           "_forward_module"};
  constexpr std::string_view at_the_front[] = {"module.", "base_model.model."};
  std::string out;
  for (size_t at = 0; at <= name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    const std::string_view component = name.substr(at, dot - at);
    if (std::find(std::begin(anywhere), std::end(anywhere), component) == std::end(anywhere)) {
      if (!out.empty()) out += '.';
      out += component;
    }
    at = dot + 1;
  }
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view front : at_the_front)
      if (out.starts_with(front)) out.erase(0, front.size()), cut = true;
  }
  return out;
}

}  // namespace sextant::engine
