// Lines of cells as columns that stand under each other in a terminal, wide characters included. Pure.
#pragma once
#include <string>
#include <vector>

namespace sextant::report {

/// The first line is the heading. The first `texts` columns are flush left, others right; two blanks lie between columns. Cells
/// are shown as printable() does.
std::string aligned(std::vector<std::vector<std::string>> lines, size_t texts);

}  // namespace sextant::report
