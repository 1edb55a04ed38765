// downgraded_field.h - a header field beyond ASCII in a form that readers of old understand.
//
// What a message needs of its readers is taken from it, for those that have not said that they know
// it: text becomes encoded-words, parameters become extended ones, and an address that cannot be
// written in ASCII becomes the name of an empty group, which is seen and cannot be answered.
//
// RFC 6857 section 3, by name of the field:
//
//   Subject, Comments, Content-Description, and whatever is unknown   its text in encoded-words
//   From, To, … (addresses)                phrases and comments in encoded-words; domains in
//                                          A-labels; a local part beyond ASCII: an empty group
//   Content-Type, Content-Disposition      parameters as RFC 2231 has them
//   Message-ID, In-Reply-To, References, Original-Recipient, Final-Recipient
//                                          the text under the name Downgraded-…
//   Received                               without its clause `for`, or without its id; else left
//   out Return-Path, DKIM-Signature, ARC-*     left out: they would say what is not so
// Deviation: comments of structured fields other than addresses are encoded with all of the field.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::message {

// A domain in A-labels; nothing for what is none.
using ToALabels = std::optional<std::string> (*)(std::string_view domain);

// `field` is one field, folded as it may be, with LF at the end of each line. What stands in its
// place has the same form and is in ASCII; empty: it is left out. A field in ASCII is given back as
// it is, and so is one that is no UTF-8: it was never what RFC 6532 has, and readers know its kind.
std::string downgraded_field(std::string_view field, ToALabels to_a_labels);

}  // namespace postrider::message
