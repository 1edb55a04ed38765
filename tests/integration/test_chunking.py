"""A message in chunks (RFC 3030) through the whole suite, octet for octet, and what ends it before its end."""

import email

import pytest
from harness import Instance, wait_for, without_trace

ANNA = "anna@example.test"
BODY = b"Subject: x\r\n\r\n.\r\n..\r\nQUIT\r\n" + (b"\xc3\xbc" * 450 + b"\r\n") * 600


@pytest.fixture(scope="module")
def suite():
    with Instance() as running:
        running.add_user(ANNA)
        yield running


def chunks(content, size):
    """The commands and octets of a message, all to be sent in one."""
    pieces = [content[at:at + size] for at in range(0, len(content), size)]
    return b"".join(b"BDAT %d\r\n%s" % (len(one), one) for one in pieces) + b"BDAT 0 LAST\r\n"


def in_transaction(suite):
    client = suite.smtp()
    client.ehlo()
    assert client.has_extn("chunking")
    client.mail("ada@example.org", ["BODY=8BITMIME"])
    client.rcpt(ANNA)
    return client


def test_a_message_in_pipelined_chunks_comes_out_as_it_went_in(suite):
    client = in_transaction(suite)
    client.send(chunks(BODY, 70_000))
    codes = [client.getreply()[0] for _ in range(len(BODY) // 70_000 + 2)]
    client.quit()
    assert set(codes) == {250}
    [message] = wait_for(lambda: suite.mailbox(ANNA))
    assert without_trace(message) == BODY.replace(b"\r\n", b"\n")
    reader = suite.pop3(ANNA)
    assert b"\r\n".join(reader.retr(1)[1]).endswith(BODY.rstrip(b"\r\n"))
    reader.dele(1)
    reader.quit()


def test_a_client_that_leaves_within_a_chunk_leaves_nothing(suite):
    before = len(suite.events("accepted"))
    client = in_transaction(suite)
    client.send(b"BDAT 7\r\nwhole\r\nBDAT 100 LAST\r\npart")
    client.close()
    client = in_transaction(suite)
    client.send(b"BDAT 1 LAST\r\nx")
    assert client.getreply()[0] == 250
    client.quit()
    wait_for(lambda: len(suite.mailbox(ANNA)) == 1)
    assert len(suite.events("accepted")) == before + 1


def test_binary_parts_arrive_octet_for_octet_though_every_mailbox_holds_lines(suite):
    octets = bytes(range(256)) * 100 + b"\r\n--part-\r\n.\r\n"
    mime = (b"From: ada@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=part\r\n"
            b"Content-Transfer-Encoding: binary\r\n\r\n--part\r\nContent-Type: text/plain\r\n\r\ntext\r\n--part\r\n"
            b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n" + octets +
            b"\r\n--part--\r\n")
    known = len(suite.mailbox(ANNA))
    client = suite.smtp()
    client.ehlo()
    assert client.has_extn("binarymime")
    client.mail("ada@example.org", ["BODY=BINARYMIME"])
    client.rcpt(ANNA)
    client.send(chunks(mime, 1000))
    assert {client.getreply()[0] for _ in range(len(mime) // 1000 + 2)} == {250}
    client.quit()
    stored = wait_for(lambda: len(suite.mailbox(ANNA)) > known and suite.mailbox(ANNA)[-1])
    text, binary = email.message_from_bytes(stored).get_payload()
    assert text.get_payload() == "text"
    assert binary["Content-Transfer-Encoding"] == "base64"
    assert binary.get_payload(decode=True) == octets
