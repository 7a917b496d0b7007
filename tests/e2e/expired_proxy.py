"""Stands in front of the sandbox and lets a session end in the middle of a wait.

Hands every request on as it is. Once the profile of the workstation was replaced
by somebody, that somebody's key has expired, as AWS says it: facts 3.1.
Usage: expired_proxy.py SANDBOX_URL FILE (the proxy's URL is written into FILE).
"""
import http.client
import http.server
import os
import re
import sys
import urllib.parse

sandbox = urllib.parse.urlsplit(sys.argv[1])
expired = set()
EC2 = ("<Response><Errors><Error><Code>RequestExpired</Code><Message>Request has expired.</Message></Error></Errors>"
       "<RequestID>r</RequestID></Response>")
QUERY = ("<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in"
         " the request is expired</Message></Error><RequestId>r</RequestId></ErrorResponse>")
JSON = '{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, service):
        if service == "ec2":
            self.answer(400, [("Content-Type", "text/xml")], EC2.encode())
        elif "X-Amz-Target" in self.headers:
            self.answer(400, [("Content-Type", "application/x-amz-json-1.1")], JSON.encode())
        else:
            self.answer(403, [("Content-Type", "text/xml")], QUERY.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scope = re.search(r"Credential=([A-Z0-9]+)/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        key, service = scope.groups() if scope else ("", "")
        if key in expired:
            return self.refuse(service)
        onward = http.client.HTTPConnection(sandbox.hostname, sandbox.port, timeout=60)
        onward.request("POST", self.path, body, dict(self.headers))
        reply = onward.getresponse()
        text = reply.read()
        if b"Action=ReplaceIamInstanceProfileAssociation" in body and reply.status == 200:
            expired.add(key)
        self.answer(reply.status, reply.getheaders(), text)
        onward.close()
        return None

    do_GET = do_PUT = do_DELETE = do_POST

    def log_message(self, *_args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(sys.argv[2] + ".new", "w", encoding="ascii") as file:
    file.write("http://127.0.0.1:%d\n" % server.server_address[1])
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
