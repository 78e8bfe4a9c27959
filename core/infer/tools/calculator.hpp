// Arithmetic on one line of text, for models that ask for it. Pure. Threads: [any].
#pragma once
#include <string>
#include <string_view>

namespace sextant::infer {

/// The value of an expression of decimal numbers, + - * / // % ** and parentheses, with Python's meaning and precedence:
/// whole numbers are exact, others have double precision and 15 significant digits. "13.5", "6" for 12 / 2. What is wrong is said as a text as well
/// ("error: division by zero"): the model reads it.
std::string calculate(std::string_view expression);

}  // namespace sextant::infer
