#!/usr/bin/env python3
"""The client's way out, against servers of its own on loopback: TLS that is trusted, or not, a
proxy, IPv6, a wrong clock.

    network_test.py PROBE DIRECTORY

Every case is `probe credentials` with a profile that assumes a role, so a whole signed call goes
over the wire. DIRECTORY holds ca.pem and key.pem for sts.lab.test, 127.0.0.1 and ::1. Prints TAP.
"""

import datetime
import email.utils
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

PROBE, DIRECTORY = sys.argv[1:3]
CA = os.path.join(DIRECTORY, "ca.pem")
REPLY = (
    "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
    "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
    "<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser>"
    "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn><AssumedRoleId>A:s</AssumedRoleId>"
    "</AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"
)
SKEWED = (
    "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>"
    "<Message>Signature not yet current</Message></Error></ErrorResponse>"
)
CONFIG = """[default]
region = eu-west-1
role_arn = arn:aws:iam::123456789012:role/r
source_profile = base
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = base
"""


class Sts(http.server.BaseHTTPRequestHandler):
    """AssumeRole, for who signs within five minutes of the server's clock."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        now = datetime.datetime.now(datetime.timezone.utc) + self.server.ahead
        signed = datetime.datetime.strptime(self.headers["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
        self.server.asked += 1
        late = abs(now - signed) > datetime.timedelta(minutes=5)
        body = (SKEWED if late else REPLY).encode()
        self.send_response_only(403 if late else 200)
        self.send_header("Date", email.utils.format_datetime(now, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


class Proxy(http.server.BaseHTTPRequestHandler):
    """CONNECT, always to the server's target: the name in it does not resolve."""

    def do_CONNECT(self):
        self.server.asked += 1
        self.server.targets.append(self.path)
        with socket.create_connection(self.server.target) as out:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=copy, args=(out, self.connection))
            back.start()
            copy(self.connection, out)
            back.join()

    def log_message(self, *_args):
        pass


def copy(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler, host="127.0.0.1", tls=False, ahead_minutes=0):
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), handler)
        self.asked, self.targets = 0, []
        self.ahead = datetime.timedelta(minutes=ahead_minutes)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CA, os.path.join(DIRECTORY, "key.pem"))
            self.socket = context.wrap_socket(self.socket, server_side=True)
        host = "[%s]" % host if ":" in host else host
        self.url = "%s://%s:%d" % ("https" if tls else "http", host, self.server_port)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_args):
        """A handshake that was refused is what some cases want."""


def ask(**variables):
    env = {
        "HOME": DIRECTORY,
        "PATH": os.environ["PATH"],
        "AWS_CONFIG_FILE": os.path.join(DIRECTORY, "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        **{k: v for k, v in os.environ.items() if k.endswith("_OPTIONS")},
        **variables,
    }
    done = subprocess.run([PROBE, "credentials"], env=env, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise AssertionError(done.stderr.decode())
    return json.loads(done.stdout)


def gives_keys(answer, server, asked=1):
    assert answer.get("access_key_id") == "ASIAROLE", answer
    assert answer["account_id"] == "123456789012", answer
    assert server.asked == asked, "asked %d times" % server.asked


def refused(answer, server, *words):
    assert all(word in answer.get("error", "") for word in words), answer
    assert server.asked == 0, "asked %d times" % server.asked


def plain_loopback():
    server = Server(Sts)
    gives_keys(ask(AWS_ENDPOINT_URL=server.url), server)


def ipv6_loopback():
    server = Server(Sts, host="::1")
    gives_keys(ask(AWS_ENDPOINT_URL=server.url), server)


def self_signed_is_refused():
    server = Server(Sts, tls=True)
    refused(ask(AWS_ENDPOINT_URL=server.url), server, "certificate")


def ca_bundle_is_trusted():
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        server = Server(Sts, tls=True)
        gives_keys(ask(AWS_ENDPOINT_URL=server.url, **{name: CA}), server)


def ca_bundle_of_others_is_not():
    server = Server(Sts, tls=True)
    refused(ask(AWS_ENDPOINT_URL=server.url, AWS_CA_BUNDLE=os.path.join(DIRECTORY, "other.pem")), server, "certificate")


def ca_bundle_vouches_for_its_names_only():
    server, proxy = Server(Sts, tls=True), Server(Proxy)
    proxy.target = server.server_address
    answer = ask(AWS_ENDPOINT_URL="https://other.lab.test", AWS_CA_BUNDLE=CA, HTTPS_PROXY=proxy.url)
    refused(answer, server, "other.lab.test")


def proxy_is_used():
    server, proxy = Server(Sts, tls=True), Server(Proxy)
    proxy.target = server.server_address
    for name in ("HTTPS_PROXY", "https_proxy"):
        server.asked, proxy.targets = 0, []
        gives_keys(ask(AWS_ENDPOINT_URL="https://sts.lab.test", AWS_CA_BUNDLE=CA, **{name: proxy.url}), server)
        assert proxy.targets == ["sts.lab.test:443"], proxy.targets


def proxy_is_not_used_for_loopback():
    server, proxy = Server(Sts), Server(Proxy)
    gives_keys(ask(AWS_ENDPOINT_URL=server.url, HTTPS_PROXY=proxy.url, HTTP_PROXY=proxy.url, http_proxy=proxy.url), server)
    assert proxy.asked == 0


def no_proxy_is_heard():
    proxy = Server(Proxy)
    answer = ask(AWS_ENDPOINT_URL="https://sts.lab.test", AWS_CA_BUNDLE=CA, HTTPS_PROXY=proxy.url, NO_PROXY="lab.test")
    refused(answer, proxy, "sts.lab.test")


def plain_http_elsewhere_is_refused():
    proxy = Server(Proxy)
    refused(ask(AWS_ENDPOINT_URL="http://sts.lab.test", HTTPS_PROXY=proxy.url, http_proxy=proxy.url), proxy, "http://")


def clock_behind():
    server = Server(Sts, ahead_minutes=10)
    gives_keys(ask(AWS_ENDPOINT_URL=server.url), server, asked=2)


def clock_ahead():
    server = Server(Sts, ahead_minutes=-10)
    gives_keys(ask(AWS_ENDPOINT_URL=server.url), server, asked=2)


CASES = (
    plain_loopback,
    ipv6_loopback,
    self_signed_is_refused,
    ca_bundle_is_trusted,
    ca_bundle_of_others_is_not,
    ca_bundle_vouches_for_its_names_only,
    proxy_is_used,
    proxy_is_not_used_for_loopback,
    no_proxy_is_heard,
    plain_http_elsewhere_is_refused,
    clock_behind,
    clock_ahead,
)


def main():
    with open(os.path.join(DIRECTORY, "config"), "w", encoding="ascii") as config:
        config.write(CONFIG)
    failed = 0
    for number, case in enumerate(CASES, 1):
        try:
            case()
            print("ok %d - %s" % (number, case.__name__))
        except (AssertionError, OSError, subprocess.SubprocessError) as failure:
            failed += 1
            print("not ok %d - %s" % (number, case.__name__))
            print("# %s" % str(failure).replace("\n", "\n# "))
    print("1..%d" % len(CASES))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
