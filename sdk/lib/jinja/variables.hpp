// Which names a template takes from what it is rendered for. Pure; [any] thread.
#pragma once
#include <sextant/jinja.hpp>
#include "ast.hpp"

namespace sextant::jinja {

std::vector<Variable> variables_of(const Body& body, const Environment& environment);

}  // namespace sextant::jinja
