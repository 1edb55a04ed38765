// The mail of a company: CLIENTS that look for new mail once in INTERVAL seconds each, by POP3, while mail arrives by SMTP and
// is submitted. Every session and message has its time; what is late counts from the time it was due. Nothing is deleted.
// Bounded in time (-T). Loopback only.
//
//   companyload -h ADDR -p POP3 -s SMTP -b SUBMISSION -n CLIENTS -k MAILBOXES -D DOMAIN -w PASSWORD
//               [-i INTERVAL] [-a ARRIVALS/S] [-u SUBMITTED/S] [-l BYTES] [-T SECONDS] [-c THREADS]
// User i is u<i>@DOMAIN. First each client logs in and fetches once (at most THREADS at a time), which is not counted.
// Prints one line of JSON. Exit status 0 when nothing failed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

const char *o_host = "127.0.0.1", *o_pass = "pass", *o_domain = "bench.test";
int o_pop3 = 110, o_smtp = 25, o_submission = 587, o_clients = 10, o_boxes = 10, o_threads = 64;
double o_interval = 60, o_arrivals = 0, o_submitted = 0, o_time = 60;
size_t o_len = 4096;
std::string g_body;

struct Tally {
  std::mutex mutex;
  std::vector<double> times;
  long bad = 0;
  std::string error;

  void add(double time, const std::string &wrong) {
    std::lock_guard<std::mutex> lock(mutex);
    if (wrong.empty()) { times.push_back(time); return; }
    bad++;
    if (error.empty()) error = wrong;
  }
  double percentile(double p) {
    if (times.empty()) return 0;
    std::sort(times.begin(), times.end());
    return times[std::min(times.size() - 1, size_t(p * double(times.size())))] * 1e3;
  }
};
Tally g_sessions, g_arrived, g_sent;
std::atomic<long> g_fetched{0};
struct Client {
  std::mutex session;  // one at a time
  std::unordered_set<std::string> known;  // unique-ids
};
std::vector<Client> g_clients;

class Line {
 public:
  explicit Line(int port) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    timeval tv{60, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    sockaddr_in sa{};
    sa.sin_family = AF_INET;
    sa.sin_port = htons(uint16_t(port));
    inet_pton(AF_INET, o_host, &sa.sin_addr);
    if (connect(fd_, reinterpret_cast<sockaddr *>(&sa), sizeof sa)) { close(fd_); fd_ = -1; }
  }
  ~Line() { if (fd_ >= 0) close(fd_); }
  Line(const Line &) = delete;
  Line &operator=(const Line &) = delete;

  bool get(std::string &s) {
    for (size_t e; (e = in_.find('\n', at_)) == std::string::npos;) {
      in_.erase(0, at_);
      at_ = 0;
      char buf[16384];
      ssize_t n = recv(fd_, buf, sizeof buf, 0);
      if (n <= 0) return false;
      in_.append(buf, size_t(n));
    }
    size_t e = in_.find('\n', at_);
    s.assign(in_, at_, e - at_);
    if (!s.empty() && s.back() == '\r') s.pop_back();
    at_ = e + 1;
    return true;
  }
  bool put(const std::string &s) {
    for (size_t off = 0; off < s.size();) {
      ssize_t n = send(fd_, s.data() + off, s.size() - off, MSG_NOSIGNAL);
      if (n <= 0) return false;
      off += size_t(n);
    }
    return true;
  }

 private:
  int fd_;
  std::string in_;
  size_t at_ = 0;
};

std::string user(long i) { return "u" + std::to_string(i) + "@" + o_domain; }

// What went wrong, or nothing.
std::string fetch(int client) {
  std::unique_lock<std::mutex> session(g_clients[size_t(client)].session, std::try_to_lock);
  if (!session) return "the client's session before has not ended";
  Line line(o_pop3);
  std::string l = "no connection";
  auto ok = [&](const std::string &command) {
    return line.put(command + "\r\n") && line.get(l) && l.compare(0, 3, "+OK") == 0;
  };
  if (!line.get(l) || l.compare(0, 3, "+OK")) return "greeting: " + l;
  for (const std::string &command : {"USER " + user(client), std::string("PASS ") + o_pass, std::string("STAT"), std::string("UIDL")})
    if (!ok(command)) return command.substr(0, 4) + ": " + l;
  std::vector<std::string> fresh;
  auto &known = g_clients[size_t(client)].known;
  for (;;) {
    if (!line.get(l)) return "UIDL: connection lost";
    if (l == ".") break;
    size_t space = l.find(' ');
    if (space != std::string::npos && known.insert(l.substr(space + 1)).second) fresh.push_back(l.substr(0, space));
  }
  for (const std::string &number : fresh) {
    if (!ok("RETR " + number)) return "RETR: " + l;
    do {
      if (!line.get(l)) return "RETR: connection lost";
    } while (l != ".");
    g_fetched++;
  }
  return ok("QUIT") ? "" : "QUIT: " + l;
}

std::string base64(const std::string &s) {
  static const char a[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string r;
  for (size_t i = 0; i < s.size(); i += 3) {
    unsigned v = 0;
    for (size_t k = 0; k < 3; k++) v = v << 8 | (i + k < s.size() ? static_cast<unsigned char>(s[i + k]) : 0);
    for (size_t k = 0; k < 4; k++) r += i + k > s.size() ? '=' : a[v >> (18 - 6 * k) & 63];
  }
  return r;
}

// `sender` < 0: a stranger.
std::string send_mail(int sender, int recipient) {
  Line line(sender < 0 ? o_smtp : o_submission);
  std::string l = "no connection";
  auto reply = [&](const char *code) {
    do {
      if (!line.get(l)) return false;
    } while (l.size() > 3 && l[3] == '-');
    return l.compare(0, 3, code) == 0;
  };
  auto say = [&](const std::string &command, const char *code) { return line.put(command + "\r\n") && reply(code); };
  const std::string from = sender < 0 ? "load@load.test" : user(sender);
  if (!reply("220")) return "greeting: " + l;
  if (!say("EHLO load.test", "250")) return "EHLO: " + l;
  if (sender >= 0 && !say("AUTH PLAIN " + base64(std::string(1, '\0') + from + std::string(1, '\0') + o_pass), "235")) return "AUTH: " + l;
  if (!say("MAIL FROM:<" + from + ">", "250")) return "MAIL: " + l;
  if (!say("RCPT TO:<" + user(recipient) + ">", "250")) return "RCPT: " + l;
  if (!say("DATA", "354")) return "DATA: " + l;
  static std::atomic<long> number{0};
  const std::string header = "From: <" + from + ">\r\nTo: <" + user(recipient) + ">\r\nSubject: load\r\nMessage-ID: <" + std::to_string(number++) +
                             "." + std::to_string(getpid()) + "@load.test>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0000\r\n\r\n";
  if (!say(header + g_body + ".", "250")) return "end of data: " + l;
  line.put("QUIT\r\n");
  return "";
}

// What is to be done, in order of time, by as many threads as there are.
struct Job {
  double due;
  int kind;  // 0: a client looks for mail, 1: mail arrives, 2: is submitted
  int client;
};

void run(std::vector<Job> jobs, bool counted) {
  std::sort(jobs.begin(), jobs.end(), [](const Job &a, const Job &b) { return a.due < b.due; });
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < o_threads; t++)
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t + 1));
      for (size_t i; (i = next++) < jobs.size();) {
        const Job &job = jobs[i];
        double wait = job.due - now();
        if (wait > 0) usleep(static_cast<useconds_t>(wait * 1e6));
        const double begin = counted ? job.due : now();
        const int to = int(random() % static_cast<unsigned>(o_boxes));
        const std::string wrong = job.kind == 0 ? fetch(job.client) : send_mail(job.kind == 1 ? -1 : job.client, to);
        Tally &tally = job.kind == 0 ? g_sessions : job.kind == 1 ? g_arrived : g_sent;
        if (counted || !wrong.empty()) tally.add(now() - begin, wrong);
      }
    });
  for (auto &t : threads) t.join();
}

}  // namespace

int main(int argc, char **argv) {
  int o;
  while ((o = getopt(argc, argv, "h:p:s:b:n:k:D:w:i:a:u:l:T:c:")) != -1) switch (o) {
    case 'h': o_host = optarg; break;
    case 'p': o_pop3 = atoi(optarg); break;
    case 's': o_smtp = atoi(optarg); break;
    case 'b': o_submission = atoi(optarg); break;
    case 'n': o_clients = atoi(optarg); break;
    case 'k': o_boxes = atoi(optarg); break;
    case 'D': o_domain = optarg; break;
    case 'w': o_pass = optarg; break;
    case 'i': o_interval = atof(optarg); break;
    case 'a': o_arrivals = atof(optarg); break;
    case 'u': o_submitted = atof(optarg); break;
    case 'l': o_len = size_t(atol(optarg)); break;
    case 'T': o_time = atof(optarg); break;
    case 'c': o_threads = atoi(optarg); break;
    default: return 2;
  }
  if (strncmp(o_host, "127.", 4)) { fprintf(stderr, "loopback only\n"); return 2; }
  while (g_body.size() < o_len) g_body += "The quick brown fox jumps over the lazy dog 0123456789 abcdefghijklmn\r\n";
  g_clients = std::vector<Client>(size_t(o_clients));

  std::vector<Job> warming;
  for (int i = 0; i < o_clients; i++) warming.push_back({0, 0, i});
  // So that those who submit have been verified by smtpd, too.
  if (o_submitted > 0) for (int i = 0; i < o_clients; i++) warming.push_back({1, 2, i});
  const int threads = o_threads;
  o_threads = std::min(threads, 8);
  const double t0 = now();
  run(warming, false);
  const double warmed = now() - t0;
  if (g_sessions.bad + g_sent.bad > 0) {
    printf("{\"error\":\"while warming: %s%s\"}\n", g_sessions.error.c_str(), g_sent.error.c_str());
    return 1;
  }
  printf("warm\n");
  fflush(stdout);
  o_threads = threads;

  std::mt19937 random(1);
  const auto uniform = [&] { return std::uniform_real_distribution<>(0, 1)(random); };
  std::vector<Job> jobs;
  const double start = now() + 1;
  for (int i = 0; i < o_clients; i++)
    for (double t = uniform() * o_interval; t < o_time; t += o_interval) jobs.push_back({start + t, 0, i});
  for (double t = 0; t < o_time && o_arrivals > 0; t += -std::log(1 - uniform()) / o_arrivals) jobs.push_back({start + t, 1, 0});
  for (double t = 0; t < o_time && o_submitted > 0; t += -std::log(1 - uniform()) / o_submitted)
    jobs.push_back({start + t, 2, int(uniform() * o_clients)});
  g_fetched = 0;
  run(std::move(jobs), true);
  const double secs = now() - start;

  std::string error = g_sessions.error + g_arrived.error + g_sent.error;
  for (char &ch : error) if (ch == '"' || ch == '\\' || ch < ' ') ch = ' ';
  printf("{\"secs\":%.2f,\"warming_secs\":%.1f,\"sessions\":%zu,\"bad\":%ld,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,"
         "\"fetched\":%ld,\"arrived\":%zu,\"arrived_p99_ms\":%.2f,\"submitted\":%zu,\"submitted_p99_ms\":%.2f,\"error\":\"%s\"}\n",
         secs, warmed, g_sessions.times.size(), g_sessions.bad + g_arrived.bad + g_sent.bad, g_sessions.percentile(.5), g_sessions.percentile(.99),
         g_sessions.percentile(1), long(g_fetched), g_arrived.times.size(), g_arrived.percentile(.99), g_sent.times.size(), g_sent.percentile(.99),
         error.c_str());
  return g_sessions.bad + g_arrived.bad + g_sent.bad ? 1 : 0;
}
