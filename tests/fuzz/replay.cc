// replay.cc - runs a fuzz driver without libFuzzer, under its options: over the files of a corpus,
// and then, if -max_total_time=SECONDS is given, over mutations of them for so long. -seed=N makes
// other mutations. An input that ends the process is left in the file crash-SEED-NUMBER.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/fuzz/mutation.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// A sanitizer that has found something aborts, as POSTRIDER_CHECK does.
extern "C" const char* __asan_default_options() { return "abort_on_error=1"; }
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

namespace {

using postrider::SeededRandom;
using postrider::fuzz::Mutation;

struct Options {
  std::chrono::seconds time{0};
  std::uint64_t seed = 1;
  std::vector<std::string> folders;
};

// What runs now, for the handler of SIGABRT.
const std::string* current_input = nullptr;
std::string current_name;

void write_all(int descriptor, const std::string& text) {
  if (write(descriptor, text.data(), text.size()) < 0) std::_Exit(2);
}

extern "C" void on_abort(int /*signal*/) {
  const int file = open(current_name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  write_all(file, *current_input);
  write_all(STDOUT_FILENO, "the input is in " + current_name + "\n");
  std::_Exit(1);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t value = argument.find('=') + 1;
    if (argument.starts_with("-max_total_time="))
      options.time = std::chrono::seconds(std::stoul(argument.substr(value)));
    else if (argument.starts_with("-seed="))
      options.seed = std::stoull(argument.substr(value));
    else
      options.folders.push_back(argument);
  }
  return options;
}

// In memory of its exact size: an octet read behind it is found.
void run(const std::string& input) {
  const auto octets = std::make_unique<std::uint8_t[]>(input.size());
  std::copy(input.begin(), input.end(), octets.get());
  LLVMFuzzerTestOneInput(octets.get(), input.size());
}

std::vector<std::string> replay(const std::vector<std::string>& folders) {
  std::vector<std::string> corpus;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string input{std::istreambuf_iterator<char>(file), {}};
      std::cout << entry.path().string() << std::endl;
      run(input);
      corpus.push_back(input);
    }
  }
  return corpus;
}

// How many inputs ran.
std::uint64_t mutate(std::vector<std::string> corpus, const Options& options) {
  std::sort(corpus.begin(), corpus.end());  // whatever the order of the directory
  SeededRandom random(options.seed);
  Mutation mutation(corpus, random);
  std::uint64_t count = 0;
  std::string input;
  current_input = &input;
  std::signal(SIGABRT, on_abort);
  const auto end = std::chrono::steady_clock::now() + options.time;
  while (std::chrono::steady_clock::now() < end) {
    input = mutation.next();
    current_name = "crash-" + std::to_string(options.seed) + "-" + std::to_string(++count);
    run(input);
  }
  std::signal(SIGABRT, SIG_DFL);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const std::vector<std::string> corpus = replay(options.folders);
  if (corpus.empty()) return 1;
  const std::uint64_t mutations = mutate(corpus, options);
  std::cout << corpus.size() << " files, " << mutations << " mutations with seed " << options.seed
            << std::endl;
  return 0;
}
