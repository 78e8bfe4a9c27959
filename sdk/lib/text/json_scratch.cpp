#include <sextant/json_scratch.hpp>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <sextant/utf8_text.hpp>

namespace sextant {
namespace {

using Stream = rapidjson::InsituStringStream;

// As json::detail::Limits, for texts without escapes of code points, which alone can be halves of characters.
struct Events {
  json::Document& document;
  std::string_view text;
  const Stream& stream;
  unsigned depth = 0;
  using Size = rapidjson::SizeType;
  bool Null() { return document.Null(); }
  bool Bool(bool v) { return document.Bool(v); }
  bool Int(int v) { return document.Int(v); }
  bool Uint(unsigned v) { return document.Uint(v); }
  bool Int64(int64_t v) { return document.Int64(v); }
  bool Uint64(uint64_t v) { return document.Uint64(v); }
  bool Double(double) {
    size_t begin = std::min(const_cast<Stream&>(stream).Tell(), text.size());
    const size_t end = begin;
    while (begin > 0 && std::string_view("0123456789+-.eE").find(text[begin - 1]) != std::string_view::npos) --begin;
    double exact = 0;
    const auto [at, code] = std::from_chars(text.data() + begin, text.data() + end, exact);
    return code == std::errc() && at == text.data() + end && document.Double(exact);  // else the other parser decides
  }
  bool RawNumber(const char* s, Size n, bool copy) { return document.RawNumber(s, n, copy); }
  bool String(const char* s, Size n, bool copy) { return document.String(s, n, copy); }
  bool Key(const char* s, Size n, bool copy) { return document.Key(s, n, copy); }
  bool StartObject() { return ++depth <= json::depth_max && document.StartObject(); }
  bool EndObject(Size n) { return --depth, document.EndObject(n); }
  bool StartArray() { return ++depth <= json::depth_max && document.StartArray(); }
  bool EndArray(Size n) { return --depth, document.EndArray(n); }
};

// Parsed in a copy that the document's memory holds, so that no text of it is copied again. False: what it is, or what is wrong with
// it, the exact parser says.
bool parse_plain(json::Document& document, std::string_view text) {
  if (text.empty() || std::memchr(text.data(), 0, text.size()) || text.find("\\u") != text.npos) return false;
  if (!utf8::is_valid(text)) return false;
  char* const copy = static_cast<char*>(document.GetAllocator().Malloc(text.size() + 1));
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  Stream stream(copy);
  rapidjson::Reader reader;
  bool parsed = false;
  const auto generate = [&](json::Document& handler) {
    Events events{handler, text, stream};
    parsed = !reader.Parse<rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag>(stream, events).IsError();
    return parsed;
  };
  document.Populate(generate);
  return parsed;
}

}  // namespace

Result<json::Document> parse_fast(std::string_view text, std::string_view origin) {
  json::Document document;
  if (parse_plain(document, text)) return document;
  return json::parse(text, origin);
}

Result<const json::Document*> JsonScratch::parse(std::string_view text, std::string_view origin) {
  document_.reset();
  memory_.Clear();
  document_.emplace(&memory_);
  if (parse_plain(*document_, text)) return &*document_;
  SXT_TRY(document_, json::parse(text, origin));
  return &*document_;
}

}  // namespace sextant
