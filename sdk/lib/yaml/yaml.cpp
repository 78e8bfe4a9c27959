// libyaml's events to a tree of JSON. libyaml is what PyYAML parses with, so texts are the same to the byte; what a plain
// scalar means is scalars.cpp's. (yaml-cpp 0.7 reads \xA0 as a byte and loses line feeds at the end of folded texts.)
#include <sextant/yaml.hpp>
#include <fmt/format.h>
#include <memory>
#include <unordered_map>
#include <yaml.h>
#include "scalars.hpp"

namespace sextant::yaml {
namespace {

constexpr std::string_view standard = "tag:yaml.org,2002:";

struct Failure {
  yaml_mark_t mark;
  std::string what;
};

struct Event {
  yaml_event_t raw{};
  Event() = default;
  Event(Event&& other) noexcept : raw(other.raw) { other.raw = {}; }
  Event(const Event&) = delete;
  ~Event() { yaml_event_delete(&raw); }
};

std::string_view text_of(const yaml_char_t* text) {
  return text ? std::string_view(reinterpret_cast<const char*>(text)) : std::string_view();
}

class Reader {
 public:
  Reader(std::string_view text, json::Document::AllocatorType& allocator, const Limits& limits)
      : a_(allocator), limits_(limits) {
    if (!yaml_parser_initialize(&parser_)) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  Reader(const Reader&) = delete;
  ~Reader() { yaml_parser_delete(&parser_); }

  json::Value document() {
    next();  // the stream's begin
    const Event begin = next();
    if (begin.raw.type == YAML_STREAM_END_EVENT) return json::Value();
    json::Value root = value(next(), 0);
    next();  // the document's end
    const Event behind = next();
    if (behind.raw.type != YAML_STREAM_END_EVENT)
      throw Failure{behind.raw.start_mark, "a second document begins here; write one in a file"};
    return root;
  }

 private:
  Event next() {
    Event event;
    if (yaml_parser_parse(&parser_, &event.raw)) return event;
    const bool placed = parser_.problem_mark.line > 0 || parser_.problem_mark.column > 0 || parser_.error != YAML_READER_ERROR;
    throw Failure{placed ? parser_.problem_mark : parser_.mark,
                  fmt::format("this is not YAML: {}", parser_.problem ? parser_.problem : "there is no memory for it")};
  }
  void count(const yaml_mark_t& mark, size_t n = 1) {
    count_ += n;
    if (count_ > limits_.values)
      throw Failure{mark,
                    fmt::format("more than {} values, aliases counted as often as they are used; a task file has some dozens",
                                limits_.values)};
  }

  json::Value value(const Event& event, unsigned depth) {
    const yaml_event_t& raw = event.raw;
    count(raw.start_mark);
    if (depth > limits_.depth)
      throw Failure{raw.start_mark, fmt::format("lists and maps nest more than {} deep", limits_.depth)};
    switch (raw.type) {
      case YAML_ALIAS_EVENT: return alias(raw);
      case YAML_SCALAR_EVENT: return kept(raw.data.scalar.anchor, scalar(raw));
      case YAML_SEQUENCE_START_EVENT: return kept(raw.data.sequence_start.anchor, list(raw, depth));
      case YAML_MAPPING_START_EVENT: return kept(raw.data.mapping_start.anchor, map(raw, depth));
      default: throw Failure{raw.start_mark, "a value is missing here"};
    }
  }
  struct Anchored {
    json::Value value;
    size_t values;
  };
  static size_t values_in(const json::Value& value) {
    size_t n = 1;
    if (value.IsArray())
      for (const auto& item : value.GetArray()) n += values_in(item);
    if (value.IsObject())
      for (const auto& member : value.GetObject()) n += values_in(member.value);
    return n;
  }
  json::Value kept(const yaml_char_t* anchor, json::Value made) {
    if (anchor) anchors_.insert_or_assign(std::string(text_of(anchor)), Anchored{json::Value(made, a_), values_in(made)});
    return made;
  }
  json::Value alias(const yaml_event_t& raw) {
    const auto found = anchors_.find(std::string(text_of(raw.data.alias.anchor)));
    if (found == anchors_.end())
      throw Failure{raw.start_mark, fmt::format("the alias *{} names no anchor before it", text_of(raw.data.alias.anchor))};
    count(raw.start_mark, found->second.values);
    return json::Value(found->second.value, a_);
  }
  json::Value text(std::string_view text) {
    return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), a_);
  }

  json::Value scalar(const yaml_event_t& raw) {
    const auto& given = raw.data.scalar;
    const std::string_view content(reinterpret_cast<const char*>(given.value), given.length), tag = text_of(given.tag);
    if (tag == "!function") {
      json::Value out(rapidjson::kObjectType);
      out.AddMember("!function", text(content), a_);
      return out;
    }
    if (tag.empty()) return given.style == YAML_PLAIN_SCALAR_STYLE ? plain_scalar(content, a_) : text(content);
    if (tag == "!") return text(content);
    if (!tag.starts_with(standard))
      throw Failure{raw.start_mark, fmt::format("the tag {} is not known; there is !function", tag)};
    const std::string_view type = tag.substr(standard.size());
    if (type == "str") return text(content);
    if (type == "int" || type == "float" || type == "bool" || type == "null") return plain_scalar(content, a_);
    throw Failure{raw.start_mark, fmt::format("the tag !!{} is not read; write the value without it", type)};
  }
  static void plain_tag(const yaml_char_t* tag, std::string_view type, const yaml_mark_t& mark) {
    if (tag && text_of(tag) != "!" && text_of(tag) != std::string(standard) + std::string(type))
      throw Failure{mark, fmt::format("the tag {} is not read here; write the value without it", text_of(tag))};
  }
  json::Value list(const yaml_event_t& raw, unsigned depth) {
    plain_tag(raw.data.sequence_start.tag, "seq", raw.start_mark);
    json::Value out(rapidjson::kArrayType);
    for (Event item = next(); item.raw.type != YAML_SEQUENCE_END_EVENT;) {
      out.PushBack(value(item, depth + 1), a_);
      Event following = next();
      std::swap(item.raw, following.raw);
    }
    return out;
  }
  // A map that is being read, and where each key of it is: a search of its members for every key would take the square.
  struct Map {
    json::Value object{rapidjson::kObjectType};
    std::unordered_map<std::string, rapidjson::SizeType> places{};
  };
  void put(Map& ret_map, std::string_view name, json::Value item, bool replace) {
    const auto [place, added] = ret_map.places.try_emplace(std::string(name), ret_map.object.MemberCount());
    if (added) ret_map.object.AddMember(text(name), std::move(item), a_);
    else if (replace) (ret_map.object.MemberBegin() + place->second)->value = std::move(item);
  }
  // "<<" brings in the members of another map (or several) that this one does not have itself.
  void merge(Map& ret_map, const json::Value& from, const yaml_mark_t& mark) {
    if (from.IsArray()) {
      for (const auto& each : from.GetArray()) merge(ret_map, each, mark);
      return;
    }
    if (!from.IsObject()) throw Failure{mark, "'<<' takes a map or a list of maps, and this is neither"};
    for (const auto& member : from.GetObject()) put(ret_map, json::text(member.name), json::Value(member.value, a_), false);
  }
  json::Value map(const yaml_event_t& raw, unsigned depth) {
    plain_tag(raw.data.mapping_start.tag, "map", raw.start_mark);
    Map out;
    std::vector<json::Value> merged;
    for (Event key = next(); key.raw.type != YAML_MAPPING_END_EVENT;) {
      if (key.raw.type != YAML_SCALAR_EVENT)
        throw Failure{key.raw.start_mark, "a key that is a list, a map or an alias is not read; use a text"};
      const auto& given = key.raw.data.scalar;
      const std::string_view name(reinterpret_cast<const char*>(given.value), given.length);
      json::Value item = value(next(), depth + 1);
      if (name == "<<" && given.style == YAML_PLAIN_SCALAR_STYLE) merged.push_back(std::move(item));
      else put(out, name, std::move(item), true);
      Event following = next();
      std::swap(key.raw, following.raw);
    }
    for (const json::Value& from : merged) merge(out, from, raw.start_mark);
    return std::move(out.object);
  }

  yaml_parser_t parser_{};
  json::Document::AllocatorType& a_;
  const Limits& limits_;
  size_t count_ = 0;
  std::unordered_map<std::string, Anchored> anchors_;
};

}  // namespace

Result<json::Document> parse(std::string_view text, const std::string& origin, const Limits& limits) {
  if (text.size() > limits.bytes)
    return Error{Error::Kind::config,
                 fmt::format("{} has {} bytes; a YAML file of more than {} is not read", origin, text.size(), limits.bytes)};
  if (const size_t valid = utf8::valid_prefix(text); valid < text.size()) {
    const auto [line, column] = json::line_and_column(text, valid);
    return Error{Error::Kind::config, fmt::format("{}:{}:{}: the file is not UTF-8; convert it", origin, line, column)};
  }
  try {
    json::Document out;
    json::Value root = Reader(text, out.GetAllocator(), limits).document();
    static_cast<json::Value&>(out).Swap(root);
    return Result<json::Document>(std::move(out));
  } catch (const Failure& failure) {
    return Error{Error::Kind::config,
                 fmt::format("{}:{}:{}: {}", origin, failure.mark.line + 1, failure.mark.column + 1, failure.what)};
  }
}

}  // namespace sextant::yaml
