// The functions that make each retriever out of its configuration, for registry.cpp.
#pragma once
#include "registry.hpp"

namespace sextant::retrieve {

using Made = Result<std::unique_ptr<Retriever>>;

Made make_zero(const json::Value& config, const Options& options);
Made make_fix_k(const json::Value& config, const Options& options);
Made make_random(const json::Value& config, const Options& options);
Made make_bm25(const json::Value& config, const Options& options);
Made make_topk(const json::Value& config, const Options& options);
Made make_mdl(const json::Value& config, const Options& options);
Made make_votek(const json::Value& config, const Options& options);
Made make_dpp(const json::Value& config, const Options& options);
Made make_lm_eval(const json::Value& config, const Options& options);
Made make_same_label(const json::Value& config, const Options& options);
Made make_sliding_window(const json::Value& config, const Options& options);

}  // namespace sextant::retrieve
