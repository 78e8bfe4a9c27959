// A card with "each" stands for several data sets: where its entries come from, and how ${names} are filled in.
#pragma once
#include <filesystem>
#include <functional>
#include <string>
#include <vector>
#include <sextant/json.hpp>

namespace sextant::config {

/// The folder of a set's data: as the core would find it. An error says where it was looked for.
using DataFolder = std::function<Result<std::filesystem::path>(const std::string& folder, const std::string& loader)>;

/// The entries of "each", objects: a list of objects or of names ("law" is {"name": "law"}); {"file": "subjects.txt"}, beside
/// the card or in the data folder: .json and .jsonl hold entries, .csv and .tsv one a row by their header, any other file one
/// name a line;
/// {"glob": "test/${name}_test.csv"} over the data folder.
Result<json::Document> entries_of_each(const json::Value& card, const std::string& origin, const DataFolder& data_folder);

/// Fills ${name} in every text below `value`, in one pass.
Result<void> fill_names(json::Value& value, const json::Value& entry, const std::string& origin,
                        json::Document::AllocatorType& allocator);

}  // namespace sextant::config
