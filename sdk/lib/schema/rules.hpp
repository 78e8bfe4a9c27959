// What the files of this folder share. Pure; [any] thread.
#pragma once
#include <string>
#include <string_view>
#include <sextant/json_schema.hpp>
#include <sextant/regex.hpp>

namespace sextant::schema {

/// The schema itself, or what its "$ref" leads to in `root`; nothing where that is nowhere, a circle, or no object.
const json::Value* follow_references(const json::Value& schema, const json::Value& root);

/// Why `root` and what it refers to cannot be used as a schema, behind "the schema of x has ", or "".
std::string schema_fault(const json::Value& root);

/// A pattern of a schema, with the bounds that they have.
Result<Regex> schema_regex(std::string_view pattern);

}  // namespace sextant::schema
