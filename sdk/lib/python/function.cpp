// Functions and row steps as the rest of the program calls them: JSON in, JSON out.
#include <algorithm>
#include <fmt/format.h>
#include <mutex>
#include <sextant/python_function.hpp>
#include "interpreter.hpp"

namespace sextant::python {
namespace {

using Allocator = json::Document::AllocatorType;

json::Value to_json(Interpreter& in, const Value& v, Allocator& a) {
  if (v.is_none()) return json::Value();
  if (v.boolean()) return json::Value(*v.boolean());
  if (v.integer()) return json::Value(*v.integer());
  if (v.real()) return json::Value(*v.real());
  if (v.string()) return json::Value(v.string()->data(), static_cast<rapidjson::SizeType>(v.string()->size()), a);
  if (v.list() && v.list()->label != "set") {
    json::Value out(rapidjson::kArrayType);
    for (const Value& item : v.list()->items) out.PushBack(to_json(in, item, a), a);
    return out;
  }
  if (v.dict()) {
    json::Value out(rapidjson::kObjectType);
    for (const auto& [key, value] : v.dict()->members) {
      if (!key.string()) throw Failure("a key that is no text is returned");
      json::set(out, *key.string(), to_json(in, value, a), a);
    }
    return out;
  }
  throw Failure("what is returned is no value that a row can have");
}

Error data_error(const std::string& origin, const Failure& failure) {
  const bool placed = dynamic_cast<const Placed*>(&failure) != nullptr;
  return {Error::Kind::data, placed ? failure.what() : fmt::format("{}: {}", origin, failure.what())};
}

// Runs `body` with fresh limits, and forgets what it has left behind.
template <class Body>
auto guarded(std::mutex& mutex, Interpreter& in, const std::string& origin, const Body& body) -> Result<decltype(body())> {
  const std::lock_guard lock(mutex);
  in.renew();
  const Interpreter::Mark mark = in.mark();
  try {
    auto out = body();
    in.back_to(mark);
    return Result<decltype(body())>(std::move(out));
  } catch (const Failure& failure) {
    in.back_to(mark);
    return data_error(origin, failure);
  }
}

}  // namespace

struct Function::Loaded {
  std::string origin;
  Interpreter interpreter;
  Value function;
  std::mutex mutex;
};

Result<Function> Function::load(const std::string& source, const std::string& name, const std::string& origin) {
  Function out;
  out.loaded_ = std::make_shared<Loaded>();
  out.loaded_->origin = origin;
  try {
    Interpreter& in = out.loaded_->interpreter;
    out.loaded_->function = in.global(in.load_text(source, origin), name);
  } catch (const Failure& failure) { return Error{Error::Kind::config, data_error(origin, failure).message}; }
  return out;
}

Result<json::Value> Function::operator()(const std::vector<const json::Value*>& arguments, Allocator& a) const {
  Loaded& loaded = *loaded_;
  return guarded(loaded.mutex, loaded.interpreter, loaded.origin, [&] {
    Arguments given;
    for (const json::Value* argument : arguments) given.positional.push_back(jinja::from_json(*argument));
    return to_json(loaded.interpreter, loaded.interpreter.call(loaded.function, std::move(given)), a);
  });
}

struct RowSteps::Loaded {
  std::string origin;
  Interpreter interpreter;
  std::vector<Step> steps;
  std::mutex mutex;
};

Result<RowSteps> RowSteps::load(const std::string& source, const std::string& name, const std::string& origin) {
  RowSteps out;
  out.loaded_ = std::make_shared<Loaded>();
  out.loaded_->origin = origin;
  try {
    Interpreter& in = out.loaded_->interpreter;
    const Value function = in.global(in.load_text(source, origin), name);
    const std::vector<Step>* steps = in.steps_of(in.call(function, {{in.rows()}, {}}));
    if (!steps) throw Failure("it returns no data set");
    out.loaded_->steps = *steps;
  } catch (const Failure& failure) { return Error{Error::Kind::config, data_error(origin, failure).message}; }
  return out;
}

Result<bool> RowSteps::apply(json::Value& row, Allocator& a) const {
  Loaded& loaded = *loaded_;
  Interpreter& in = loaded.interpreter;
  return guarded(loaded.mutex, in, loaded.origin, [&] {
    Value record = jinja::from_json(row);
    if (!record.dict()) throw Failure("a row is no map of columns");
    bool changed = false;
    for (const Step& step : loaded.steps) {
      if (step.kind == Step::Kind::filter) {
        const Value keep = in.call(step.function, {{record}, {}});
        if (!jinja::truth(keep)) return false;
        continue;
      }
      changed = true;
      Dict members{record.dict()->members, {}};
      const auto drop = [&](const std::vector<std::string>& names) {
        auto& all = members.members;
        all.erase(std::remove_if(all.begin(), all.end(),
                                 [&](const auto& member) {
                                   return std::find(names.begin(), names.end(), *member.first.string()) != names.end();
                                 }),
                  all.end());
      };
      if (step.kind == Step::Kind::map) {
        const Value made = in.call(step.function, {{record}, {}});
        drop(step.names);
        if (!made.is_none() && !made.dict()) throw Failure("the function of map() returns no dict");
        if (made.dict())
          for (const auto& [key, value] : made.dict()->members) {
            if (!key.string()) throw Failure("the function of map() returns a key that is no text");
            members.set(key, value);
          }
      } else if (step.kind == Step::Kind::drop) {
        drop(step.names);
      } else {
        for (auto& member : members.members)
          if (*member.first.string() == step.names[0]) member.first = Value(step.names[1]);
      }
      record = Value(std::move(members));
    }
    if (changed) row = to_json(in, record, a);
    return true;
  });
}

}  // namespace sextant::python
