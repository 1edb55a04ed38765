#include "queued/window.h"

#include <catch2/catch.hpp>

namespace queued_window_test {

using postrider::queued::Window;

namespace {

// `count` jobs, one after another, each served.
void serve(Window& window, std::uint64_t count) {
  for (; count > 0; --count) {
    window.begin();
    window.end();
    window.on_served();
  }
}

}  // namespace

TEST_CASE("queued window: it begins low, and no higher than its limit", "[queued]") {
  CHECK(Window(20).size() == Window::kInitial);
  CHECK(Window(2).size() == 2);
}

TEST_CASE("queued window: it has room for as many jobs as its size, and no more", "[queued]") {
  Window window(2);
  window.begin();
  CHECK(window.has_room());
  window.begin();
  CHECK_FALSE(window.has_room());
  window.end();
  CHECK(window.has_room());
}

TEST_CASE("queued window: a whole window of served jobs makes it one larger, up to the limit",
          "[queued]") {
  Window window(7);
  serve(window, Window::kInitial - 1);
  CHECK(window.size() == Window::kInitial);
  serve(window, 1);
  CHECK(window.size() == Window::kInitial + 1);
  serve(window, Window::kInitial);
  CHECK(window.size() == Window::kInitial + 1);
  serve(window, 1);
  CHECK(window.size() == 7);
  serve(window, 100);
  CHECK(window.size() == 7);
}

TEST_CASE("queued window: jobs that were under way together halve it once", "[queued]") {
  Window window(20);
  serve(window, 1000);
  const std::uint64_t first = window.begin();
  const std::uint64_t second = window.begin();
  window.on_pushed_back(first);
  CHECK(window.size() == 10);
  window.on_pushed_back(second);
  CHECK(window.size() == 10);
  window.on_pushed_back(window.begin());
  CHECK(window.size() == 5);
}

TEST_CASE("queued window: there is always one job left to find out with", "[queued]") {
  Window window(20);
  for (int i = 0; i < 10; ++i) window.on_pushed_back(window.begin());
  CHECK(window.size() == 1);
}

}  // namespace queued_window_test
