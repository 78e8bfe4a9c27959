// What a file or a folder holds, as one SHA-256: for keys that must change when an input does, whatever it is called.
#pragma once
#include <filesystem>
#include <string>

namespace sextant {

/// Of a file: its SHA-256; where it is large (weights), that of its size and of 64 stretches spread over it. Of a folder, which
/// holds a model, an adapter or a tokenizer: that of the names and fingerprints of the files in it that a model is read from,
/// of its named chat templates and of its numbered modules. What else lies there (outputs of runs, notes) is left out. Empty
/// where there is no such thing.
std::string fingerprint(const std::filesystem::path& path);

}  // namespace sextant
