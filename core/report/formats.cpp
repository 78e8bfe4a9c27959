// A table as text, csv, markdown, JSON and OpenCompass' summary file. Names come from outside: all but JSON show them as
// printable() does.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <sextant/numbers.hpp>
#include <sextant/printable.hpp>
#include "../base/cell_text.hpp"
#include "../base/text.hpp"
#include "report.hpp"
#include "robustness.hpp"
#include "width.hpp"

namespace sextant::report {
namespace {

constexpr size_t named_columns = 4;  // before those of the models

std::vector<std::vector<std::string>> grid(const Table& table) {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> head = {"dataset", "version", "metric", "mode"};  // named_columns of them
  head.insert(head.end(), table.models.begin(), table.models.end());
  lines.push_back(std::move(head));
  for (const Row& row : table.rows) {
    std::vector<std::string> line = {row.dataset, row.version, row.metric, row.mode};
    for (const Cell& cell : row.cells) line.push_back(cell.text);
    lines.push_back(std::move(line));
  }
  for (auto& line : lines)
    for (std::string& cell : line) cell = printable(cell);
  return lines;
}

std::string replace(std::string_view text, char what, const char* with) {
  std::string out;
  for (const char c : text) {
    if (c == what)
      out += with;
    else
      out += c;
  }
  return out;
}

// Lines under the table, behind an empty one.
std::string findings_text(const Table& table) {
  std::string out;
  for (const std::string& finding : table.findings) out += (out.empty() ? "\n" : "") + printable(finding) + "\n";
  return out;
}

// A line for each model, behind an empty one: all its replies together.
std::string replies_lines(const Table& table) {
  std::string out;
  for (const std::string& model : table.models) {
    Replies all;
    bool known = true;  // the tokens
    for (const Replies& one : table.replies) {
      if (one.model != model) continue;
      all.replies += one.replies, all.unparsed += one.unparsed, all.cut += one.cut, all.tokens += one.tokens;
      known = known && one.tokens > 0;
    }
    if (all.replies == 0) continue;
    const auto percent = [&](uint64_t n) { return 100.0 * static_cast<double>(n) / static_cast<double>(all.replies); };
    out += printable(fmt::format("{}: {} {}, {:.1f} % without an answer, {:.1f} % cut at their maximum length{}", model,
                                 with_commas(all.replies), all.replies == 1 ? "reply" : "replies", percent(all.unparsed),
                                 percent(all.cut),
                                 known ? fmt::format(", {:.1f} tokens each",
                                                     static_cast<double>(all.tokens) / static_cast<double>(all.replies))
                                       : "")) +
           "\n";
  }
  return out.empty() ? "" : "\n" + out;
}

std::vector<std::vector<std::string>> replies_grid(const Table& table) {
  std::vector<std::vector<std::string>> lines;
  if (table.replies.empty()) return lines;
  lines.push_back({"dataset", "model", "metric", "score", "replies", "tokens a reply", "no answer %", "cut %"});
  for (const Replies& one : table.replies) {
    const auto n = static_cast<double>(one.replies);
    lines.push_back({printable(one.dataset), printable(one.model), printable(one.metric),
                     one.score ? fmt::format("{:.2f}", *one.score) : "-", std::to_string(one.replies),
                     one.tokens > 0 ? fmt::format("{:.1f}", static_cast<double>(one.tokens) / n) : "-",
                     fmt::format("{:.1f}", 100 * static_cast<double>(one.unparsed) / n),
                     fmt::format("{:.1f}", 100 * static_cast<double>(one.cut) / n)});
  }
  return lines;
}
constexpr size_t named_reply_columns = 3;  // flush left

bool any_best(const Table& table) {
  return std::any_of(table.rows.begin(), table.rows.end(), [](const Row& row) {
    return std::any_of(row.cells.begin(), row.cells.end(), [](const Cell& cell) { return cell.best; });
  });
}

// ECMA-48's select graphic rendition for a cell; empty: as it is.
const char* rendition(const Cell& cell) {
  if (cell.best) return "1;32";
  if (cell.value || cell.text == "-") return "";
  return cell.text == "failed" ? "31" : "33";
}
std::string rendered(const std::string& text, const char* code) {
  const size_t begin = text.find_first_not_of(' '), end = text.find_last_not_of(' ');
  if (!*code || begin == text.npos) return text;  // blanks stay outside, so that they can be cut from a line's end
  return text.substr(0, begin) + "\x1b[" + code + "m" + text.substr(begin, end + 1 - begin) + "\x1b[0m" + text.substr(end + 1);
}

// "[49.0, 72.9]" behind each number whose interval is known. As many decimals as it is worth: none of them is sure.
std::vector<std::vector<std::string>> intervals_of(const Table& table) {
  std::vector<std::vector<std::string>> out;
  for (const Row& row : table.rows) {
    std::vector<std::string>& texts = out.emplace_back();
    for (const Cell& cell : row.cells) {
      const data::Estimate& e = cell.estimate;
      const bool known = cell.value && std::isfinite(e.low) && std::isfinite(e.high);
      texts.push_back(known ? fmt::format("[{0:.{2}f}, {1:.{2}f}]", e.low, e.high, e.high - e.low >= 1 ? 1 : 2)
                            : std::string());
    }
  }
  return out;
}

// As tabulate's "simple" format sets it, which OpenCompass' users and scripts know: a column is two wider than its heading at
// least, two blanks stand between columns, numbers are flush right, and no line ends in a blank.
std::string table_text(const Table& table, bool with_best = false, Colour colour = Colour::off) {
  auto lines = grid(table);
  auto behind = intervals_of(table);
  if (with_best && any_best(table))
    for (size_t row = 0; row < behind.size(); ++row)
      for (size_t model = 0; model < behind[row].size(); ++model)
        if (std::string& text = behind[row][model]; table.rows[row].cells[model].value)
          text += (text.empty() ? "" : " ") + std::string(table.rows[row].cells[model].best ? "*" : " ");
  for (size_t model = 0; model < table.models.size(); ++model) {
    size_t widest_number = 0, widest = 0;
    for (size_t row = 0; row < behind.size(); ++row) {
      if (behind[row][model].empty()) continue;
      widest_number = std::max(widest_number, lines[row + 1][named_columns + model].size());
      widest = std::max(widest, behind[row][model].size());
    }
    for (size_t row = 0; row < behind.size(); ++row) {
      std::string& cell = lines[row + 1][named_columns + model];
      if (!table.rows[row].cells[model].value) continue;
      cell.insert(0, widest_number - std::min(widest_number, cell.size()), ' ');
      cell += std::string(widest > 0 ? widest + 1 - behind[row][model].size() : 0, ' ') + behind[row][model];
    }
  }
  std::vector<size_t> widths;
  for (const std::string& heading : lines.front()) widths.push_back(display_width(heading) + 2);
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  const auto is_numeric = [&](size_t column) {
    return column >= named_columns && std::all_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
             return row.cells[column - named_columns].value.has_value();
           });
  };
  std::string out, dashes;
  for (const size_t columns : widths) dashes += (dashes.empty() ? "" : "  ") + std::string(columns, '-');
  for (size_t n = 0; n < lines.size(); ++n) {
    std::string text;
    for (size_t i = 0; i < lines[n].size(); ++i) {
      const std::string padding(widths[i] - display_width(lines[n][i]), ' ');
      const std::string cell = is_numeric(i) ? padding + lines[n][i] : lines[n][i] + padding;
      const char* code = colour == Colour::off ? ""
                         : n == 0              ? "1"
                         : i < named_columns   ? ""
                                               : rendition(table.rows[n - 1].cells[i - named_columns]);
      text += (i == 0 ? "" : "  ") + rendered(cell, code);
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
    if (n == 0) out += rendered(dashes, colour == Colour::off ? "" : "2") + "\n";
  }
  return out;
}

}  // namespace

std::string replies_text(const Table& table) {
  auto lines = replies_grid(table);
  if (lines.empty()) return {};
  std::vector<size_t> widths(lines.front().size());
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], display_width(line[i]));
  std::vector<std::string> dashes;
  for (const size_t width : widths) dashes.emplace_back(width, '-');
  lines.insert(lines.begin() + 1, std::move(dashes));
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - display_width(line[i]), ' ');
      text += (i == 0 ? "" : "  ") + (i < named_reply_columns ? line[i] + padding : padding + line[i]);
    }
    out += text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  }
  return out;
}

std::string to_text(const Table& table, Colour colour) {
  std::string out = table_text(table, true, colour);
  if (any_best(table)) out += "* the best of its row, and better than each other model by more than chance (paired, 5 %)\n";
  return out + replies_lines(table) + findings_text(table) + robustness_text(table);
}

std::string to_csv(const Table& table) {
  std::string out;
  const auto lines = grid(table);
  for (size_t n = 0; n < lines.size(); ++n)
    for (size_t i = 0; i < lines[n].size(); ++i) {
      const bool number = n > 0 && i >= named_columns && table.rows[n - 1].cells[i - named_columns].value;
      out += csv_cell(lines[n][i], number) + (i + 1 < lines[n].size() ? "," : "\n");
    }
  return out;
}

std::string to_markdown(const Table& table) {
  std::string out;
  const auto lines = grid(table);
  for (size_t n = 0; n < lines.size(); ++n) {
    out += "|";
    for (const std::string& cell : lines[n]) out += " " + replace(cell, '|', "\\|") + " |";
    out += "\n";
    if (n > 0) continue;
    out += "|";
    for (size_t i = 0; i < lines[0].size(); ++i) out += i < named_columns ? " --- |" : " ---: |";
    out += "\n";
  }
  return out;
}

std::string to_json(const Table& table, const std::string& run_dir, const std::string& status) {
  json::Document out;
  out.SetObject();
  auto& a = out.GetAllocator();
  json::set(out, "run_dir", run_dir, a);
  json::set(out, "status", status, a);
  json::Value rows(rapidjson::kArrayType);
  for (const Row& row : table.rows)
    for (size_t model = 0; model < row.cells.size(); ++model) {
      const Cell& cell = row.cells[model];
      json::Value item(rapidjson::kObjectType);
      json::set(item, "dataset", row.dataset, a);
      json::set(item, "version", row.version, a);
      json::set(item, "metric", row.metric, a);
      json::set(item, "mode", row.mode, a);
      json::set(item, "model", table.models[model], a);
      json::set(item, "value", cell.value ? json::Value(*cell.value) : json::Value(rapidjson::kNullType), a);
      const auto number = [](double value) {
        return std::isfinite(value) ? json::Value(value) : json::Value(rapidjson::kNullType);
      };
      const data::Estimate& estimate = cell.estimate;
      if (cell.value) {
        json::set(item, "n", estimate.n > 0 ? json::Value(estimate.n) : json::Value(rapidjson::kNullType), a);
        json::set(item, "standard_error", number(estimate.standard_error), a);
        json::set(item, "low", number(estimate.low), a);
        json::set(item, "high", number(estimate.high), a);
        if (estimate.clusters > 0) json::set(item, "clusters", json::Value(estimate.clusters), a);
        json::set(item, "higher_is_better", json::Value(estimate.higher_is_better), a);
        if (cell.best) json::set(item, "best", json::Value(true), a);
        if (cell.unparsed) json::set(item, "unparsed", json::Value(*cell.unparsed), a);
        if (cell.cut) json::set(item, "cut", json::Value(*cell.cut), a);
      }
      if (!cell.value) json::set(item, "status", cell.text, a);
      if (!cell.error.empty()) json::set(item, "error", cell.error, a);
      rows.PushBack(std::move(item), a);
    }
  json::set(out, "rows", std::move(rows), a);
  if (!table.findings.empty()) {
    json::Value findings(rapidjson::kArrayType);
    for (const std::string& finding : table.findings) findings.PushBack(json::Value(finding, a), a);
    json::set(out, "findings", std::move(findings), a);
  }
  if (!table.robustness.empty()) json::set(out, "robustness", robustness_json(table, a), a);
  return json::write(out);
}

std::string to_summary_file(const Table& table, const std::string& timestamp) {
  const std::string above(128, '^'), below(128, '$'), rule(128, '-');
  const auto block = [&](const char* title, const std::string& body) {
    return fmt::format("{}\n{}\n{}{}\n", title, above, body, below);
  };
  const std::string divider = fmt::format("\n{} THIS IS A DIVIDER {}\n\n", rule, rule);
  std::string raw;
  for (size_t model = 0; model < table.models.size(); ++model) {
    raw += fmt::format("-------------------------------\nModel: {}\n", printable(table.models[model]));
    for (const Row& row : table.rows) {
      const Cell& cell = row.cells[model];
      raw += printable(fmt::format("{}: {{{}: {}}}{}{}", row.dataset, row.metric,
                                   cell.value ? fmt::format("{}", *cell.value) : cell.text, cell.error.empty() ? "" : " ",
                                   cell.error)) +
             "\n";
    }
  }
  return timestamp + "\n" + block("tabulate format", table_text(table)) + divider + block("csv format", to_csv(table)) +
         divider + block("markdown format", to_markdown(table)) + divider + block("raw format", raw) +
         (table.replies.empty() ? "" : "\n" + replies_text(table)) + findings_text(table) +
         robustness_text(table);
}

}  // namespace sextant::report
