"""The AWS CLI, loaded once: it takes a second to load and a form calls it fifty times.
`aws_loaded.py serve SOCKET` loads it and forks for each call, as long as its parent lives; `aws_loaded.py call SOCKET
WORD…` is `aws WORD…`, with its own standard streams, open descriptors and directory."""
import json
import os
import re
import signal
import socket
import sys

SERVICES = "cloudformation cloudtrail ec2 iam rds secretsmanager ssm sts".split()


def call(path, words):
    numbers = [0, 1, 2] + [int(n) for word in words for n in re.findall(r"/dev/fd/(\d+)", word)]
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        message = json.dumps({"words": words, "numbers": numbers, "directory": os.getcwd(),
                              "environment": dict(os.environ)}).encode()
        socket.send_fds(server, [len(message).to_bytes(4, "big")], numbers)
        server.sendall(message)
        return server.recv(1)[0]


def read(client):
    start, files, _, _ = socket.recv_fds(client, 4, 16)
    left, text = int.from_bytes(start, "big"), b""
    while len(text) < left:
        text += client.recv(left - len(text))
    return json.loads(text), files


def answer(client, driver):
    asked, files = read(client)
    # Above all that they go to, so that none is written over.
    for number, file in zip(asked["numbers"], [os.dup2(file, 100 + i) for i, file in enumerate(files)]):
        os.dup2(file, number)
    os.chdir(asked["directory"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    status = driver.main(asked["words"])
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def serve(path):
    from awscli.clidriver import create_clidriver

    parent = os.getppid()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    driver = create_clidriver()
    for service in SERVICES:
        driver.session.get_service_model(service)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path + ".new")
        server.listen(16)
        server.settimeout(1)
        os.rename(path + ".new", path)
        while os.getppid() == parent:
            try:
                client, _ = server.accept()
            except TimeoutError:
                continue
            client.setblocking(True)
            if os.fork() == 0:
                # Its own number may be wanted by a file that comes.
                client = socket.socket(fileno=os.dup2(client.detach(), 200))
                try:
                    status = answer(client, driver)
                except SystemExit as end:
                    status = end.code if isinstance(end.code, int) else 1
                except BaseException as error:
                    print(error, file=sys.stderr, flush=True)
                    status = 255
                client.send(bytes([status or 0]))
                os._exit(0)
            client.close()


if sys.argv[1] == "call":
    sys.exit(call(sys.argv[2], sys.argv[3:]))
serve(sys.argv[2])
