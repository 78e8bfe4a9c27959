// Values to columns, and columns to numbers.
#pragma once
#include "intervals.hpp"
#include "score.hpp"
#include "values.hpp"

namespace sextant::score {

/// acc, acc_norm, acc_bytes and acc_token, where attempts carry the choices by sum, per character, byte and token (extra
/// "choices"): 1 where the choice is the target. Names and numbers as in lm-eval.
void add_choices(Scored& scored, const Values& values);

/// word_perplexity, byte_perplexity and bits_per_byte (rolling, as in lm-eval) and average_ppl (ppl_only, as in OpenCompass),
/// where attempts carry them (extra): lower is better. Over a set the first three weigh each text by its words or bytes.
/// min_k_plus_plus and min_k likewise: less familiar.
void add_perplexities(Scored& scored, const Values& values);

/// Of these the least that it can be, NaN: no least; of others nothing. They are shown as they are, other means as percentages.
std::optional<double> lowest_perplexity(std::string_view name);

/// The numbers of each repeat: a metric's own over its whole set, else each column's mean x 100. Several repeats come to their
/// mean and standard deviation, and to pass@k and G-Pass@k where the card asks for them.
Result<void> add_numbers(Scored& scored, const config::DatasetConfig& dataset, const std::vector<MetricFacts>& metrics,
                         const Values& values, Reader& reader);

/// The rows of a table of repeats, by the first column of each filter: appended to scored.numbers.
void add_pass_at_k(Scored& scored, const config::DatasetConfig& dataset, const Intervals& intervals);

}  // namespace sextant::score
