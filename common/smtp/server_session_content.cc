// server_session_content.cc - the content of a message, as DATA or BDAT brings it.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "common/smtp/command.h"
#include "common/smtp/server_session.h"

namespace postrider::smtp {

// Precondition: the owner granted OpenMessage.
void ServerSession::begin_content(State state, DataReader::Framing framing) {
  state_ = state;
  content_ = DataReader(settings_.text_line_limit, framing);
  content_octets_ = 0;
  passed_over_ = 0;
  converter_.reset();
  if (transaction_.mail.body == Body::binary_mime) converter_.emplace();
  refusal_.reset();
  message_open_ = true;
}

// ---- DATA ----

void ServerSession::data(std::string_view /*argument*/) {
  // RFC 3030 section 3.
  if (transaction_.mail.body == Body::binary_mime) {
    const Reply reply{503, "5.5.1", "BINARYMIME comes by BDAT"};
    return input_.rest().empty() ? complain(reply) : refuse_data(reply);
  }
  ask(Question::open, OpenMessage{transaction_.mail.size.value_or(0)});
}

// What came together with DATA is content that came without leave: no line of it may be taken for a
// command. (What comes later cannot be told from what a client says that has heard the refusal.)
void ServerSession::refuse_data(const Reply& verdict) {
  say(verdict);
  close({421, "4.7.0", settings_.hostname + " closing: a message came before it was asked for"});
}

bool ServerSession::take_content() {
  // A step of its own: the owner hears what the last octets meant before the transaction ends.
  if (content_.finished()) {
    end_of_content();
    return true;
  }
  if (input_.rest().empty()) return false;
  const std::size_t octets = input_.rest().size();
  const std::string_view content = content_.read(input_.rest());
  const std::size_t taken = octets - input_.rest().size();
  if (refusal_) {
    pass_over(taken, *refusal_);
    return true;
  }
  progress_.content += taken;
  content_octets_ += content.size();
  hand_on(content);
  return true;
}

// ---- BDAT ----

// RFC 3030 section 2: the octets of a chunk are taken from the input whatever becomes of them, and
// before its reply.
void ServerSession::bdat(std::string_view argument) {
  const auto chunk = parse_bdat(argument);
  // Where the chunk ends is not known, and none of it may be taken for a command.
  if (!chunk)
    return close({421, "4.5.4", settings_.hostname + " closing: syntax: BDAT octets [LAST]"});
  chunk_.emplace(
      Chunk{chunk->octets, chunk->octets, chunk->last, std::nullopt, follows_refusal("BDAT")});
  if (!offered_.chunking) {
    chunk_->misplaced = Reply{502, "5.5.1", "command not implemented"};
  } else if (state_ == State::rcpt) {
    // Of what is too big no room is asked: its own reply says more.
    std::uint64_t expected = std::min(std::max(transaction_.mail.size.value_or(0), chunk->octets),
                                      settings_.message_size_limit);
    if (transaction_.mail.body == Body::binary_mime) expected += expected / 3;  // in base64
    ask(Question::open, OpenMessage{expected});
  } else if (state_ == State::chunks) {
    begin_chunk();
  } else {
    chunk_->misplaced = out_of_sequence("BDAT");
  }
}

// The owner's word on the message that the chunk begins.
void ServerSession::open_chunks(Reply verdict) {
  begin_content(State::chunks, DataReader::Framing::chunks);
  if (verdict.positive()) return begin_chunk();
  message_open_ = false;
  refusal_ = std::move(verdict);
}

void ServerSession::begin_chunk() {
  if (!refusal_ && chunk_->octets > settings_.message_size_limit - content_octets_)
    refuse(too_big());
}

bool ServerSession::take_chunk() {
  if (chunk_->left == 0) {
    end_of_chunk();
    return true;
  }
  std::string_view& input = input_.rest();
  if (input.empty()) return false;
  std::string_view piece = input.substr(0, std::min<std::uint64_t>(chunk_->left, input.size()));
  chunk_->left -= piece.size();
  input.remove_prefix(piece.size());
  if (const auto& reason = chunk_->misplaced ? chunk_->misplaced : refusal_) {
    pass_over(piece.size(), *reason);
    return true;
  }
  progress_.content += piece.size();
  content_octets_ += piece.size();
  if (converter_) piece = converter_->feed(piece);
  hand_on(content_.read(piece));
  return true;
}

// A step of its own, as what is left may be content.
bool ServerSession::convert_rest() {
  if (!converter_ || converter_->finished() || refusal_) return false;
  std::string_view rest = converter_->finish();
  hand_on(content_.read(rest));
  return true;
}

void ServerSession::end_of_chunk() {
  if (chunk_->last && !chunk_->misplaced && convert_rest()) return;
  const Chunk chunk = std::move(*std::exchange(chunk_, std::nullopt));
  if (chunk.misplaced) return chunk.excused ? say(*chunk.misplaced) : complain(*chunk.misplaced);
  if (!refusal_ && chunk.octets > 0) --idle_commands_;
  if (!chunk.last)
    return say(
        refusal_.value_or(Reply{250, "2.0.0", fmt::format("{} octets received", chunk.octets)}));
  if (!refusal_) {
    content_.end();
    if (auto refusal = judge_content()) refuse(std::move(*refusal));
  }
  end_of_content();
}

// ---- Both ----

void ServerSession::hand_on(std::string_view content) {
  if (auto refusal = judge_content()) {
    refuse(std::move(*refusal));
  } else if (!content.empty()) {
    action_ = AppendMessage{content};
  }
}

// The reply that refuses the content as far as it came, if any.
std::optional<Reply> ServerSession::judge_content() const {
  switch (content_.defect()) {
    case DataReader::Defect::none: break;
    case DataReader::Defect::long_line:
      return Reply{554, "5.6.0",
                   fmt::format("a line is longer than {} octets", settings_.text_line_limit)};
    case DataReader::Defect::nul: return Reply{550, "5.6.0", "the message has a NUL character"};
    case DataReader::Defect::bare_line_end:
      return Reply{550, "5.6.11", "a line of the message ends without CRLF"};
  }
  if (converter_ && converter_->defect() != message::BinaryConverter::Defect::none)
    return Reply{554, "5.6.1", "the message has parts too deep, or headers or boundaries too long"};
  if (content_octets_ > settings_.message_size_limit) return too_big();
  return std::nullopt;
}

void ServerSession::refuse(Reply reason) {
  drop_message(reason);
  refusal_ = std::move(reason);
}

// The owner drops the message, if it has one.
void ServerSession::drop_message(const Reply& reason) {
  if (std::exchange(message_open_, false)) action_ = AbortMessage{reason};
}

void ServerSession::end_of_content() {
  ++progress_.commands;
  begin_anew();
  state_ = State::ready;
  message_open_ = false;
  if (!refusal_) return ask(Question::commit, CommitMessage{});
  say_at_end(*refusal_);
  reset();
}

Reply ServerSession::too_big() const {
  return {552, "5.3.4",
          fmt::format("message exceeds the size limit of {} octets", settings_.message_size_limit)};
}

}  // namespace postrider::smtp
