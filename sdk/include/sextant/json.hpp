// JSON as the whole project reads and writes it: RapidJSON with the flags that keep doubles, reject broken UTF-8 and
// survive deep nesting, and errors that name file, line and column. Everything here is [any] thread; values own their text.
#pragma once
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#define RAPIDJSON_HAS_STDSTRING 1
#include <rapidjson/document.h>
#include <rapidjson/encodedstream.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sextant/result.hpp>
#include <sextant/utf8.hpp>

namespace sextant::json {

using Value = rapidjson::Value;
using Document = rapidjson::Document;
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

enum class Syntax {
  strict,   // what programs write
  relaxed,  // what persons write: comments and trailing commas as well
};

inline constexpr unsigned strict_flags = rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag;
inline constexpr unsigned relaxed_flags = strict_flags | rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag;

/// Deeper than anything that a person or a model's makers write. Walking a tree is recursive (copying, writing, validating), so
/// without a limit a file of nothing but brackets would take the whole stack.
inline constexpr unsigned depth_max = 200;

namespace detail {

/// Hands the parser's events on to the document, and ends the parsing at what RapidJSON lets pass; `code` says why.
struct Limits {
  using Stream = rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream>;
  Document& document;
  std::string_view text;
  const Stream& stream;
  unsigned depth = 0;
  rapidjson::ParseErrorCode code = rapidjson::kParseErrorTermination;  // too deep
  using Size = rapidjson::SizeType;
  bool Null() { return document.Null(); }
  bool Bool(bool v) { return document.Bool(v); }
  bool Int(int v) { return document.Int(v); }
  bool Uint(unsigned v) { return document.Uint(v); }
  bool Int64(int64_t v) { return document.Int64(v); }
  bool Uint64(uint64_t v) { return document.Uint64(v); }
  bool Double(double v) {
    // RapidJSON 1.1 rounds a fifth of all doubles wrongly; its kParseFullPrecisionFlag reads "0e99" as any number and reads
    // beyond a table where there are many digits. So the text is converted once more, exactly.
    const std::string_view number = number_before(stream.Tell());
    double exact = 0;
    const auto failed = std::from_chars(number.data(), number.data() + number.size(), exact).ec;
    if (failed == std::errc::result_out_of_range) exact = std::abs(v) > 1 ? HUGE_VAL : std::copysign(0.0, v);
    if (!std::isfinite(exact)) return code = rapidjson::kParseErrorNumberTooBig, false;
    return document.Double(exact);
  }
  bool RawNumber(const char* s, Size n, bool copy) { return document.RawNumber(s, n, copy); }
  bool String(const char* s, Size n, bool copy) { return whole(s, n) && document.String(s, n, copy); }
  bool Key(const char* s, Size n, bool copy) { return whole(s, n) && document.Key(s, n, copy); }
  bool StartObject() { return ++depth <= depth_max && document.StartObject(); }
  bool EndObject(Size n) { return --depth, document.EndObject(n); }
  bool StartArray() { return ++depth <= depth_max && document.StartArray(); }
  bool EndArray(Size n) { return --depth, document.EndArray(n); }
  /// "\ude00" alone is half a character: RapidJSON makes bytes of it that are not UTF-8, and that could not be read back.
  bool whole(const char* s, Size n) {
    if (utf8::valid_prefix({s, n}) == n) return true;
    return code = rapidjson::kParseErrorStringUnicodeSurrogateInvalid, false;
  }
  std::string_view number_before(size_t end) const {
    constexpr std::string_view in_numbers = "0123456789+-.eE";
    end = std::min(end, text.size());
    size_t begin = end;
    while (begin > 0 && in_numbers.find(text[begin - 1]) != in_numbers.npos) --begin;
    return text.substr(begin, end - begin);
  }
};

}  // namespace detail

/// Parses into `document` as RapidJSON's Parse does, and exactly: an error too is nesting beyond depth_max (its code is
/// kParseErrorTermination), a number beyond a double's range, and half a surrogate pair.
template <unsigned flags>
rapidjson::ParseResult parse_into(Document& document, std::string_view text) {
  rapidjson::MemoryStream bytes(text.data(), text.size());
  detail::Limits::Stream stream(bytes);
  rapidjson::Reader reader;
  rapidjson::ParseResult result;
  const auto generate = [&](Document& handler) {
    detail::Limits limit{handler, text, stream};
    result = reader.Parse<flags>(stream, limit);
    if (result.Code() == rapidjson::kParseErrorTermination) result.Set(limit.code, result.Offset());
    return !result.IsError();
  };
  document.Populate(generate);
  return result;
}
/// What is wrong where the parser stopped, in the words of whoever wrote the text, and what to do. `text` is what was parsed;
/// without it less is known.
inline std::string error_text(const rapidjson::ParseResult& result, std::string_view text = {}) {
  const std::string_view rest = text.substr(std::min(result.Offset(), text.size()));
  const std::string_view word = rest.substr(0, std::min<size_t>(rest.find_first_of(" \t\r\n,:]}[{"), 24));
  const auto begins = [&](std::string_view with) { return word.starts_with(with); };
  const bool ended = !text.empty() && rest.find_first_not_of(" \t\r\n") == rest.npos;
  switch (result.Code()) {
    case rapidjson::kParseErrorNone: return "nothing is wrong";
    case rapidjson::kParseErrorTermination: return "lists and objects nest more than " + std::to_string(depth_max) + " deep";
    case rapidjson::kParseErrorDocumentEmpty: return "there is nothing here; a JSON value is wanted";
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something stands behind the end of the JSON value; remove it, or write one value a line into a .jsonl file";
    case rapidjson::kParseErrorValueInvalid:
      if (ended) return "the text ends where a value should follow; it is cut short";
      if (begins("NaN") || begins("nan") || begins("Inf") || begins("-Inf"))
        return "JSON has no " + std::string(word) + "; write null or a number";
      if (begins("None") || begins("True") || begins("False"))
        return "Python's " + std::string(word) + "; JSON writes " + (begins("N") ? "null" : begins("T") ? "true" : "false");
      if (begins("'")) return "a text in single quotes; JSON wants double quotes";
      if (rest.starts_with(",") || rest.starts_with("]") || rest.starts_with("}"))
        return "a value is missing in front of '" + std::string(rest.substr(0, 1)) + "', or a comma is one too many";
      return (word.empty() ? "this" : "'" + std::string(word) + "'") +
             " is not a JSON value; a text needs double quotes around it";
    case rapidjson::kParseErrorObjectMissName:
      if (ended) return "the text ends inside an object; it is cut short";
      if (begins("'")) return "a name in single quotes; JSON wants double quotes";
      if (rest.starts_with("}")) return "a comma stands in front of '}'; remove it";
      return "a member's name is missing here; write it in double quotes";
    case rapidjson::kParseErrorObjectMissColon: return "a colon is missing behind a member's name";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return ended ? "the text ends inside an object; it is cut short, or a '}' is missing"
                   : "a comma or '}' is missing in front of this";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return ended ? "the text ends inside a list; it is cut short, or a ']' is missing"
                   : "a comma or ']' is missing in front of this";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex: return "\\u needs four hexadecimal digits behind it";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "\\u names half a character (a surrogate without its other half)";
    case rapidjson::kParseErrorStringEscapeInvalid:
      return "a backslash stands before a letter that it does not go with; write two for a backslash";
    case rapidjson::kParseErrorStringMissQuotationMark: return "a text has no closing double quote";
    case rapidjson::kParseErrorStringInvalidEncoding:
      return "the text is not UTF-8, or holds a control character; convert it to UTF-8 and write line feeds as \\n";
    case rapidjson::kParseErrorNumberTooBig: return "a number is beyond what a double holds (1.8e308)";
    case rapidjson::kParseErrorNumberMissFraction: return "a number has no digits behind its dot";
    case rapidjson::kParseErrorNumberMissExponent: return "a number has no digits behind its e";
    default: return "this is not JSON";
  }
}

/// 1-based line and column (in bytes) of a byte offset.
inline std::pair<size_t, size_t> line_and_column(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const size_t last_lf = before.rfind('\n');
  return {1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n')),
          last_lf == before.npos ? before.size() + 1 : before.size() - last_lf};
}

/// Parses `text`; `origin` (a path, a flag, ...) names it in the error: "cards/x.json:3:7: Missing a comma ...".
inline Result<Document> parse(std::string_view text, std::string_view origin, Syntax syntax = Syntax::strict) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  Document document;
  const rapidjson::ParseResult result = syntax == Syntax::strict ? parse_into<strict_flags>(document, text)
                                                                 : parse_into<relaxed_flags>(document, text);
  if (!result.IsError()) return document;
  const auto [line, column] = line_and_column(text, result.Offset());
  std::string message(origin);
  message.append(":").append(std::to_string(line)).append(":").append(std::to_string(column)).append(": ");
  message += error_text(result, text);
  return Error{Error::Kind::config, std::move(message)};
}

inline std::string_view text(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

/// The member, or null where the value is not an object or has none of that name.
inline const Value* find(const Value& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const auto it = object.FindMember(Value(rapidjson::StringRef(name.data(), name.size())));
  return it == object.MemberEnd() ? nullptr : &it->value;
}
inline std::optional<std::string> find_string(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  return value && value->IsString() ? std::optional<std::string>(text(*value)) : std::nullopt;
}
inline std::optional<double> find_number(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  return value && value->IsNumber() ? std::optional<double>(value->GetDouble()) : std::nullopt;
}
inline std::optional<int64_t> find_int(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  return value && value->IsInt64() ? std::optional<int64_t>(value->GetInt64()) : std::nullopt;
}
inline std::optional<bool> find_bool(const Value& object, std::string_view name) {
  const Value* value = find(object, name);
  return value && value->IsBool() ? std::optional<bool>(value->GetBool()) : std::nullopt;
}

/// RapidJSON's writers stop at a NaN or infinity, or write a word that is not JSON; these write null.
template <class Base> struct NullForNan : Base {
  using Base::Base;
  bool Double(double value) { return std::isfinite(value) ? Base::Double(value) : Base::Null(); }
};

/// Compact text; members in their order. A NaN or infinity becomes null (JSON has none).
inline std::string write(const Value& value) {
  rapidjson::StringBuffer buffer;
  NullForNan<Writer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}
/// For persons: two blanks of indentation. Likewise.
inline std::string write_pretty(const Value& value) {
  rapidjson::StringBuffer buffer;
  NullForNan<rapidjson::PrettyWriter<rapidjson::StringBuffer>> writer(buffer);
  writer.SetIndent(' ', 2);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}
/// Canonical text, for hashes: compact, members of every object sorted by name (bytes).
inline void write_canonical(const Value& value, Writer& writer) {
  if (value.IsObject()) {
    std::vector<const Value::Member*> members;
    for (const auto& member : value.GetObject()) members.push_back(&member);
    // stable: members of one name keep their order, so that the text of what was read back is the same
    std::stable_sort(members.begin(), members.end(), [](auto* a, auto* b) { return text(a->name) < text(b->name); });
    writer.StartObject();
    for (const auto* member : members) {
      writer.Key(member->name.GetString(), member->name.GetStringLength());
      write_canonical(member->value, writer);
    }
    writer.EndObject();
  } else if (value.IsArray()) {
    writer.StartArray();
    for (const auto& item : value.GetArray()) write_canonical(item, writer);
    writer.EndArray();
  } else {
    value.Accept(writer);
  }
}
inline std::string canonical(const Value& value) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  write_canonical(value, writer);
  return {buffer.GetString(), buffer.GetSize()};
}
inline std::string quote(std::string_view s) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.String(s.data(), static_cast<rapidjson::SizeType>(s.size()));
  return {buffer.GetString(), buffer.GetSize()};
}
inline Document copy(const Value& value) {
  Document document;
  document.CopyFrom(value, document.GetAllocator());
  return document;
}
/// Erases these members of an object, as far as it has them; the others keep their order.
inline void remove(Value& object, std::initializer_list<const char*> names) {
  for (const char* name : names) object.EraseMember(name);
}
/// Sets or replaces a member; `name` and text values are copied into the document's allocator.
inline void set(Value& object, std::string_view name, Value value, Document::AllocatorType& allocator) {
  auto it = object.FindMember(Value(rapidjson::StringRef(name.data(), name.size())));
  if (it != object.MemberEnd()) it->value = std::move(value);
  else
    object.AddMember(Value(name.data(), static_cast<rapidjson::SizeType>(name.size()), allocator), std::move(value), allocator);
}
inline void set(Value& object, std::string_view name, std::string_view value, Document::AllocatorType& allocator) {
  set(object, name, Value(value.data(), static_cast<rapidjson::SizeType>(value.size()), allocator), allocator);
}

}  // namespace sextant::json
