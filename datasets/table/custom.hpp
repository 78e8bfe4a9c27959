// The loader `custom`: a file that a user brings, whose columns are found out (understand.hpp).
#pragma once
#include <sextant/file_dataset.hpp>
#include "understand.hpp"

namespace sextant::tables {

struct Custom : FileDataset {
  using FileDataset::FileDataset;
  /// With the member "reading": what the first split that there is was understood as.
  std::string describe() override;

 protected:
  std::vector<std::string> splits() const override;
  std::string source_of(std::string_view split) const override;
  Result<Records> load(std::string_view split) const override;

 private:
  mutable std::map<std::string, Understanding, std::less<>> understood_;  // by split
};

}  // namespace sextant::tables
