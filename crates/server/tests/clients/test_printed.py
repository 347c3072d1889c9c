"""What the sandbox prints when it is ready works as it is printed."""

import subprocess
import sys
import time

# The examples follow the ready line at once.
PRINTED_WITHIN_SECONDS = 5


def printed(server):
    """Everything the server prints, once its last line is there."""
    deadline = time.monotonic() + PRINTED_WITHIN_SECONDS
    while not any(line.startswith("print(") for line in server.printed):
        assert time.monotonic() < deadline, server.printed
        time.sleep(0.01)
    return "".join(server.printed)


def test_the_ready_line_is_the_first_and_only_one(start):
    server = start()
    lines = printed(server).splitlines()
    assert lines[0] == "openbss ready on " + server.endpoint
    assert sum("openbss ready on" in line for line in lines) == 1


def test_the_signed_example_works(start):
    server = start()
    text = printed(server)
    command = text[text.index("curl "):].split("\n\n")[0]
    done = subprocess.run(["bash", "-c", command + " --fail-with-body"], capture_output=True, text=True, timeout=30,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"amount":10000' in done.stdout, done.stdout


def test_the_sdk_example_works_on_each_site(start):
    for site in ("cn", "intl", "eu"):
        server = start(name=site, site=site)
        text = printed(server)
        program = text[text.index("from huaweicloudsdkcore"):]
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "10000" in done.stdout, done.stdout
