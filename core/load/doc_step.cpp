#include "doc_step.hpp"
#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <sextant/columns.hpp>
#include <sextant/jinja.hpp>
#include "../base/text.hpp"
#include "python_literal.hpp"

namespace sextant::load {
namespace {

using Allocator = json::Document::AllocatorType;

Error data_error(std::string what) { return {Error::Kind::data, std::move(what)}; }
json::Value text_value(std::string_view text, Allocator& a) {
  return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), a);
}
bool all_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == text.npos; }

// Python's str() of a value.
Result<std::string> as_python(const json::Value& value) {
  if (value.IsString()) return std::string(json::text(value));
  static const auto print = jinja::Template::parse("{{ value }}", "a value", jinja::Environment::lm_eval());
  return print->render(std::vector<jinja::Template::Given>{{"value", &value}});
}

// Python's bool is an int.
std::optional<int64_t> as_int(const json::Value& value) {
  if (value.IsInt64()) return value.GetInt64();
  if (value.IsBool()) return value.GetBool() ? 1 : 0;
  return std::nullopt;
}

// A key of a task: a number or list as it is, a column's name, or a template.
class Source {
 public:
  static Result<Source> read(const json::Value* value, const char* name, const std::string& where) {
    Source out;
    out.name_ = name;
    if (!value || value->IsNull()) return out;
    out.value_ = std::make_shared<json::Document>(json::copy(*value));
    if (!value->IsString()) return out;
    auto program = jinja::Template::parse(std::string(json::text(*value)), fmt::format("{}: {}", where, name),
                                          jinja::Environment::lm_eval());
    if (!program) return program.error();
    out.program_ = *std::move(program);
    return out;
  }
  bool given() const { return value_ != nullptr; }
  const json::Value& value() const { return *value_; }

  /// `ret_rendered`: a template made it, so that its text may stand for something else.
  Result<json::Value> of(const json::Value& record, Allocator& a, bool& ret_rendered) const {
    ret_rendered = false;
    if (!program_) return json::Value(*value_, a);
    if (const json::Value* column = json::find(record, json::text(*value_))) return json::Value(*column, a);
    ret_rendered = true;
    SXT_TRY(const std::string text, program_->render(record));
    return text_value(text, a);
  }
  Result<std::string> text(const json::Value& record) const {
    Allocator a;
    bool rendered = false;
    SXT_TRY(const json::Value made, of(record, a, rendered));
    return as_python(made);
  }
  const char* name() const { return name_; }

 private:
  const char* name_ = "";
  std::shared_ptr<const json::Document> value_;
  std::optional<jinja::Template> program_;
};

// Text, target and choices of a row.
struct Made {
  json::Value text, target, choices;   // choices: null where there are none
};

struct Question {
  Source text, target, choices, prefix;

  static Result<Question> read(const json::Value& spec, const std::string& where) {
    Question out;
    SXT_TRY(out.text, Source::read(json::find(spec, "text"), "doc_to_text", where));
    SXT_TRY(out.target, Source::read(json::find(spec, "target"), "doc_to_target", where));
    SXT_TRY(out.choices, Source::read(json::find(spec, "choices"), "doc_to_choice", where));
    SXT_TRY(out.prefix, Source::read(json::find(spec, "gen_prefix"), "gen_prefix", where));
    if (!out.target.given()) return Error{Error::Kind::config, where + ": \"target\" is missing"};
    return out;
  }

  // `has_choices`: the task has choices, whatever an example's own say: digits then are a number.
  Result<Made> of(const json::Value& record, Allocator& a, bool has_choices, bool without_text = false) const {
    Made out;
    bool rendered = false;
    if (!without_text) {
      SXT_TRY(out.text, text.of(record, a, rendered));
      if (rendered && has_choices && all_digits(json::text(out.text))) SXT_CHECK(to_number(out.text, "doc_to_text", a));
    }
    SXT_TRY(out.target, target.of(record, a, rendered));
    if (rendered) {
      const std::string_view made = json::text(out.target);
      if (has_choices && all_digits(made)) {
        SXT_CHECK(to_number(out.target, "doc_to_target", a));
      } else if (made.size() >= 2 && made.front() == '[' && made.back() == ']') {
        if (auto literal = python_literal(made, a)) out.target = std::move(*literal);
      }
    }
    if (!choices.given()) return out;
    SXT_TRY(out.choices, choices.of(record, a, rendered));
    if (rendered) {
      auto literal = python_literal(json::text(out.choices), a);
      if (!literal)
        return data_error(
            fmt::format("doc_to_choice gives {}, which is not a list as Python writes it", quoted(json::text(out.choices))));
      out.choices = std::move(*literal);
    } else if (out.choices.IsObject()) {
      json::Value list(rapidjson::kArrayType);
      for (auto& member : out.choices.GetObject()) list.PushBack(std::move(member.value), a);
      out.choices = std::move(list);
    }
    if (!out.choices.IsArray() || out.choices.Empty()) return data_error("doc_to_choice gives no list with options in it");
    for (const auto& choice : out.choices.GetArray())
      if (!choice.IsString() || choice.GetStringLength() == 0)
        return data_error("an option of doc_to_choice is empty or no text");
    return out;
  }
  static std::string quoted(std::string_view text) { return "'" + shorten(text, 60) + "'"; }

 private:
  static Result<void> to_number(json::Value& value, const char* name, Allocator& a) {
    auto literal = python_literal(json::text(value), a);
    if (!literal || !literal->IsInt64())
      return data_error(fmt::format("{} gives {}, which is not a number as Python writes it", name, quoted(json::text(value))));
    value = std::move(*literal);
    return {};
  }
};

class Doc : public DeriveStep {
 public:
  static Result<std::shared_ptr<const DeriveStep>> read(const json::Value& step, const std::string& where) {
    const json::Value& spec = step["lm_eval"];
    if (!spec.IsObject())
      return Error{Error::Kind::config, where + ": \"lm_eval\" must be an object with \"output\", \"text\" and \"target\""};
    auto out = std::make_shared<Doc>();
    const std::string output = json::find_string(spec, "output").value_or("");
    if (output != "multiple_choice" && output != "generate_until" && output != "loglikelihood" &&
        output != "loglikelihood_rolling")
      return Error{
          Error::Kind::config,
          fmt::format(
              "{}: \"output\" is '{}'; it must be multiple_choice, generate_until, loglikelihood or loglikelihood_rolling",
              where, output)};
    out->choice_ = output == "multiple_choice";
    out->generate_ = output == "generate_until";
    out->rolling_ = output == "loglikelihood_rolling";
    SXT_TRY(out->question_, Question::read(spec, where));
    if (!out->rolling_ && !out->question_.text.given()) return Error{Error::Kind::config, where + ": \"text\" is missing"};
    if (out->choice_ && !out->question_.choices.given()) return Error{Error::Kind::config, where + ": \"choices\" is missing"};
    SXT_TRY(out->description_, Source::read(json::find(spec, "description"), "description", where));
    if (const json::Value* shot = json::find(spec, "shot")) { SXT_TRY(out->shot_, Question::read(*shot, where)); }
    return std::shared_ptr<const DeriveStep>(std::move(out));
  }

  Result<json::Value> make(const json::Value& record, const json::Value*, Allocator& a) const override {
    json::Value out(rapidjson::kObjectType);
    const bool has_choices = question_.choices.given();
    SXT_TRY(Made made, question_.of(record, a, has_choices, rolling_));
    const auto index = as_int(made.text);
    if (rolling_) {
      SXT_CHECK(put_text(out, "question", made.target, "doc_to_target", a));
      json::set(out, "gold", "", a);
    } else if (has_choices && index) {   // Winogrande's way: the options are the questions
      SXT_CHECK(gold_of_index(out, *index, made.choices.Size(), a));
      SXT_TRY(const std::string continuation, as_python(made.target));
      json::set(out, "continuation", continuation, a);
      json::set(out, "question", json::Value(made.choices, a), a);
      json::set(out, "options", std::move(made.choices), a);
    } else {
      SXT_CHECK(put_text(out, "question", made.text, "doc_to_text", a));
      SXT_CHECK(choice_     ? gold_of_choice(out, made, a)
                : generate_ ? gold_of_reply(out, made, a)
                            : put_continuation(out, made, a));
    }
    if (question_.prefix.given()) {
      SXT_TRY(const std::string prefix, question_.prefix.text(record));
      json::set(out, "prefix", prefix, a);
    }
    if (description_.given()) {
      SXT_TRY(const std::string description, description_.text(record));
      json::set(out, "description", description, a);
    }
    if (shot_) json::set(out, "shot", shot_of(record, has_choices, a), a);
    return Result<json::Value>(std::move(out));
  }

 private:
  static Result<void> put_text(json::Value& out, const char* name, const json::Value& value, const char* key, Allocator& a) {
    if (!value.IsString())
      return data_error(fmt::format("{} gives {}, which is not text", key, Question::quoted(json::write(value))));
    json::set(out, name, json::Value(value, a), a);
    return {};
  }
  static json::Value number_text(int64_t number, Allocator& a) { return text_value(std::to_string(number), a); }
  // A number beyond the options, and a text that is not one of them, is right for no option.
  static int64_t within(int64_t index, size_t n) { return index < static_cast<int64_t>(n) ? index : -100; }
  static Result<void> gold_of_index(json::Value& out, int64_t index, size_t n, Allocator& a) {
    json::set(out, "gold", number_text(within(index, n), a), a);
    return {};
  }
  static Result<void> gold_of_choice(json::Value& out, Made& made, Allocator& a) {
    const size_t n = made.choices.Size();
    if (made.target.IsArray()) {
      json::Value gold(rapidjson::kArrayType);
      for (const auto& item : made.target.GetArray()) {
        const auto index = as_int(item);
        if (!index)
          return data_error(fmt::format("doc_to_target gives {}, whose items are not indices of options",
                                        Question::quoted(json::write(made.target))));
        gold.PushBack(number_text(within(*index, n), a), a);
      }
      json::set(out, "gold", std::move(gold), a);
    } else if (const auto index = as_int(made.target)) {
      SXT_CHECK(gold_of_index(out, *index, n, a));
    } else if (made.target.IsString()) {
      int64_t place = -100;
      for (rapidjson::SizeType i = 0; i < n && place < 0; ++i)
        if (made.choices[i] == made.target) place = i;
      json::set(out, "gold", number_text(place, a), a);
    } else {
      return data_error(fmt::format("doc_to_target gives {}, which is neither an option nor its number",
                                    Question::quoted(json::write(made.target))));
    }
    json::set(out, "options", std::move(made.choices), a);
    return {};
  }
  static Result<void> gold_of_reply(json::Value& out, Made& made, Allocator& a) {
    if (!made.choices.IsNull() && !made.target.IsArray()) {
      const auto index = as_int(made.target);
      const int64_t n = made.choices.Size();
      const int64_t place = index && *index < 0 ? *index + n : index.value_or(-1);
      if (!index || place < 0 || place >= n)
        return data_error(fmt::format("doc_to_target gives {}, which is not the index of one of the {} options",
                                      Question::quoted(json::write(made.target)), n));
      json::set(out, "gold", json::Value(made.choices[static_cast<rapidjson::SizeType>(place)], a), a);
      return {};
    }
    if (made.target.IsArray()) {
      json::Value gold(rapidjson::kArrayType);
      for (const auto& item : made.target.GetArray()) {
        SXT_TRY(const std::string text, as_python(item));
        gold.PushBack(text_value(text, a), a);
      }
      json::set(out, "gold", std::move(gold), a);
      return {};
    }
    SXT_TRY(const std::string text, as_python(made.target));
    json::set(out, "gold", text, a);
    return {};
  }
  static Result<void> put_continuation(json::Value& out, Made& made, Allocator& a) {
    SXT_CHECK(put_text(out, "continuation", made.target, "doc_to_target", a));
    json::set(out, "gold", "0", a);
    return {};
  }

  // A row that makes no example is only wrong where it is drawn.
  json::Value shot_of(const json::Value& record, bool has_choices, Allocator& a) const {
    json::Value out(rapidjson::kObjectType);
    if (const auto made = put_shot(out, record, has_choices, a); !made) {
      out.RemoveAllMembers();
      json::set(out, "error", made.error().message, a);
    }
    return out;
  }
  Result<void> put_shot(json::Value& out, const json::Value& record, bool has_choices, Allocator& a) const {
    SXT_TRY(Made made, shot_->of(record, a, has_choices));
    if (const auto index = as_int(made.text); index && made.choices.IsArray()) {
      const int64_t n = made.choices.Size(), place = *index < 0 ? *index + n : *index;
      if (place < 0 || place >= n) return data_error(fmt::format("doc_to_text gives {}, and there are {} options", *index, n));
      json::set(out, "question", json::Value(made.choices[static_cast<rapidjson::SizeType>(place)], a), a);
      made.choices.SetNull();
    } else {
      SXT_CHECK(put_text(out, "question", made.text, "doc_to_text", a));
    }
    const auto index = as_int(made.target);
    const json::Value* answer = &made.target;
    if (index && made.choices.IsArray()) {
      const int64_t n = made.choices.Size(), place = *index < 0 ? *index + n : *index;
      if (place < 0 || place >= n)
        return data_error(fmt::format("doc_to_target gives {}, and there are {} options", *index, n));
      answer = &made.choices[static_cast<rapidjson::SizeType>(place)];
    } else if (made.target.IsArray()) {
      if (made.target.Empty()) return data_error("doc_to_target gives an empty list");
      answer = &made.target[0];
    }
    if (!answer->IsNull() && !(answer->IsString() && answer->GetStringLength() == 0))
      SXT_CHECK(put_text(out, "answer", *answer, "doc_to_target", a));
    if (shot_->prefix.given()) {
      SXT_TRY(const std::string prefix, shot_->prefix.text(record));
      json::set(out, "prefix", prefix, a);
    }
    return {};
  }

  bool choice_ = false, generate_ = false, rolling_ = false;
  Question question_;
  Source description_;
  std::optional<Question> shot_;
};

struct Member : DeriveStep {
  std::string path;
  Result<json::Value> make(const json::Value& record, const json::Value*, Allocator& a) const override {
    const json::Value* value = columns::find(record, path);
    if (!value) return data_error(fmt::format("there is no '{}'", path));
    return json::Value(*value, a);
  }
};

}  // namespace

Result<std::shared_ptr<const DeriveStep>> read_doc_step(const json::Value& step, const std::string& where) {
  return Doc::read(step, where);
}

Result<std::shared_ptr<const DeriveStep>> read_member_step(const json::Value& step, const std::string& where) {
  auto out = std::make_shared<Member>();
  const auto path = json::find_string(step, "member");
  if (!path) return Error{Error::Kind::config, where + ": \"member\" must be a column's path, such as doc.gold"};
  out->path = *path;
  return std::shared_ptr<const DeriveStep>(std::move(out));
}

}  // namespace sextant::load
