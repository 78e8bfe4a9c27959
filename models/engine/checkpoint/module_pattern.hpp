// How PEFT's configurations name modules: by regular expressions, which are mostly plain names. The pattern comes out of a file
// that anybody may have made, so a match may take only so many steps.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <sextant/result.hpp>

struct pcre2_real_code_8;

namespace sextant::engine {

class ModulePattern {
 public:
  /// `tail`: a module matches too if what stands behind one of its dots does.
  static Result<ModulePattern> compile(std::string_view regex, bool tail);
  /// The same for a plain name.
  static Result<ModulePattern> literal(std::string_view name);
  bool matches(std::string_view module) const;

 private:
  explicit ModulePattern(pcre2_real_code_8* code);
  std::shared_ptr<pcre2_real_code_8> code_;
};

}  // namespace sextant::engine
