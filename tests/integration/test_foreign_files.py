"""What others put into a Maildir: POP3 serves all that is a message, and the log says once what is not."""

import os
import poplib

import pytest
from harness import Instance, wait_for

ANNA = "anna@example.test"


@pytest.fixture(scope="module")
def suite():
    with Instance() as running:
        running.add_user(ANNA)
        with running.smtp() as client:
            client.sendmail("ada@example.org", [ANNA], b"Subject: delivered\r\n\r\ntext\r\n")
        wait_for(lambda: running.mailbox(ANNA))
        yield running


@pytest.fixture
def maildir(suite):
    """The Maildir, which is left as it was found."""
    folder = suite.directory / "mail/example.test/anna/Maildir"
    before = set(folder.rglob("*"))
    yield folder
    for path in sorted(set(folder.rglob("*")) - before, reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def subjects(client):
    count = len(client.list()[1])
    return {line.decode() for n in range(1, count + 1) for line in client.retr(n)[1]
            if line.startswith(b"Subject: ")}


def test_messages_of_other_programs_are_served(suite, maildir):
    text = b"Subject: %s\n\nlf lines\n"
    (maildir / "new/1700000001.M1P1.host").write_bytes(text % b"no sizes")
    (maildir / "cur/1700000002.M2P2.host:2,S").write_bytes(text % b"seen, without sizes")
    (maildir / f"cur/1700000003.M3P3.host,S={len(text % b'size alone')}:2,").write_bytes(text % b"size alone")
    (maildir / "new/a name of a person's own").write_bytes(text % b"own name")
    (maildir / "new/1700000004.crlf").write_bytes((text % b"crlf").replace(b"\n", b"\r\n"))
    (maildir / "new" / os.fsdecode(b"1700000005.\xff\xfe")).write_bytes(text % b"octets in its name")
    (maildir / "new/1700000006.noend").write_bytes(b"Subject: no last line end\n\nend")
    (maildir / "new/1700000007.empty").write_bytes(b"")
    (maildir / "new/1700000008.dots").write_bytes(b"Subject: dots\n\n.\n..\n.x\n")
    client = suite.pop3(ANNA)
    sizes = [int(line.split()[1]) for line in client.list()[1]]
    octets = [client.retr(n)[2] for n in range(1, len(sizes) + 1)]
    assert len(sizes) == 10
    assert subjects(client) == {f"Subject: {s}" for s in (
        "delivered", "no sizes", "seen, without sizes", "size alone", "own name", "crlf",
        "octets in its name", "no last line end", "dots")}
    assert len(octets) == 10
    uidls = client.uidl()[1]
    client.quit()
    assert suite.events("files_not_served") == []
    # Numbers and names are the same the next time, though the files have sizes in their names now.
    client = suite.pop3(ANNA)
    assert client.uidl()[1] == uidls and [int(line.split()[1]) for line in client.list()[1]] == sizes
    client.quit()


def test_what_is_no_message_is_passed_over_and_told_once(suite, maildir):
    (maildir / "new/folder").mkdir()
    (maildir / "new/folder/inside").write_text("x")
    (maildir / "cur/.hidden").write_text("x")
    (maildir / "new/1700000001.torn.host,S=5000,W=5100").write_text("Subject: torn\n\n")
    (maildir / "new/link").symlink_to("/etc/passwd")
    (maildir / "new/dangling").symlink_to("nowhere")
    os.mkfifo(maildir / "new/pipe")
    (maildir / "foreign").write_text("x")
    (maildir / ".Sent").mkdir()
    before = len(suite.events("files_not_served"))
    client = suite.pop3(ANNA)
    assert subjects(client) == {"Subject: delivered"}
    client.quit()
    told = suite.events("files_not_served")[before:]
    assert len(told) == 1 and "count=6" in told[0], told


def test_what_cannot_be_read_is_an_error_of_its_own_and_the_rest_is_served(suite, maildir):
    name = "new/1700000001.M1.host,S=10,W=11"
    (maildir / name).write_bytes(b"123456789\n")
    client = suite.pop3(ANNA)
    assert len(client.list()[1]) == 2
    (maildir / name).unlink()  # by another program, meanwhile
    (maildir / name).mkdir()
    with pytest.raises(poplib.error_proto):
        client.retr(1)
    assert b"Subject: delivered" in client.retr(2)[1]
    client.quit()
    assert len(suite.events("message_not_read")) == 1


def test_a_folder_that_cannot_be_used_refuses_the_login_for_now(suite, maildir):
    (maildir / "cur").rename(maildir / "away")
    (maildir / "cur").write_text("not a folder")
    try:
        with pytest.raises(poplib.error_proto) as refused:
            suite.pop3(ANNA)
        assert b"[SYS/" in refused.value.args[0]
        # The line is written at the end of the turn in which the client was answered.
        [line] = wait_for(lambda: suite.events("login_refused"))
        assert "Maildir/cur" in line
    finally:
        (maildir / "cur").unlink()
        (maildir / "away").rename(maildir / "cur")
    client = suite.pop3(ANNA)
    assert subjects(client) == {"Subject: delivered"}
    client.quit()
