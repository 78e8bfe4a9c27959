// How far a judge's numbers can be believed: what several judges say together and how they agree, how one agrees with people, and
// answers that talk to the judge. Pure; threads: [any].
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include "../data/finding.hpp"
#include "../data/score.hpp"
#include "../stats/interval.hpp"

namespace sextant::score {

/// What a panel says of each sample: the mean of those that can be read, or what most say (where several are named as often, the
/// mean of these). `by_judge`: [judge][sample], NaN: unread. A vote is lost by nobody who is unread; NaN where all are.
std::vector<double> combined(const std::vector<std::vector<double>>& by_judge, bool vote);

/// "panel": how many samples all judges say the same of, with kappas and alpha.
data::Finding panel_finding(const std::vector<std::string>& judges, const std::vector<std::vector<double>>& by_judge);

/// A judge's numbers beside people's.
struct Trust {
  data::Estimate corrected;                    // prediction-powered; its name is the caller's
  std::vector<data::Finding> findings;         // "people", and "few_labels" where there is no interval
};
/// `judge`: [sample], NaN: unread; `people`: by sample. `unit`: of the table. `clusters`: of the samples, as stats::of_mean takes
/// them. Nothing where no sample has both.
std::optional<Trust> beside_people(const std::vector<double>& judge, const std::map<size_t, double>& people, double unit,
                                   stats::Range range, const std::vector<uint32_t>& clusters = {});

/// What stands behind an answer in a judge's prompt, as the template's configuration has it: an answer that writes it itself ends
/// where the judge is to think it ends. Without blanks, at most 24 bytes each; those that answers have by chance are left out.
std::vector<std::string> fences_of(std::string_view template_json);
/// What an answer says to a judge instead of to the question: its words (a fence is quoted with what follows), or nothing.
std::string_view addressed_to_judge(std::string_view answer, const std::vector<std::string>& fences);

}  // namespace sextant::score
