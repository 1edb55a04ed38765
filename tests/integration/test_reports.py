"""What senders are told, end to end: each kind of report, read as a mail program reads it; reports that fail
themselves; and bounces that find their way back through a reverse-path that was rewritten."""

import email
import email.policy
import re
import smtplib

import pytest
from harness import Instance, wait_for
from peer import Peer

ANNA = "anna@example.test"
POSTMASTER = "postmaster@example.test"
MESSAGE = ("From: anna@example.test\r\nMessage-ID: <m2@example.test>\r\nReferences: <m1@example.test>\r\n"
           "Subject: x\r\n\r\nbody\r\n")
STRICT = email.policy.SMTP.clone(raise_on_defect=True)


@pytest.fixture(scope="module")
def parts():
    with Peer() as peer:
        peer.script["RCPT"] = refuse_some
        with Instance({"queue": {"delay_warning": "1s", "retry_interval": "1s", "lifetime": "8s"},
                       "route": [{"match": "*", "via": peer.route}]}) as suite:
            suite.add_user(ANNA)
            suite.command("alias", "add", "team@example.test", ANNA, "carl@far.test")
            suite.command("alias", "add", "away@example.test", "dora@far.test")
            yield suite, peer


def refuse_some(_, argument):
    replies = {"nobody": "550 5.1.1 no such user", "gone": "550 5.1.1 no such user", "full": "550 5.2.2 over quota",
               "forged": "550 5.1.1 unknown user", "late": "451 4.3.0 come back later"}
    address = argument[4:].split(">")[0]
    return replies.get(address.split("@")[0], "250 2.1.5 ok")


def send(suite, recipients, sender=ANNA, notify="", ret="", message=MESSAGE):
    with suite.smtp() as client:
        client.sendmail(sender, recipients, message, mail_options=[ret] if ret else [],
                        rcpt_options=[f"NOTIFY={notify}"] if notify else [])


def reports(suite, mailbox=ANNA):
    """The reports in the mailbox; no part of one has a defect."""
    found = [email.message_from_bytes(one, policy=STRICT) for one in suite.mailbox(mailbox)]
    return [one for one in found if one.get_content_type() == "multipart/report"]


def report_on(suite, address, action, mailbox=ANNA):
    """The one report of this kind on the address: text for people, fields by address, returned part."""
    def find():
        found = []
        for report in reports(suite, mailbox):
            assert report.get_param("report-type") == "delivery-status"
            people, machine, returned = report.iter_parts()
            of_message, *of_recipients = machine.get_payload()
            fields = {one["Final-Recipient"].split("; ")[1]: one for one in of_recipients}
            if address in fields and fields[address]["Action"] == action:
                found.append((report, people.get_content().replace("\r\n", "\n"), of_message, fields, returned))
        return found
    [one] = wait_for(find, what=f"the report on {address}")
    return one


def test_a_failure_says_what_happened_why_and_what_to_do(parts):
    suite, peer = parts
    send(suite, ["nobody@far.test", "gone@far.test", "full@far.test"])
    report, text, of_message, fields, returned = report_on(suite, "nobody@far.test", "failed")
    assert report["To"].addresses[0].addr_spec == ANNA
    assert report["Auto-Submitted"] == "auto-replied" and report["In-Reply-To"] == "<m2@example.test>"
    assert report["References"].split() == ["<m1@example.test>", "<m2@example.test>"]
    assert "  <nobody@far.test>\n  <gone@far.test>\n\n  There is no such mailbox." in text
    assert "  <full@far.test>\n\n  The mailbox is full." in text
    assert re.search(r"said to\s+RCPT TO:<nobody@far.test>:\n    550 5.1.1 no such user\n", text)
    assert text.count("550 5.1.1 no such user") == 1
    assert of_message["Reporting-MTA"] == "dns; mx.example.test" and of_message["Arrival-Date"]
    assert list(fields) == ["nobody@far.test", "gone@far.test", "full@far.test"]
    assert fields["nobody@far.test"]["Diagnostic-Code"] == "smtp; 550 5.1.1 no such user"
    assert fields["full@far.test"]["Status"] == "5.2.2" and fields["full@far.test"]["Last-Attempt-Date"]
    assert "Will-Retry-Until" not in fields["full@far.test"]
    assert returned.get_content_type() == "message/rfc822" and "body" in returned.get_payload(0).get_content()


def test_of_the_message_the_header_alone_comes_back_where_that_was_asked_for(parts):
    suite, _ = parts
    send(suite, ["nobody@headers.test"], ret="RET=HDRS")
    *_, returned = report_on(suite, "nobody@headers.test", "failed")
    assert returned.get_content_type() == "text/rfc822-headers" and "\nbody" not in returned.get_content()
    assert "Subject: x" in returned.get_content()


def test_a_delay_is_told_with_its_end_and_then_that_it_was_in_vain(parts):
    suite, _ = parts
    send(suite, ["late@far.test"])
    _, text, _, fields, _ = report_on(suite, "late@far.test", "delayed")
    assert "need not send it again" in text.replace("\n", " ")
    assert fields["late@far.test"]["Status"].startswith("4.") and fields["late@far.test"]["Will-Retry-Until"]
    _, text, _, fields, _ = report_on(suite, "late@far.test", "failed")
    assert "It was tried from" in text and fields["late@far.test"]["Status"] == "5.4.7"


def test_an_alias_of_several_is_expanded_and_a_route_without_dsn_relayed(parts):
    suite, _ = parts
    send(suite, ["team@example.test", "emil@far.test"], notify="SUCCESS")
    _, text, _, fields, returned = report_on(suite, "team@example.test", "expanded")
    assert "all members" in text and fields["team@example.test"]["Status"] == "2.0.0"
    _, text, _, fields, _ = report_on(suite, "emil@far.test", "relayed")
    assert "do not tell of" in text.replace("\n", " ") and fields["emil@far.test"]["Remote-MTA"] == "dns; [127.0.0.1]"
    assert returned.get_content_type() == "text/rfc822-headers"


def test_addresses_beyond_ascii_are_told_of_in_ascii_to_a_sender_within(parts):
    suite, _ = parts
    with suite.smtp() as client:
        client.command_encoding = "utf-8"
        client.ehlo()
        client.sendmail(ANNA, ["jörg@far.test"], MESSAGE.encode(), mail_options=["SMTPUTF8"])
    _, text, _, fields, _ = report_on(suite, "j\\x{F6}rg@far.test", "failed")
    assert fields["j\\x{F6}rg@far.test"]["Status"] == "5.6.7" and "jörg@far.test" in text


def test_a_report_that_fails_goes_to_the_postmaster_once(parts):
    suite, _ = parts
    send(suite, ["nobody@far.test"], sender="forged@elsewhere.test")
    report, text, _, fields, returned = report_on(suite, "forged@elsewhere.test", "failed", POSTMASTER)
    assert "double bounce" in report["Subject"] and "A report that this server wrote" in text
    assert returned.get_payload(0)["To"].addresses[0].addr_spec == "forged@elsewhere.test"
    assert len([one for one in suite.events("report") if "to=postmaster" in one]) == 1


def test_a_bounce_of_somebody_else_is_no_matter_of_ours(parts):
    suite, _ = parts
    before = len(suite.mailbox(POSTMASTER))
    send(suite, ["nobody@third.test"], sender="")
    wait_for(lambda: [one for one in suite.events("bounced") if "nobody@third.test" in one])
    assert len(suite.mailbox(POSTMASTER)) == before


def test_what_an_alias_sends_on_has_a_reverse_path_to_which_bounces_come_back(parts):
    suite, peer = parts
    send(suite, ["away@example.test"], sender="Fritz@origin.test")
    [forwarded] = wait_for(lambda: [one for one in peer.messages if one.recipients == ["dora@far.test"]])
    assert re.fullmatch(r"SRS0=[A-Z2-7]{6}=[A-Z2-7]{2}=origin.test=Fritz@mx.example.test", forwarded.sender)

    send(suite, [forwarded.sender], sender="", message="Subject: bounce\r\n\r\nno\r\n")
    [bounce] = wait_for(lambda: [one for one in peer.messages if one.recipients == ["Fritz@origin.test"]])
    assert bounce.sender == "" and b"Subject: bounce" in bounce.content


@pytest.mark.parametrize("sender, change, words", [
    ("spam@origin.test", lambda address: address, "takes delivery reports alone"),
    ("", lambda address: address.replace("=origin", "=0rigin"), "was not made here"),
])
def test_a_rewritten_reverse_path_is_for_bounces_and_not_to_be_forged(parts, sender, change, words):
    suite, peer = parts
    [address] = {one.sender for one in peer.messages if one.sender.startswith("SRS0=")}
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(suite, [change(address)], sender=sender)
    [(code, text)] = refused.value.recipients.values()
    assert code == 550 and words in text.decode()
