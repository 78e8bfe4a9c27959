// A meta template: how a model that has no chat template marks turns. The form is OpenCompass' (docs/cards.md, "Model cards").
#pragma once
#include <string>
#include <string_view>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::render {

struct Role {
  std::string name;                    // "HUMAN", "BOT", ...
  std::string begin, end;              // put around the turn's text
  std::string prompt;                  // the text of a turn that a dialogue does not give (compat modes)
  bool generate = false;               // the model speaks in this role
};

struct MetaTemplate {
  std::string begin, end;              // around the whole prompt
  std::vector<Role> round;             // the roles of one round, in their order
  std::vector<Role> reserved;          // roles that are known, but not part of every round

  /// The role, else the fallback role, else null.
  const Role* find(std::string_view role, std::string_view fallback_role) const;
  /// As find, but an error that names the role and the known ones.
  Result<const Role*> find_or_fail(std::string_view role, std::string_view fallback_role) const;
  const Role* generating() const;      // or null
};

Result<MetaTemplate> parse_meta_template(std::string_view json_text);

}  // namespace sextant::render
