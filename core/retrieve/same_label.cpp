// same_label: rows that share a label with the sample, those of its longest label first, which is the finest one (OpenCompass'
// XiezhiRetriever). Of one label the lower row comes first.
#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>
#include "config_keys.hpp"
#include "makers.hpp"

namespace sextant::retrieve {
namespace {

class SameLabel : public Retriever {
 public:
  SameLabel(bool compat, uint64_t shots, std::string column)
      : Retriever("same_label", compat), shots_(shots), column_(std::move(column)) {}
  Traits traits() const override { return {}; }

 protected:
  Result<void> index() override {
    for (uint64_t i = 0; i < corpus().size(); ++i) {
      SXT_TRY(const std::vector<std::string> labels,
              labels_of(corpus().records[i], fmt::format("row {} of the split '{}'", corpus().rows[i], corpus().split)));
      for (const std::string& label : labels)
        if (std::vector<uint64_t>& rows = by_label_[label]; rows.empty() || rows.back() != i) rows.push_back(i);
    }
    return {};
  }
  Result<Choice> find(const Query& query, std::span<const uint64_t> own) override {
    const std::string place = fmt::format("row {} of the split '{}'", query.row, query.split);
    SXT_TRY(const std::vector<std::string> labels, labels_of(query.record, place));
    Choice choice;
    for (const std::string& label : labels) {
      if (choice.positions.size() >= shots_) break;
      const auto rows = by_label_.find(label);
      if (rows == by_label_.end()) {
        if (compat())
          return error(Error::Kind::data, fmt::format("{} has the label '{}', which no row of the split '{}' has; OpenCompass fails "
                                                      "there; leave the row out, or do without --compat",
                                                      place, label, corpus().split));
        continue;
      }
      for (const uint64_t row : rows->second) {
        const bool seen = std::find(choice.positions.begin(), choice.positions.end(), row) != choice.positions.end();
        if (compat() || (!seen && !std::binary_search(own.begin(), own.end(), row))) choice.positions.push_back(row);
      }
    }
    if (choice.positions.size() > shots_) choice.positions.resize(shots_);
    return choice;
  }

 private:
  /// The longest first; of one length in the row's order.
  Result<std::vector<std::string>> labels_of(std::string_view record, const std::string& place) const {
    SXT_TRY(const json::Document row, json::parse(record, place));
    const json::Value* value = json::find(row, column_);
    std::vector<std::string> labels;
    bool texts = value && value->IsArray();
    for (rapidjson::SizeType i = 0; texts && i < value->Size(); ++i) {
      texts = (*value)[i].IsString();
      if (texts) labels.emplace_back(json::text((*value)[i]));
    }
    if (!texts)
      return error(Error::Kind::data, fmt::format("\"{}\" of {} must be a list of texts; \"column\" names the column that holds "
                                                  "the labels",
                                                  column_, place));
    const auto characters = [](const std::string& text) {
      return std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xC0) != 0x80; });
    };
    std::stable_sort(labels.begin(), labels.end(),
                     [&](const std::string& a, const std::string& b) { return characters(a) > characters(b); });
    return labels;
  }

  uint64_t shots_;
  std::string column_;
  std::unordered_map<std::string, std::vector<uint64_t>> by_label_;
};

}  // namespace

Made make_same_label(const json::Value& config, const Options& options) {
  ConfigKeys keys(config, "same_label");
  const uint64_t shots = keys.shots();
  std::string column = keys.text("column", "labels");
  SXT_CHECK(keys.finish());
  return std::unique_ptr<Retriever>(std::make_unique<SameLabel>(options.compat, shots, std::move(column)));
}

}  // namespace sextant::retrieve
