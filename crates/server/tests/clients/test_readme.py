"""The program of the README, run as it is printed there."""

import ast
import os
import pathlib
import re
import socket
import subprocess
import sys

README = pathlib.Path(__file__).resolve().parents[4] / "README.md"
PRINTED = "http://127.0.0.1:8080"


def program():
    text = README.read_text(encoding="utf-8")
    found = re.search(r"<!-- sdk-tour -->\s*```python\n(.*?)```", text, re.DOTALL)
    assert found, "README.md marks its program with <!-- sdk-tour -->"
    return found.group(1)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_the_program_is_short():
    statements = ast.parse(program()).body
    assert len(statements) <= 10


def test_the_program_runs_as_printed(start, tmp_path):
    text = program()
    assert PRINTED in text
    server = start(listen="127.0.0.1:8080" if is_free(8080) else "127.0.0.1:0")
    script = tmp_path / "tour.py"
    script.write_text(text.replace(PRINTED, server.endpoint), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUAWEICLOUD")}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60,
                          env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for piece in ("Elastic Cloud Server", "182.07", "10000", '"resource_id"'):
        assert piece in done.stdout, done.stdout
    orders = server.own("acme", "GET", "/v2/orders/customer-orders").json()
    assert [row["status"] for row in orders["order_infos"]] == [5]


def test_the_curl_tour_runs_as_printed(start, tmp_path):
    found = re.search(r"<!-- curl-tour -->\s*```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "README.md marks its commands with <!-- curl-tour -->"
    assert PRINTED in found.group(1)
    server = start(listen="127.0.0.1:0")
    script = tmp_path / "tour.sh"
    script.write_text(found.group(1).replace(PRINTED, server.endpoint), encoding="utf-8")
    ran = subprocess.run(["bash", str(script)], capture_output=True, text=True, timeout=60, check=True)
    assert '"balance":"10100"' in ran.stdout, ran.stdout + ran.stderr
    assert '"holds":true' in ran.stdout and '"holds":false' not in ran.stdout
    assert '"now":"2026-01-16T08:00:00Z"' in ran.stdout
