// The head of an HTTP request in two portions: what is read does not depend on where they are cut,
// and stays within its limits.
#include <cstdint>

#include "common/base/check.h"
#include "ctl/monitor/http_request.h"

using postrider::ctl::HttpRequestReader;
using Step = HttpRequestReader::Step;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  HttpRequestReader whole;
  const Step step = whole.take(input);
  POSTRIDER_CHECK((step == Step::bad) == (whole.status() != 0));
  POSTRIDER_CHECK(whole.request().query.size() <= HttpRequestReader::kMaxParameters);
  if (step == Step::done) POSTRIDER_CHECK(whole.request().path.starts_with('/'));
  if (step == Step::done) POSTRIDER_CHECK(!whole.request().host.empty());
  for (const std::size_t cut : {size / 3, size / 2}) {
    HttpRequestReader reader;
    Step cut_step = reader.take(input.substr(0, cut));
    if (cut_step == Step::incomplete) cut_step = reader.take(input.substr(cut));
    POSTRIDER_CHECK(cut_step == step && reader.status() == whole.status());
    POSTRIDER_CHECK(reader.request().path == whole.request().path);
  }
  return 0;
}
