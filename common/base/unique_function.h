// unique_function.h - a callable that may own move-only state.
//
// std::move_only_function is C++23; this is the part of it that we need.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace postrider {

template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;

  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, F&, Args...>)
      UniqueFunction(F&& f)  // NOLINT: implicit, as in std::function
      : callable_(std::make_unique<Model<std::decay_t<F>>>(std::forward<F>(f))) {}

  explicit operator bool() const noexcept { return callable_ != nullptr; }

  // Precondition: *this holds a callable.
  R operator()(Args... args) { return callable_->call(std::forward<Args>(args)...); }

 private:
  struct Concept {
    Concept() = default;
    Concept(const Concept&) = delete;
    Concept& operator=(const Concept&) = delete;
    virtual ~Concept() = default;
    virtual R call(Args... args) = 0;
  };

  template <typename F>
  struct Model final : Concept {
    explicit Model(F f) : callable(std::move(f)) {}
    R call(Args... args) override { return callable(std::forward<Args>(args)...); }
    F callable;
  };

  std::unique_ptr<Concept> callable_;
};

}  // namespace postrider
