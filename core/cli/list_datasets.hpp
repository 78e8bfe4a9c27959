// What `sextant list` says of a data set card beyond its summary: whether its data are on this machine, and with --long where
// they are looked for, where they come from and how answers are scored. Read from cards and folders alone.
#pragma once
#include <string>
#include "workspace.hpp"

namespace sextant::cli {

struct DatasetData {
  std::string state;      // "here", "28 of 57", "missing"; "card" where the card itself cannot be read
  std::string where;  // the folder of the first set that is there; else the place that was looked at first, or the card's error
};
DatasetData data_of(Workspace& workspace, const config::CardEntry& entry, const std::string& data_dir);

/// Everything that the card says of its data: provenance, files, inference and scores.
Result<std::string> about_dataset(Workspace& workspace, const config::CardEntry& entry, const std::string& data_dir);

}  // namespace sextant::cli
