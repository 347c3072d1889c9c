"""The program of docs/operating.md checks a notification that a real server sent."""

import http.server
import pathlib
import re
import threading

GUIDE = pathlib.Path(__file__).resolve().parents[4] / "docs" / "operating.md"
VM = {"cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
      "resource_spec": "s3.medium.4.linux", "region": "ap-southeast-1", "period_type": 2, "period_num": 1,
      "subscription_num": 1}


def printed_check():
    found = re.search(r"<!-- webhook-check -->\s*```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "docs/operating.md marks its program with <!-- webhook-check -->"
    names = {}
    exec(found.group(1), names)  # pylint: disable=exec-used
    return names["is_genuine"]


def test_the_printed_check_takes_what_the_server_signed_and_nothing_else(start):
    got = []
    arrived = threading.Event()

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.headers["X-Openbss-Signature"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            arrived.set()

        def log_message(self, *_):
            pass

    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        server = start()
        hook = {"url": f"http://127.0.0.1:{receiver.server_port}/", "events": ["order.paid"]}
        secret = server.own("acme", "POST", "/openbss/v1/webhooks", hook).json()["secret"]
        order = server.own("acme", "POST", "/openbss/v1/orders", {"lines": [VM]}).json()["order_id"]
        payment = {"order_id": order, "use_coupon": "NO", "use_discount": "NO"}
        server.own("acme", "POST", "/v3/orders/customer-orders/pay", payment)
        assert arrived.wait(30), "the notification arrives"
    finally:
        receiver.shutdown()
        receiver.server_close()
    is_genuine = printed_check()
    signature, body = got[0]
    assert order.encode() in body
    assert is_genuine(secret, signature, body)
    assert not is_genuine(secret, signature, body + b" ")
    assert not is_genuine("x" * 64, signature, body)
    old = re.sub(r"t=(\d+)", lambda found: f"t={int(found.group(1)) - 3600}", signature)
    assert not is_genuine(secret, old, body)
