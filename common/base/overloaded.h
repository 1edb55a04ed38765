// overloaded.h - builds one visitor from several lambdas, for std::visit.
#pragma once

namespace postrider {

template <typename... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

// Needed by clang-tidy 14, which has no deduction for aggregates.
template <typename... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

}  // namespace postrider
