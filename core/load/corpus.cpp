#include "corpus.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace sextant::load {
namespace {

constexpr uint64_t block_rows = 1000;

// So many rows are set aside for at once; a loader that counts more may not have them.
constexpr uint64_t reserved_rows = 1'000'000;

}  // namespace

Result<std::vector<std::string>> read_records(plugin::Dataset& loader, const Derive& derive, const std::string& split,
                                              uint64_t first, uint64_t n) {
  std::vector<std::string> out;
  out.reserve(std::min(n, reserved_rows));
  while (n > 0) {
    const uint64_t count = std::min(n, block_rows);
    SXT_TRY(std::vector<std::string> block, loader.read(split, first, count));
    for (std::string& record : block) {
      auto derived = derive.apply(std::move(record));
      if (!derived)
        return Error{derived.error().kind,
                     fmt::format("row {} of the split '{}': {}", first + out.size(), split, derived.error().message)};
      out.push_back(*std::move(derived));
    }
    first += count;
    n -= count;
  }
  return out;
}

Corpus::Corpus(plugin::Dataset loader, Derive derive, std::string split, uint64_t count, std::string name, std::string path)
    : loader_(std::move(loader)),
      derive_(std::move(derive)),
      split_(std::move(split)),
      name_(std::move(name)),
      path_(std::move(path)),
      records_(count) {}

Result<void> Corpus::read(uint64_t first, uint64_t n) {
  SXT_TRY(std::vector<std::string> block, read_records(loader_, derive_, split_, first, n));
  std::move(block.begin(), block.end(), records_.begin() + static_cast<std::ptrdiff_t>(first));
  return {};
}

Result<std::string> Corpus::row(uint64_t index) {
  SXT_TRY(std::vector<std::string> one, rows(std::span(&index, 1)));
  return std::move(one.front());
}

Result<std::vector<std::string>> Corpus::rows(std::span<const uint64_t> indices) {
  std::vector<std::string> out;
  out.reserve(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    const uint64_t first = indices[i];
    if (first >= size())
      return Error{Error::Kind::data, fmt::format("{}: the retriever wants row {} of the split '{}' in {}, which has {} rows; "
                                                  "ask for fewer examples (--shots), or name others in the card",
                                                  name_, first, split_, path_, size())};
    if (records_[first].empty()) {
      uint64_t n = 1;  // neighbours that are wanted next are read together
      while (i + n < indices.size() && indices[i + n] == first + n && first + n < size() && records_[first + n].empty()) ++n;
      SXT_CHECK(read(first, n));
    }
    out.push_back(records_[first]);
  }
  return out;
}

Result<std::vector<std::string>> Corpus::all() {
  std::vector<uint64_t> indices(size());
  std::iota(indices.begin(), indices.end(), uint64_t{0});
  return rows(indices);
}

}  // namespace sextant::load
