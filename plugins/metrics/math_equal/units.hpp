// Units that an answer names: they do not count, but two of one kind that differ do. Pure; [any] thread.
#pragma once
#include <map>
#include <set>
#include <string>
#include "lexer.hpp"

namespace sextant::metric::math {

/// Of each kind of quantity (length, time, ...) the units that a text names.
using Units = std::map<std::string_view, std::set<std::string_view>>;

inline void add_unit(std::string_view word, bool alone, Units& out) {
  struct Unit {
    std::string_view kind, name;
    std::string_view spelt[6];
  };
  static constexpr Unit all[] = {
      {"length", "km", {"km", "kilometer", "kilometers", "kilometre", "kilometres"}},
      {"length", "mile", {"mile", "miles", "mi"}},
      {"length", "m", {"meter", "meters", "metre", "metres"}},
      {"length", "cm", {"cm", "centimeter", "centimeters", "centimetre", "centimetres"}},
      {"length", "mm", {"mm", "millimeter", "millimeters", "millimetre", "millimetres"}},
      {"length", "inch", {"inch", "inches"}},
      {"length", "foot", {"foot", "feet", "ft"}},
      {"length", "yard", {"yard", "yards", "yd"}},
      {"time", "second", {"second", "seconds", "sec", "secs"}},
      {"time", "minute", {"minute", "minutes", "min", "mins"}},
      {"time", "hour", {"hour", "hours", "hr", "hrs"}},
      {"time", "day", {"day", "days"}},
      {"time", "week", {"week", "weeks"}},
      {"time", "month", {"month", "months"}},
      {"time", "year", {"year", "years"}},
      {"mass", "kg", {"kg", "kilogram", "kilograms"}},
      {"mass", "g", {"gram", "grams"}},
      {"mass", "mg", {"mg", "milligram", "milligrams"}},
      {"mass", "pound", {"pound", "pounds", "lb", "lbs"}},
      {"mass", "ounce", {"ounce", "ounces", "oz"}},
      {"mass", "ton", {"ton", "tons", "tonne", "tonnes"}},
      {"volume", "ml", {"ml", "milliliter", "milliliters", "millilitre", "millilitres"}},
      {"volume", "l", {"liter", "liters", "litre", "litres"}},
      {"volume", "gallon", {"gallon", "gallons"}},
      {"volume", "quart", {"quart", "quarts"}},
      {"volume", "pint", {"pint", "pints"}},
      {"money", "dollar", {"dollar", "dollars"}},
      {"money", "cent", {"cent", "cents"}},
      {"money", "euro", {"euro", "euros"}},
      {"temperature", "celsius", {"celsius"}},
      {"temperature", "fahrenheit", {"fahrenheit"}},
      {"temperature", "kelvin", {"kelvin", "kelvins"}},
      {"angle", "degree", {"degree", "degrees"}},
      {"angle", "radian", {"radian", "radians"}},
      {"speed", "mph", {"mph"}},
      {"speed", "kph", {"kph"}},
      {"half of a day", "am", {"am"}},
      {"half of a day", "pm", {"pm"}},
      {"direction", "north", {"north"}},
      {"direction", "south", {"south"}},
      {"direction", "east", {"east"}},
      {"direction", "west", {"west"}}};
  // variables elsewhere; in \text{} units
  static constexpr Unit short_ones[] = {{"length", "m", {"m"}},    {"length", "inch", {"in"}}, {"time", "second", {"s"}},
                                        {"time", "hour", {"h"}},   {"mass", "g", {"g"}},       {"volume", "l", {"l"}}};
  const auto look = [&](const auto& units) {
    for (const Unit& unit : units)
      for (const std::string_view spelt : unit.spelt)
        if (!spelt.empty() && word == spelt) out[unit.kind].insert(unit.name);
  };
  look(all);
  if (alone) look(short_ones);
}

inline Units units_of(std::string_view given) {
  Units out;
  for (const Token& token : Lexer(given, true).all()) {
    if (token.kind == Token::Kind::word) add_unit(text::lower(token.text), false, out);
    if (token.kind != Token::Kind::text) continue;
    const std::string words = text::lower(token.text);
    add_unit(words, true, out);
    for (size_t at = 0; at < words.size(); ++at) {
      size_t end = at;
      while (end < words.size() && words[end] >= 'a' && words[end] <= 'z') ++end;
      if (end > at && end - at < words.size()) add_unit(std::string_view(words).substr(at, end - at), false, out);
      at = end;
    }
  }
  // "$5" and "\$5"; two dollars enclose a formula
  const bool one = given.find('$') != given.npos && given.find('$') == given.rfind('$');
  if (one || given.find("\\$") != given.npos) out["money"].insert("dollar");
  if (given.find("€") != given.npos) out["money"].insert("euro");
  if (given.find("¢") != given.npos) out["money"].insert("cent");
  return out;
}

/// Whether both name units of one kind, and none of them is the same: 5 km and 5 miles.
inline bool units_differ(std::string_view given, std::string_view wanted) {
  const Units a = units_of(given);
  if (a.empty()) return false;
  const Units b = units_of(wanted);
  for (const auto& [kind, units] : a) {
    const auto other = b.find(kind);
    if (other == b.end()) continue;
    bool shared = false;
    for (const std::string_view unit : units) shared = shared || other->second.contains(unit);
    if (!shared) return true;
  }
  return false;
}

}  // namespace sextant::metric::math
