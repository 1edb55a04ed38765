// handle.h - owning smart handles for C library objects.
//
// Handle<T, &free_function> is a std::unique_ptr whose deleter is the C function named in its
// type: it has the size of a raw pointer and no state.
#pragma once

#include <memory>

namespace postrider {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const noexcept {
    static_cast<void>(Free(object));
  }
};

template <typename T, auto Free>
using Handle = std::unique_ptr<T, FreeWith<Free>>;

}  // namespace postrider
