// GPT-2's alphabet (encoder.py, bytes_to_unicode): every byte as a printable character. Pure; [any] thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include "normalizer.hpp"

namespace sextant::engine {

/// The byte's character, in UTF-8.
std::string_view spell(uint8_t byte);
/// The bytes that a token stands for, or nothing where it holds a character outside the alphabet.
std::optional<std::string> unspell(std::string_view token);
/// Every byte of a text in the alphabet.
Normalizer::Step byte_alphabet_step();

}  // namespace sextant::engine
