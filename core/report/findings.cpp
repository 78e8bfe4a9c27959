// Findings as lines under the table: one line a cause, whatever the number of sets that have it.
#include <algorithm>
#include <fmt/format.h>
#include "../base/text.hpp"
#include "report.hpp"

namespace sextant::report {
namespace {

struct Line {
  std::string model;
  data::Finding finding;
  std::vector<std::string> datasets;
};

constexpr size_t named_max = 3;

bool is_of_pairs(const std::string& kind) {
  return kind == "unread_verdicts" || kind == "order_flips" || kind == "position_bias" || kind == "prefers_longer" ||
         kind == "prefers_shorter" ||
         kind == "panel" || kind == "people" || kind == "few_labels" || kind == "stale_labels" || kind == "unread_labelled" || kind == "self_preference" ||
         kind == "addressed_to_judge" || kind == "unbounded_rating" || kind == "no_rating" || kind == "prefers_style";
}

std::string names_of(const Line& line) {
  return first_names(line.datasets, named_max) + " (" + line.model + ")";
}

std::string sentence_of(const Line& line) {
  const data::Finding& f = line.finding;
  const std::string names = names_of(line), share = fmt::format("{} of {}", f.count, f.of);
  const std::string replies = f.judge.empty() ? "replies" : fmt::format("replies of the judge {}", f.judge);
  const std::string longer = f.judge.empty() ? "raise --max-out-len" : "raise the judge's max_out_len";
  const std::string filter = f.filter.empty() ? "" : fmt::format(" (filter {})", f.filter);
  if (f.kind == "unparsed")
    return f.detail.empty() ? fmt::format("{}: {} {} are empty{}", names, share, replies, filter)
                            : fmt::format("{}: {} {} hold no answer that {}{} can read; they count as wrong (see samples/)",
                                          names, share, replies, f.detail, filter);
  if (f.kind == "unclosed")
    return fmt::format("{}: {} {} end before the model had finished thinking, so they hold no answer; {}", names, share,
                       replies, longer);
  if (f.kind == "cut")
    return fmt::format("{}: all {} {} were cut at their maximum length; {}, or name a stop text", names, f.of, replies, longer);
  if (f.kind == "no_shots")
    return fmt::format(
        "{}: no prompt shows any of its {} examples, because none fits: these are zero-shot numbers; raise --max-seq-len",
        names, f.detail);
  if (f.kind == "no_label")
    return fmt::format(
        "{}: {} answers of the data are not among the labels that the model chooses from, so they can never be right", names,
        share);
  if (f.kind == "dropped_letters" || f.kind == "no_blanks") {
    const size_t end = std::min(f.detail.find("; "), f.detail.size());  // the metric; what to give it
    const std::string metric = f.detail.substr(0, end), instead = f.detail.substr(std::min(end + 2, f.detail.size()));
    return fmt::format("{}: {}, and {} references {}, so that its number says little{}", names,
                       metric + (f.kind == "no_blanks" ? " counts what stands between blanks" : " reads ASCII letters alone"), share,
                       f.kind == "no_blanks" ? "have none between their words" : "are mostly of others",
                       instead.empty() ? "" : fmt::format("; give it {}", instead));
  }
  if (f.kind == "no_score")
    return fmt::format("{}: {} attempts have no {}{}, and its number leaves them out (samples/ says why)", names, share, f.detail,
                       filter);
  if (f.kind == "no_number") return fmt::format("{}: there is no {}", names, f.detail);
  if (f.kind == "nearly")
    return fmt::format("{}: {} answers differ from their references in case, blanks, a final dot or the way a number is written alone, and {} calls "
                       "them wrong{}; see the options of exact_match, and numeric",
                       names, share, f.detail, filter);
  if (f.kind == "zero") return fmt::format("{}: the score{} is 0: {}", names, filter, f.detail);
  const std::string sets = first_names(line.datasets, named_max);
  if (f.kind == "unread_verdicts" && f.count == 0) return fmt::format("{}: all {} verdicts of {} can be read", sets, f.of, f.judge);
  if (f.kind == "unread_verdicts")
    return fmt::format("{}: {} verdicts of {} cannot be read; they are left out of its numbers (see samples/{}/)",
                       f.detail.empty() ? sets : names, share, f.judge, f.judge);
  if (f.kind == "order_flips")
    return fmt::format(
        "{}: {} contradicts itself in {} pairs when their order is changed; the answer shown first gets {} of the wins", sets,
        f.judge, share, f.detail);
  if (f.kind == "position_bias")
    return fmt::format(
        "{}: {} prefers a place: the answer shown first gets {} of the wins, and {} pairs are decided by their order. Both "
        "orders are asked, so that "
        "this cancels out",
        sets, f.judge, f.detail, share);
  if (f.kind == "prefers_longer" || f.kind == "prefers_shorter")
    return fmt::format(
        "{}: {} prefers {} answers: of two models that are equally strong, one whose answers are twice as long gets {} of the "
        "wins; see "
        "rating_at_equal_length",
        sets, f.judge, f.kind == "prefers_longer" ? "longer" : "shorter", f.detail);
  if (f.kind == "prefers_style")
    return fmt::format("{}: {} prefers answers with {}; see rating_at_equal_style", sets, f.judge, f.detail);
  if (f.kind == "unbounded_rating")
    return fmt::format("{}: {} by {}; one virtual tie of every two models that were compared makes the ratings finite", sets,
                       f.detail, f.judge);
  if (f.kind == "no_rating") return fmt::format("{}: there is no rating by {}, because {}", sets, f.judge, f.detail);
  if (f.kind == "panel") return fmt::format("{}: the judges say the same of {} answers; {}", names, share, f.detail);
  if (f.kind == "people") return fmt::format("{}: {} says what people say in {} labels; {}", names, f.judge, share, f.detail);
  if (f.kind == "few_labels")
    return fmt::format(
        "{}: {} of the labels that an interval needs ({}) are there, so the corrected number has none; label more", names,
        f.count, f.of);
  if (f.kind == "stale_labels")
    return fmt::format("{}: {} labels are not used, because they are of other rows or answers than this run has", names, share);
  if (f.kind == "unread_labelled")
    return fmt::format("{}: {} labels are not used, because the judge's verdicts on these answers cannot be read", names, share);
  if (f.kind == "self_preference")
    return fmt::format("{}: the judge {} shares {}, and may prefer its own answers; use another judge, or --labels", sets,
                       f.judge, f.detail);
  if (f.kind == "addressed_to_judge")
    return fmt::format("{}: {} answers speak to the judge instead of to the question ({})", sets, share, f.detail);
  return fmt::format("{}: {} ({})", names, f.kind, share);
}

// One line for all that a judge's readable verdicts are on. True where it is added to one.
bool add_readable(const TaskOutcome& outcome, const data::Finding& finding, std::vector<Line>& lines) {
  if (finding.kind != "unread_verdicts" || finding.count > 0) return false;
  const auto line = std::find_if(lines.begin(), lines.end(), [&](const Line& one) {
    return one.finding.kind == finding.kind && one.finding.count == 0 && one.finding.judge == finding.judge;
  });
  if (line == lines.end()) return false;
  const bool known = std::find(line->datasets.begin(), line->datasets.end(), outcome.dataset) != line->datasets.end();
  if (known && finding.detail.empty()) return true;    // of pairs: every model's results say it
  line->finding.of += finding.of;
  if (!known) line->datasets.push_back(outcome.dataset);
  return true;
}

}  // namespace

std::vector<std::string> findings_of(const std::vector<TaskOutcome>& outcomes) {
  std::vector<Line> lines;
  for (const TaskOutcome& outcome : outcomes)
    for (const data::Finding& finding : outcome.findings) {
      // a judge of pairs is found out once, and every model's results say it
      if (is_of_pairs(finding.kind) && std::any_of(lines.begin(), lines.end(), [&](const Line& one) {
            return one.finding == finding && one.datasets.front() == outcome.dataset;
          }))
        continue;
      if (add_readable(outcome, finding, lines)) continue;
      auto line = std::find_if(lines.begin(), lines.end(), [&](const Line& one) {
        return !is_of_pairs(finding.kind) && one.model == outcome.model && one.finding.kind == finding.kind &&
               one.finding.detail == finding.detail && one.finding.filter == finding.filter &&
               one.finding.judge == finding.judge;
      });
      if (line == lines.end()) {
        lines.push_back({outcome.model, finding, {outcome.dataset}});
        continue;
      }
      line->finding.count += finding.count;
      line->finding.of += finding.of;
      line->datasets.push_back(outcome.dataset);
    }
  std::vector<std::string> out;
  for (const Line& line : lines) out.push_back(sentence_of(line));
  return out;
}

}  // namespace sextant::report
