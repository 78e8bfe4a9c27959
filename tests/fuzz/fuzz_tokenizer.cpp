// A fuzz target: any bytes as a tokenizer.json, tokenizer.model or tiktoken file; after lines of "--file--" as the files beside
// it in a folder. What is accepted must encode any text, with ends that fit it, and decode without half a character on the way.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sextant/utf8_text.hpp>
#include <tokenizer/open_vocabulary.hpp>
#include "memory_file.hpp"

using namespace sextant;
using namespace sextant::engine;

namespace {

constexpr std::string_view separator = "\n--file--\n";
constexpr std::array beside = {"tokenizer_config.json", "added_tokens.json", "special_tokens_map.json",
                               "generation_config.json"};
constexpr std::string_view texts[] = {
    "", " ", "a", "  ab <|im_end|> </s> 12\xE4\xB8\xAD\xFF\n\xE2\x96\x81x",
    "Gro\xC3\x9F" "e T\xC3\xBCr, don't [alone] e\xCC\x81 \xEF\xAC\x81\t\r\n",
    "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7 1234567 --- aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

void expect(bool holds) {
  if (!holds) std::abort();
}

void use(const Vocabulary& vocabulary) {
  const Tokenizer& tokenizer = *vocabulary.tokenizer;
  for (const std::string_view text : texts) {
    for (const bool flag : {false, true}) {
      const Encoding e = tokenizer.encode(text, {flag, flag});
      expect(e.ids.size() == e.end.size() && std::is_sorted(e.end.begin(), e.end.end()));
      expect(e.end.empty() || e.end.back() <= text.size());
      StreamDecoder stream(tokenizer, flag);
      size_t streamed = 0;
      for (const int32_t id : e.ids) {
        expect(tokenizer.piece(id).has_value());
        const std::string part = stream.push(id);
        expect(utf8::valid_prefix(part) == part.size());
        streamed += part.size();
      }
      streamed += stream.finish().size();
      const std::string whole = utf8::repair(tokenizer.decode(e.ids, flag));
      expect(streamed == whole.size() || streamed == whole.size() + 1);  // a blank at the end may be trimmed
    }
  }
}

// A folder of this process alone, emptied each time.
const std::string& folder_of(std::string_view parts) {
  namespace fs = std::filesystem;
  static const std::string path =
      (fs::temp_directory_path() / ("sextant_fuzz_tokenizer_" + std::to_string(::getpid()))).string();
  fs::remove_all(path);
  fs::create_directories(path);
  for (size_t i = 0; i <= beside.size() && (i == 0 || !parts.empty()); ++i) {
    const size_t end = std::min(parts.find(separator), parts.size());
    const std::string name = i > 0 ? beside[i - 1] : parts.starts_with('{') ? "tokenizer.json" : "tokenizer.model";
    std::ofstream(path + "/" + name, std::ios::binary) << parts.substr(0, end);
    parts.remove_prefix(std::min(end + separator.size(), parts.size()));
  }
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const bool alone = all.find(separator) == all.npos;
  const std::string path = alone ? fuzz::memory_file(data, size) : folder_of(all);
  const auto vocabulary = open_vocabulary(path);
  try {
    if (vocabulary) use(*vocabulary);
  } catch (const std::runtime_error&) {  // a regular expression gave up
  }
  if (!vocabulary) expect(vocabulary.error().message.find(path) != std::string::npos);
  return 0;
}
