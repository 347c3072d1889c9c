"""The commands of docs/subscriptions.md run as they stand there, and say what it says."""

import json
import pathlib
import re
import subprocess

GUIDE = pathlib.Path(__file__).resolve().parents[4] / "docs" / "subscriptions.md"
PRINTED = "http://127.0.0.1:8080"


def test_the_tour_of_subscriptions_runs_as_printed(start, tmp_path):
    found = re.search(r"<!-- subscriptions-tour -->\s*```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "docs/subscriptions.md marks its commands with <!-- subscriptions-tour -->"
    assert PRINTED in found.group(1)
    server = start(listen="127.0.0.1:0")
    script = tmp_path / "tour.sh"
    script.write_text(found.group(1).replace(PRINTED, server.endpoint), encoding="utf-8")
    ran = subprocess.run(["bash", str(script)], capture_output=True, text=True, timeout=60, check=True)
    decoder, answers, text = json.JSONDecoder(), [], ran.stdout.strip()
    while text:
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:].lstrip()
    price, moved, resources, refunds, explained, verdict = answers
    assert price["official_website_rating_result"]["official_website_amount"] == "30", price
    renewals = [one for one in moved["ran"] if one["job"] == "subscriptions.renew"]
    # Until 1 July the terms to 15 July were renewed, each at 03:00 seven days before its end.
    assert [one["at"][:16] for one in renewals] == [
        f"2026-{month:02}-07T19:00" for month in (2, 3, 4, 5, 6)
    ], renewals
    assert resources["data"][0]["expire_time"] == "2026-07-15T15:59:59Z"
    assert resources["data"][0]["expire_policy"] == 3
    # The term from 15 June 23:59:59 to 15 July has 721 hours, and 361 are used: 15.02 of 30, and a fee of 3.
    amounts = sorted(one["amount"] for one in refunds["refund_infos"])
    assert amounts == [-14.98, 3], refunds
    assert explained["adds_up"], ran.stdout
    assert verdict["holds"], verdict
