// One created component; destroyed with the last owner. Never dlclose()d.
#pragma once
#include <memory>
#include <string>
#include <sextant/abi.h>

namespace sextant::plugin {

class Object {
 public:
  Object() = default;
  Object(sxt_object* object, std::string name) : object_(object, destroy), name_(std::move(name)) {}
  sxt_object* get() const { return object_.get(); }
  const std::string& name() const { return name_; }   // "metric:accuracy"

 private:
  static void destroy(sxt_object* object);
  std::shared_ptr<sxt_object> object_;
  std::string name_;
};

}  // namespace sextant::plugin
