"""The commands of docs/money.md run as they stand there, and say what it says."""

import json
import pathlib
import re
import subprocess

GUIDE = pathlib.Path(__file__).resolve().parents[4] / "docs" / "money.md"
PRINTED = "http://127.0.0.1:8080"


def test_the_money_tour_runs_as_printed(start, tmp_path):
    found = re.search(r"<!-- money-tour -->\s*```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "docs/money.md marks its commands with <!-- money-tour -->"
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
    order, inquiry, verdict = answers
    assert order["adds_up"] and inquiry["adds_up"], ran.stdout
    assert (order["official_amount"], order["payable_amount"]) == ("384", "306.4")
    assert [one["amount"] for one in order["orders"][0]["modifiers"]] == ["57.6", "20"]
    funds = {one["kind"]: one["amount"] for one in order["orders"][0]["funds"]}
    assert funds == {"coupon": "20", "cash": "306.4"}
    # 85 % of 11/6000: list price and discount are each cut after six decimals.
    assert inquiry["inquiry"]["price"]["exact_amount"] == "11/6000"
    assert '"holds":true' in ran.stdout and '"holds":false' not in ran.stdout, verdict
