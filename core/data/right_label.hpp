// Which of an attempt's labels is the answer. Pure.
#pragma once
#include "attempt.hpp"

namespace sextant::data {

/// Its place among the labels: the target's, or the first that is in a list of targets; as many as there are labels: none is.
size_t right_label(const Attempt& attempt);

}  // namespace sextant::data
