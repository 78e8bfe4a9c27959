// Data files as text, also out of what packs them: .gz, .zst, .bz2 and .xz of one file, .zip of several.
#pragma once
#include <filesystem>
#include <string>
#include <vector>
#include <sextant/result.hpp>

namespace sextant::tables {

struct TextFile {
  std::filesystem::path path;   // in messages; of a file in an archive: "data.zip/test.jsonl"
  std::string name;             // by whose end the format is known: "test.jsonl" of test.jsonl.gz
  std::string text;
};
/// What is packed may be at most as large as a data file; an archive gives its data files in the order of their names.
Result<std::vector<TextFile>> read_texts(const std::filesystem::path& file);

/// The name without the end that says how it is packed; empty: it is not packed.
std::string unpacked_name(const std::filesystem::path& file);

}  // namespace sextant::tables
