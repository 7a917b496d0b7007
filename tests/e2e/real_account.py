"""Stands for AWS behind its real host names: a proxy that answers CONNECT,
ends TLS with the certificate it is given and knows who asks and how the account
is called, nothing else. Every request is a line "HOST ACTION" in a log.

Usage: real_account.py CERT KEY ALIAS LOG PORTFILE [SECONDS its clock is ahead]
"""

import email.utils
import os
import socketserver
import ssl
import sys
import time
import urllib.parse

cert, key, alias, log, port_file = sys.argv[1:6]
ahead_s = int(sys.argv[6]) if len(sys.argv) > 6 else 0
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(cert, key)
ACCOUNT = "123456789012"
ANSWERS = {
    "GetCallerIdentity": (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{ACCOUNT}:user/someone</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account>"
        "</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    ),
    "ListAccountAliases": (
        '<ListAccountAliasesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListAccountAliasesResult>'
        f"<IsTruncated>false</IsTruncated><AccountAliases><member>{alias}</member></AccountAliases>"
        "</ListAccountAliasesResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        "</ListAccountAliasesResponse>"
    ),
}
DENIED = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not here</Message></Error>"
    "<RequestId>1</RequestId></ErrorResponse>"
)


def read_head(stream):
    lines = []
    while (line := stream.readline()) not in (b"\r\n", b""):
        lines.append(line.decode().strip())
    return lines


class Proxy(socketserver.StreamRequestHandler):
    def handle(self):
        head = read_head(self.rfile)
        if not head:
            return
        host = head[0].split()[1]
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with context.wrap_socket(self.connection, server_side=True) as tls, tls.makefile("rwb") as stream:
            while lines := read_head(stream):
                self.answer(stream, host, lines)

    def answer(self, stream, host, lines):
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        body = stream.read(int(headers.get("content-length", 0))).decode()
        action = urllib.parse.parse_qs(body).get("Action", [headers.get("x-amz-target", "?")])[0]
        with open(log, "a", encoding="utf-8") as out:
            out.write(f"{host} {action}\n")
        status = "200 OK" if action in ANSWERS else "403 Forbidden"
        text = ANSWERS.get(action, DENIED).encode()
        date = email.utils.formatdate(time.time() + ahead_s, usegmt=True)
        fields = f"Date: {date}\r\nContent-Type: text/xml\r\nContent-Length: {len(text)}\r\n"
        stream.write(f"HTTP/1.1 {status}\r\n{fields}\r\n".encode() + text)
        stream.flush()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


with Server(("127.0.0.1", 0), Proxy) as server:
    with open(port_file + ".new", "w", encoding="utf-8") as out:
        out.write(str(server.server_address[1]))
    os.rename(port_file + ".new", port_file)
    server.serve_forever()
