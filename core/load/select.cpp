#include "select.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <optional>
#include <sextant/sha256.hpp>

namespace sextant::load {
namespace {

Error bad_range(std::string_view range) {
  return {Error::Kind::config, fmt::format("test_range '{}' is not a slice; write [begin:end] or [begin:end:step]", range)};
}

std::optional<int64_t> to_int(std::string_view text, bool& ok) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) ok = false;
  return value;
}

// Python's list[begin:end:step]
std::vector<uint64_t> slice(const std::vector<uint64_t>& rows, std::optional<int64_t> begin, std::optional<int64_t> end,
                            int64_t step) {
  const int64_t n = static_cast<int64_t>(rows.size());
  const auto bound = [&](std::optional<int64_t> value, int64_t otherwise, int64_t low, int64_t high) {
    if (!value) return otherwise;
    return std::clamp(*value < 0 ? *value + n : *value, low, high);
  };
  std::vector<uint64_t> out;
  if (step > 0) {
    const int64_t last = bound(end, n, 0, n);
    for (int64_t i = bound(begin, 0, 0, n); i < last; i += step) out.push_back(rows[static_cast<size_t>(i)]);
  } else {
    const int64_t last = bound(end, -1, -1, n - 1);
    for (int64_t i = bound(begin, n - 1, -1, n - 1); i > last; i += step) out.push_back(rows[static_cast<size_t>(i)]);
  }
  return out;
}

// The same rows, each once.
std::vector<config::RowRange> joined(std::vector<config::RowRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const auto& a, const auto& b) { return std::pair(a.first, a.last) < std::pair(b.first, b.last); });
  std::vector<config::RowRange> out;
  for (const config::RowRange& range : ranges) {
    if (!out.empty() && range.first <= out.back().last) out.back().last = std::max(out.back().last, range.last);
    else out.push_back(range);
  }
  return out;
}

}  // namespace

Result<std::vector<uint64_t>> select_rows(uint64_t count, std::string_view test_range, const config::Limit& limit,
                                          uint64_t seed, std::string_view name, const std::vector<config::RowRange>& wanted,
                                          const std::set<uint64_t>& excluded) {
  std::vector<uint64_t> rows(count);
  std::iota(rows.begin(), rows.end(), uint64_t{0});
  for (std::string_view rest = test_range; !rest.empty();) {
    const size_t close = rest.find(']');
    if (rest.front() != '[' || close == rest.npos) return bad_range(test_range);
    const std::string_view inside = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
    const size_t first = inside.find(':');
    if (first == inside.npos) return bad_range(test_range);
    const size_t second = inside.find(':', first + 1);
    bool ok = true;
    const auto begin = to_int(inside.substr(0, first), ok);
    const auto end = to_int(inside.substr(first + 1, second == inside.npos ? second : second - first - 1), ok);
    const int64_t step = second == inside.npos ? 1 : to_int(inside.substr(second + 1), ok).value_or(1);
    // a step beyond the list takes one row either way; the bound keeps the loop's index in range
    constexpr int64_t step_max = int64_t{1} << 40;
    if (!ok || step == 0 || step > step_max || step < -step_max) return bad_range(test_range);
    rows = slice(rows, begin, end, step);
  }
  std::erase_if(rows, [&](uint64_t row) { return excluded.contains(row); });
  for (const config::RowRange& range : wanted)
    if (range.last >= count)
      return Error{Error::Kind::usage,
                   fmt::format("--rows names row {} of {}, which has rows 0 to {}", range.last, name, count - 1)};
  if (!wanted.empty()) {
    std::vector<bool> is_wanted(count);
    for (const config::RowRange& range : joined(wanted))
      for (uint64_t row = range.first; row <= range.last; ++row) is_wanted[row] = true;
    std::erase_if(rows, [&](uint64_t row) { return !is_wanted[row]; });
  }
  if (rows.empty())
    return Error{Error::Kind::data,
                 fmt::format("no row of {} is left to evaluate; check test_range, --rows and --exclude", name)};
  if (limit.value <= 0) return rows;
  // a fraction below 1 takes at least one row of a set that has any
  const double kept = limit.value < 1 ? std::max(1.0, std::floor(limit.value * static_cast<double>(rows.size()))) : limit.value;
  const size_t keep = static_cast<size_t>(std::min(kept, static_cast<double>(rows.size())));
  if (limit.random) {
    // rows in the order of a hash each: the same rows on every machine and library version
    std::vector<std::pair<std::array<uint64_t, 2>, size_t>> order;  // the first half of the hash is enough to tell rows apart
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string hash = sha256_hex(fmt::format("{}\n{}\n{}", seed, name, rows[i]));
      std::array<uint64_t, 2> halves{};
      for (size_t half = 0; half < 2; ++half)
        std::from_chars(hash.data() + 16 * half, hash.data() + 16 * (half + 1), halves[half], 16);
      order.emplace_back(halves, i);
    }
    std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(keep), order.end());
    order.resize(keep);
    std::vector<size_t> chosen;
    for (const auto& item : order) chosen.push_back(item.second);
    std::sort(chosen.begin(), chosen.end());
    std::vector<uint64_t> out;
    for (const size_t i : chosen) out.push_back(rows[i]);
    return out;
  }
  rows.resize(keep);
  return rows;
}

}  // namespace sextant::load
