// PyTorch's own files are pickles, and reading a pickle can run any code that its maker put there: they are refused.
#pragma once
#include <string>
#include <fmt/format.h>
#include <sextant/result.hpp>

namespace sextant::engine {

/// `folder` is what tools/convert_bin.py would be given.
inline Error refuse_pickle(const std::string& file, const std::string& folder) {
  std::string quoted = "'";
  for (const char c : folder) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return {Error::Kind::data, fmt::format("{}: is a pickle, and reading one can run code; convert it in Sextant's checkout with "
                                         "`python3 tools/convert_bin.py {}'`",
                                         file, quoted)};
}

}  // namespace sextant::engine
