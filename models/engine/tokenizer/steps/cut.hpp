// How the places that a pattern finds cut a word: SplitDelimiterBehavior of Hugging Face tokenizers. Pure; [any] thread.
#pragma once
#include <string_view>
#include <vector>
#include "pre_tokenizer.hpp"

namespace sextant::engine {

/// Cuts every word anew: `find(word, visit)` calls visit(begin, end) for the places found in it, in order.
template <class Find> void cut(Words& words, Cut behavior, bool invert, Find find) {
  std::vector<Span> out;
  out.reserve(words.spans.size() * 2);
  const std::string_view text = words.text.bytes;
  for (const Span word : words.spans) {
    const size_t first = out.size();
    bool previous = false;   // whether the part before was a place
    const auto part = [&](size_t begin, size_t end, bool place) {
      place = place != invert;
      const bool any = out.size() > first;
      const Span span{word.begin + begin, word.begin + end};
      switch (behavior) {
        case Cut::removed: if (!place) out.push_back(span); break;
        case Cut::isolated: out.push_back(span); break;
        case Cut::merged_with_previous:
          if (place && !previous && any) out.back().end = span.end;
          else out.push_back(span);
          break;
        case Cut::merged_with_next:
          // a place takes what follows; of several in a row only the last
          if (!place && previous && any) out.back().end = span.end;
          else out.push_back(span);
          break;
        case Cut::contiguous:
          if (place == previous && any) out.back().end = span.end;
          else out.push_back(span);
          break;
      }
      previous = place;
    };
    size_t at = 0;
    find(text.substr(word.begin, word.end - word.begin), [&](size_t begin, size_t end) {
      if (begin > at) part(at, begin, false);
      part(begin, end, true);
      at = end;
    });
    if (at < word.end - word.begin) part(at, word.end - word.begin, false);
  }
  std::erase_if(out, [](Span span) { return span.begin == span.end; });
  words.spans = std::move(out);
}

}  // namespace sextant::engine
