// Questions over many documents, of which one (SQuAD) or two (HotpotQA) answer: RULER's qa_1 and qa_2. The documents and questions
// are those of a set that was published; which others stand around them, and in which order, is a function of (seed, row, length).
// Pure; [any] thread.
#pragma once
#include <fmt/format.h>
#include <map>
#include <sextant/json.hpp>
#include <sextant/result.hpp>
#include "haystack.hpp"

namespace sextant::longtext {

struct Asked {
  std::string question;
  std::vector<std::string> answers;
  std::vector<size_t> documents;   // that are needed, and those that the set puts beside them
};
struct Library {
  std::vector<std::string> documents;   // each once
  std::vector<Asked> questions;
};

class LibraryReader {
 public:
  /// SQuAD's file ({"data": [{"paragraphs": ...}]}; questions that cannot be answered are left out) or HotpotQA's (a list).
  static Result<Library> read(const json::Value& file, const std::string& origin) {
    LibraryReader reader;
    const json::Value* data = file.IsObject() ? json::find(file, "data") : nullptr;
    const bool good = file.IsArray() ? reader.hotpot(file) : data && data->IsArray() && reader.squad(*data);
    if (!good)
      return Error{Error::Kind::data, origin + " is neither SQuAD's file (\"data\", \"paragraphs\", \"qas\") nor HotpotQA's (a list of "
                                               "\"question\", \"answer\", \"context\"); give the dev file as it is published"};
    if (reader.out_.questions.empty())
      return Error{Error::Kind::data, origin + " has no question with an answer; give the dev file as it is published"};
    return std::move(reader.out_);
  }

 private:
  static const json::Value* list(const json::Value& object, const char* name) {
    const json::Value* found = object.IsObject() ? json::find(object, name) : nullptr;
    return found && found->IsArray() ? found : nullptr;
  }
  size_t add(std::string document) {
    const auto [place, fresh] = known_.try_emplace(document, out_.documents.size());
    if (fresh) out_.documents.push_back(std::move(document));
    return place->second;
  }
  bool squad(const json::Value& data) {
    for (const auto& article : data.GetArray()) {
      const json::Value* paragraphs = list(article, "paragraphs");
      if (!paragraphs) return false;
      for (const auto& paragraph : paragraphs->GetArray()) {
        const json::Value* asked = list(paragraph, "qas");
        const auto context = asked ? json::find_string(paragraph, "context") : std::nullopt;
        if (!context) return false;
        const size_t document = add(*context);
        for (const auto& one : asked->GetArray()) {
          const json::Value* answers = list(one, "answers");
          const auto question = answers ? json::find_string(one, "question") : std::nullopt;
          if (!question) return false;
          Asked out{*question, {}, {document}};
          for (const auto& answer : answers->GetArray()) {
            const auto text = answer.IsObject() ? json::find_string(answer, "text") : std::nullopt;
            if (!text) return false;
            if (std::find(out.answers.begin(), out.answers.end(), *text) == out.answers.end()) out.answers.push_back(*text);
          }
          if (!json::find_bool(one, "is_impossible").value_or(false) && !out.answers.empty())
            out_.questions.push_back(std::move(out));
        }
      }
    }
    return true;
  }
  bool hotpot(const json::Value& rows) {
    for (const auto& row : rows.GetArray()) {
      const json::Value* context = list(row, "context");
      const auto question = context ? json::find_string(row, "question") : std::nullopt;
      const auto answer = context ? json::find_string(row, "answer") : std::nullopt;
      if (!question || !answer) return false;
      Asked out{*question, {*answer}, {}};
      for (const auto& document : context->GetArray()) {
        if (!document.IsArray() || document.Size() != 2 || !document[0].IsString() || !document[1].IsArray()) return false;
        std::string text(json::text(document[0]));
        text += '\n';
        for (const auto& sentence : document[1].GetArray()) {
          if (!sentence.IsString()) return false;
          text += json::text(sentence);
        }
        out.documents.push_back(add(std::move(text)));
      }
      out_.questions.push_back(std::move(out));
    }
    return true;
  }
  Library out_;
  std::map<std::string, size_t> known_;
};

/// "Document 1:\n...\n\nDocument 2:\n...": the question's own, and others while there is room for a whole one in `length` words;
/// shuffled. Every text has its own, whatever its length.
inline std::string documents_around(const Library& library, const Asked& asked, size_t length, Random& random) {
  std::vector<size_t> shown = asked.documents;
  size_t words = 0;
  for (const size_t one : shown) words += words_in(library.documents[one]) + 2;
  std::set<size_t> taken(shown.begin(), shown.end());
  for (size_t missed = 0; taken.size() < library.documents.size() && missed < 100;) {
    const size_t one = random.below(library.documents.size());
    if (taken.contains(one)) {
      ++missed;
      continue;
    }
    const size_t more = words_in(library.documents[one]) + 2;
    if (words + more > length) break;
    taken.insert(one);
    shown.push_back(one);
    words += more;
  }
  for (size_t i = shown.size(); i > 1; --i) std::swap(shown[i - 1], shown[random.below(i)]);
  std::string out;
  for (size_t i = 0; i < shown.size(); ++i)
    out += fmt::format("{}Document {}:\n{}", i == 0 ? "" : "\n\n", i + 1, library.documents[shown[i]]);
  return out;
}

}  // namespace sextant::longtext
