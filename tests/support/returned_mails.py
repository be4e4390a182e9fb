"""Messages as mail servers and readers' providers send them back."""

RETURN_PATH = "bounces+token@example.org"

ORIGINAL = """\
Return-Path: <{back}>
From: House <house@example.org>
To: ada@example.com
Subject: Your certificate
Message-ID: <{name}@example.org>
"""

#: A delivery report (RFC 3464), as Postfix writes it.
REPORT = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {back}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2.17/mx.example.com"

This is a MIME-encapsulated message.

--4F2.17/mx.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.com.

<ada@example.com>: host mx.example.net said: {words}

--4F2.17/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com
X-Postfix-Queue-ID: 4F2
Arrival-Date: Tue,  1 Dec 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; ada@example.com
Original-Recipient: rfc822;ada@example.com
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.net
Diagnostic-Code: smtp; {words}

--4F2.17/mx.example.com
Content-Description: Undelivered Message
Content-Type: message/rfc822

{original}
The mail itself.

--4F2.17/mx.example.com--
"""

#: As Exchange Online writes it: a report among alternatives, the code in the words.
EXCHANGE = """\
From: <postmaster@outlook.com>
To: <{back}>
Subject: =?utf-8?B?VW5kZWxpdmVyYWJsZTogWW91ciBjZXJ0aWZpY2F0ZQ==?=
Content-Type: multipart/report; report-type=delivery-status;
 boundary="outer"
Content-Language: en-US

--outer
Content-Type: multipart/alternative; differences=Content-Type;
 boundary="outer-inner"

--outer-inner
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to ada@example.com couldn't be delivered.

--outer-inner
Content-Type: text/html; charset="us-ascii"

<p>Your message to ada@example.com couldn't be delivered.</p>

--outer-inner--

--outer
Content-Type: message/delivery-status

Reporting-MTA: dns;DB3PR01.prod.outlook.com
Received-From-MTA: dns;mail.example.org

Final-Recipient: rfc822;ada@example.com
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient
 ada@example.com not found by SMTP address lookup

--outer
Content-Type: message/rfc822

{original}
x
--outer--
"""

#: The form that qmail made up (QSBMF).
QMAIL = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.com
To: {back}
Subject: failure notice

Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@example.com>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{original}
550 5.7.1 this is what the mail itself says
"""

#: Without a report, but for what people read.
PROSE = """\
From: "Mail Delivery Subsystem" <mailer-daemon@example.com>
To: {back}
Subject: Delivery Status Notification (Failure)

Delivery to the following recipient failed permanently:

     ada@example.com

Technical details of permanent failure:
550 5.7.1 Our system has detected that this message is likely spam
"""

#: A complaint (RFC 5965). It came to the address for complaints, without a token.
COMPLAINT = """\
From: <abuse@example.com>
To: <abuse@example.org>
Subject: FW: Your certificate
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain

This is an email abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{back}>
Original-Rcpt-To: <ada@example.com>

--part
Content-Type: message/rfc822

{original}
The mail itself.
--part--
"""

ABSENCE = """\
From: Ada <ada@example.com>
To: {back}
Subject: Out of office: Your certificate
Auto-Submitted: auto-replied

I am away until 5.1.1 next year.
"""


def returned(
    form: str = REPORT,
    *,
    back: str = RETURN_PATH,
    name: str = "0" * 24,
    action: str = "failed",
    status: str = "5.1.1",
    words: str = "550 5.1.1 <ada@example.com>: User unknown",
    kind: str = "abuse",
) -> bytes:
    """Return a message in this form, with CR LF at the ends of its lines."""
    original = ORIGINAL.format(back=back, name=name)
    text = form.format(
        back=back,
        original=original,
        action=action,
        status=status,
        words=words,
        kind=kind,
    )
    return text.replace("\n", "\r\n").encode()
