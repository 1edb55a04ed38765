// finding.h - what the doctor says: a line, and how to mend what it tells of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace postrider::ctl {

enum class Health : std::uint8_t {
  wrong,
  warning,  // works, but will not for long, or not for everybody; or it cannot be known now
  ok,
};
std::string_view name_of(Health health) noexcept;

struct Diagnosis {
  std::string_view area;  // "certificate"
  Health health = Health::ok;
  std::string text;
  std::string mend;  // empty where health is ok
  bool operator==(const Diagnosis&) const = default;
};

class Findings {
 public:
  explicit Findings(std::string_view area) : area_(area) {}

  void ok(std::string text) { add(Health::ok, std::move(text), {}); }
  void warn(std::string text, std::string mend) {
    add(Health::warning, std::move(text), std::move(mend));
  }
  void wrong(std::string text, std::string mend) {
    add(Health::wrong, std::move(text), std::move(mend));
  }
  void add(Health health, std::string text, std::string mend) {
    all_.push_back({area_, health, std::move(text), std::move(mend)});
  }

  const std::vector<Diagnosis>& all() const noexcept { return all_; }

 private:
  std::string_view area_;
  std::vector<Diagnosis> all_;
};

// What is wrong first, then what will be, then what is well; each in its order.
void sort(std::vector<Diagnosis>& findings);

nlohmann::json to_json(const std::vector<Diagnosis>& findings);
// "wrong    disk: There is no room.\n    Make some.\n"; `width` as of wrapped().
std::string to_text(const std::vector<Diagnosis>& findings, std::size_t width);

}  // namespace postrider::ctl
