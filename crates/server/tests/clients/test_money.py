"""Discounts, coupons, cards, funds and their limits, through the SDK of each site.

Each test sets its scene through the own API, with requests that the operator signs, and compares amounts that the
server must have computed. Every answer is complete: only what `tests/data/may_be_null.json` lists is empty.
"""

import json
import pathlib
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from conftest import Sdk
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer

ECS, VM, SPEC = "hws.service.type.ec2", "hws.resource.type.vm", "s3.medium.4.linux"
EBS, VOLUME, DISK = "hws.service.type.ebs", "hws.resource.type.volume", "GPSSD"
NEXT_YEAR = "2027-01-15T16:00:00Z"
LIST_PRICE = Decimal("182.07")
ALL_PRICE = LIST_PRICE + Decimal("5.6")

china = pytest.mark.parametrize("server", ["cn-sqlite", "cn-postgres"], indirect=True)
overseas = pytest.mark.parametrize(
    "server", ["intl-sqlite", "eu-sqlite", "intl-postgres", "eu-postgres"], indirect=True)

MAY_BE_NULL = json.loads(
    (pathlib.Path(__file__).resolve().parents[1] / "data" / "may_be_null.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def books_hold(server):
    """After each test the books are recomputed."""
    yield
    verdict = own(server, "GET", "/openbss/v1/verify")
    assert verdict["holds"], [row for row in verdict["identities"] if not row["holds"]]


def own(server, method, path, body=None, status=200, tenant="operator"):
    """A signed call of the own API."""
    url = urlsplit(server.endpoint + path)
    request = SdkRequest(method=method, schema=url.scheme, host=url.netloc, resource_path=url.path,
                         query_params=parse_qsl(url.query), header_params={"Content-Type": "application/json"},
                         body=json.dumps(body) if body is not None else "")
    request = Signer(GlobalCredentials(*server.key(tenant))).sign(request)
    answer = requests.request(method, server.endpoint + path, data=request.body, headers=request.header_params,
                              timeout=10)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def domain(server, tenant):
    return server.accounts[tenant]["domain_id"]


def grant(server, kind, mode, value, tenant="acme", **more):
    body = {"discount_type": kind, "customer_id": domain(server, tenant), "mode": mode, "value": value, **more}
    return own(server, "POST", "/openbss/v1/discounts", body, 201)["discount_id"]


def issue(server, face_value, tenant="acme", **more):
    body = {"customer_id": domain(server, tenant), "face_value": face_value, "expire_time": NEXT_YEAR, **more}
    return own(server, "POST", "/openbss/v1/coupons", body, 201)["coupon_id"]


def charge_card(server, face_value, tenant="acme", **more):
    body = {"customer_id": domain(server, tenant), "face_value": face_value, "expire_time": NEXT_YEAR, **more}
    return own(server, "POST", "/openbss/v1/stored-value-cards", body, 201)["card_id"]


def top_up(server, amount, trans_id, tenant="acme"):
    path = "/openbss/v1/accounts/%s/top-ups" % domain(server, tenant)
    return own(server, "POST", path, {"amount": amount, "trans_id": trans_id}, 201)


def place(server, tenant="acme", **more):
    """Places an order of a virtual machine and a disk; it waits for payment."""
    common = {"region": server.region, "period_type": 2, "period_num": 1, "subscription_num": 1}
    lines = [
        {"cloud_service_type": ECS, "resource_type": VM, "resource_spec": SPEC, **common},
        {"cloud_service_type": EBS, "resource_type": VOLUME, "resource_spec": DISK, "resource_size": 40,
         "size_measure_id": 17, **common},
    ]
    body = {"customer_id": domain(server, tenant), "lines": lines, **more}
    return own(server, "POST", "/openbss/v1/orders", body, 201)["order_id"]


def pay(sdk, order_id, coupons=(), discount=None):
    """Pays with coupons and a discount, each named by id and type."""
    models = sdk.models
    infos = [models.CouponSimpleInfoOrderPayV3(id=name, type=kind) for name, kind in coupons]
    discounts = [models.DiscountSimpleInfoV3(id=discount[0], type=discount[1])] if discount else []
    body = models.PayCustomerOrderV3Req(
        order_id=order_id, use_coupon="YES" if infos else "NO", use_discount="YES" if discounts else "NO",
        coupon_infos=infos or None, discount_infos=discounts or None)
    sdk.client.pay_orders(models.PayOrdersRequest(body=body))


def balance(sdk, account_type=1):
    models = sdk.models
    answer = complete(sdk.client.show_customer_account_balances(models.ShowCustomerAccountBalancesRequest()))
    return next(row.amount for row in answer.account_balances if row.account_type == account_type)


def refusal(call, *arguments):
    with pytest.raises(ClientRequestException) as caught:
        call(*arguments)
    return caught.value.status_code, caught.value.error_code


def money(value):
    """An amount as the SDK hands it over: the models have Decimal, float or text."""
    return Decimal(str(value))


def complete(model):
    """Every field of an answer is there, with data in it."""
    missing = sorted(set(empty_fields(model)))
    assert not missing, "empty: %s\n%s" % (missing, model)
    return model


def empty_fields(model):
    name = type(model).__name__
    for attribute, on_wire in type(model).attribute_map.items():
        value = getattr(model, attribute)
        if value in (None, [], ""):
            if "%s.%s" % (name, on_wire) not in MAY_BE_NULL:
                yield "%s.%s" % (name, on_wire)
        for row in value if isinstance(value, list) else [value]:
            if hasattr(type(row), "attribute_map"):
                yield from empty_fields(row)


def by_type(amount_info):
    return {row.discount_type: money(row.discount_amount) for row in amount_info.discounts or []}


def test_a_period_inquiry_shows_what_every_discount_would_do(server, sdk):
    client, models = sdk.client, sdk.models
    scope = {"service_type": ECS}
    granted = {
        grant(server, 605, "ratio", "0.9", scope=scope): ("605", LIST_PRICE * Decimal("0.1")),
        grant(server, 606, "amount_off", "20", scope=scope): ("606", Decimal("20")),
        grant(server, 607, "ratio", "0.8", scope=scope, name="From the partner"): ("607", LIST_PRICE * Decimal("0.2")),
        grant(server, 700, "fixed_price", "100", scope=scope): ("700", LIST_PRICE - 100),
    }
    grant(server, 605, "ratio", "0.1", tenant="globex")
    vm = {"cloud_service_type": ECS, "resource_type": VM, "resource_spec": SPEC}
    disk = {"cloud_service_type": EBS, "resource_type": VOLUME, "resource_spec": DISK, "resource_size": 40,
            "size_measure_id": 17}
    common = {"region": server.region, "period_type": 2, "period_num": 1, "subscription_num": 1}
    infos = [models.PeriodProductInfo(id="vm", **vm, **common), models.PeriodProductInfo(id="disk", **disk, **common)]
    body = models.RateOnPeriodReq(project_id="any", product_infos=infos)
    answer = complete(client.list_rate_on_period_detail(models.ListRateOnPeriodDetailRequest(body=body)))
    assert answer.official_website_rating_result.official_website_amount == ALL_PRICE
    results = {row.discount_id: row for row in answer.optional_discount_rating_results}
    assert results.keys() == granted.keys()
    for discount_id, (kind, saved) in granted.items():
        row = results[discount_id]
        assert (str(row.discount_type), row.discount_amount, row.amount) == (kind, saved, ALL_PRICE - saved)
        parts = {part.id: (part.discount_amount, part.amount) for part in row.product_rating_results}
        assert parts == {"vm": (saved, LIST_PRICE - saved), "disk": (0, Decimal("5.6"))}
    # The promotion saves most, but is no offer of a contract (rule 3.3).
    best = [row.discount_name for row in answer.optional_discount_rating_results if row.best_offer == 1]
    assert best == ["From the partner"]


def test_a_pay_per_use_inquiry_takes_the_commercial_discount_first(server, sdk):
    client, models = sdk.client, sdk.models
    commercial = grant(server, 605, "ratio", "0.9")
    partner = grant(server, 607, "ratio", "0.8")
    info = models.DemandProductInfo(
        id="1", cloud_service_type=ECS, resource_type=VM, resource_spec=SPEC, region=server.region,
        usage_factor="Duration", usage_value=10, usage_measure_id=4, subscription_num=2)
    body = models.RateOnDemandReq(project_id="any", inquiry_precision=1, product_infos=[info])
    answer = complete(client.list_on_demand_resource_ratings(models.ListOnDemandResourceRatingsRequest(body=body)))
    # 0.38 an hour, for ten hours, twice.
    amounts = (Decimal("7.6"), Decimal("0.76"), Decimal("6.84"))
    assert (answer.official_website_amount, answer.discount_amount, answer.amount) == amounts
    row = answer.product_rating_results[0]
    assert (row.official_website_amount, row.discount_amount, row.amount) == amounts
    offers = [(part.discount_id, part.discount_type, part.amount) for part in row.discount_rating_results]
    # Each offer says what it takes off (004 table 4-20).
    assert offers == [(commercial, 605, Decimal("0.76")), (partner, 607, Decimal("1.52"))]


def test_the_discounts_of_an_order_are_what_paying_with_them_does(server, sdk):
    client, models = sdk.client, sdk.models
    scope = {"service_type": ECS}
    commercial = grant(server, 605, "ratio", "0.9", scope=scope)
    partner = grant(server, 607, "fixed_price", "150", scope=scope)
    promotion = grant(server, 700, "amount_off", "30", scope=scope)
    grant(server, 605, "ratio", "0.5", scope={"service_type": "hws.service.type.obs"})
    order_id = place(server)
    request = models.ListOrderDiscountsRequest(order_id=order_id)
    answer = complete(client.list_order_discounts(request))
    found = {}
    for row in answer.discounts:
        assert [order.order_id for order in row.orders] == [order_id]
        (line,) = row.orders[0].order_line_items
        assert len(line.order_line_item_ids) == 1
        found[row.discount_id] = (row.discount_type, row.discount_value, line.discount_mode,
                                  money(line.discount_amount))
    assert found == {
        commercial: (2, "0.9", 0, Decimal("18.21")),
        partner: (3, None, 1, Decimal("32.07")),
        promotion: (0, found[promotion][1], 2, Decimal("30")),
    }
    assert Decimal(found[promotion][1]) == 30
    pay(sdk, order_id, discount=(partner, 3))
    assert balance(sdk) == 10000 - (ALL_PRICE - Decimal("32.07"))
    # Nothing is left to choose for an order that is paid.
    assert not client.list_order_discounts(request).discounts
    other = Sdk(server, "globex")
    assert refusal(other.client.list_order_discounts, request) == (400, "CBC.30000010")


def test_a_payment_with_discount_and_coupon_is_shown_by_list_and_details(server, sdk):
    client, models = sdk.client, sdk.models
    discount = grant(server, 605, "ratio", "0.9", scope={"service_type": ECS})
    coupon = issue(server, "50")
    order_id = place(server)
    pay(sdk, order_id, coupons=[(coupon, 301)], discount=(discount, 2))
    payable = ALL_PRICE - Decimal("18.21") - 50
    assert balance(sdk) == 10000 - payable

    listed = complete(client.list_customer_orders(models.ListCustomerOrdersRequest(order_id=order_id)))
    (row,) = listed.order_infos
    assert (row.status, money(row.official_amount), money(row.amount_after_discount)) == (5, ALL_PRICE, payable)
    assert by_type(row.amount_info) == {"605": Decimal("18.21"), "301": Decimal("50")}
    assert money(row.amount_info.coupon_amount) == 50

    request = models.ShowCustomerOrderDetailsRequest(order_id=order_id)
    details = complete(client.show_customer_order_details(request))
    assert by_type(details.order_info.amount_info) == {"605": Decimal("18.21"), "301": Decimal("50")}
    assert money(details.order_info.amount_after_discount) == payable
    lines = {line.service_type_code: line for line in details.order_line_items}
    assert by_type(lines[ECS].amount_info)["605"] == Decimal("18.21")
    assert by_type(lines[EBS].amount_info).keys() == {"301"}
    for line in lines.values():
        reduced = sum(by_type(line.amount_info).values())
        assert money(line.official_amount) - reduced == money(line.amount_after_discount)
    assert sum(money(line.amount_info.coupon_amount) for line in lines.values()) == 50


def test_a_payment_is_refused_where_the_documents_say_so(server, sdk):
    discount = grant(server, 605, "ratio", "0.9")
    excluding = issue(server, "50", limits=[{"limit_key": "simultaneousUseWithEmpowerDiscount", "value1": "0"}])
    elsewhere = issue(server, "50", limits=[{"limit_key": "serviceType", "value1": "hws.service.type.obs"}])
    order_id = place(server)
    assert refusal(pay, sdk, order_id, [(elsewhere, 301)]) == (400, "CBC.99003108")
    assert refusal(pay, sdk, order_id, [(excluding, 301)], (discount, 2)) == (400, "CBC.99003116")
    assert refusal(pay, sdk, order_id, [(excluding, 301), (elsewhere, 301)]) in [
        (400, "CBC.99003108"), (400, "CBC.99003112")]
    assert refusal(pay, sdk, order_id, [("CP2601151600NOBODYS", 301)]) == (400, "CBC.99003112")
    assert balance(sdk) == 10000
    pay(sdk, order_id, coupons=[(excluding, 301)])
    assert balance(sdk) == 10000 - (ALL_PRICE - 50)


def test_a_customer_sees_its_coupons_and_what_became_of_them(server, sdk):
    client, models = sdk.client, sdk.models
    limits = [{"limit_key": "baseValue", "value1": "10", "value2": "1000"}]
    spent = issue(server, "50", plan_name="Welcome", limits=limits)
    waiting = issue(server, "7.50", valid_time="2026-02-01T00:00:00Z")
    issue(server, "9", tenant="globex")
    order_id = place(server)
    pay(sdk, order_id, coupons=[(spent, 301)])

    def coupons(**filters):
        return client.list_sub_customer_coupons(models.ListSubCustomerCouponsRequest(**filters))

    answer = complete(coupons())
    assert (answer.count, [row.coupon_id for row in answer.user_coupons]) == (2, [waiting, spent])
    second, first = answer.user_coupons
    assert (first.coupon_type, first.status, money(first.face_value), money(first.balance)) == (1, 3, 50, 0)
    assert (first.order_id, first.plan_name, first.customer_id) == (order_id, "Welcome", domain(server, "acme"))
    assert first.currency == ("CNY" if server.site == "cn" else first.currency)
    assert [(row.limit_key, row.value1, row.value2) for row in first.use_limits] == [("baseValue", "10", "1000")]
    assert (second.status, money(second.balance), second.valid_time) == (2, Decimal("7.5"), "2026-02-01T00:00:00Z")
    for filters in ({"coupon_id": spent}, {"order_id": order_id}, {"status": 3}, {"offset": 1, "limit": 1},
                    {"promotion_plan_id": first.promotion_plan_id}):
        assert [row.coupon_id for row in coupons(**filters).user_coupons] == [spent], filters
    assert coupons(source_id=first.source_id, coupon_type=1).count == 2
    assert coupons(source_id="somebody").count == 0


def test_a_partner_sees_its_own_coupons_and_those_of_its_resellers(server):
    own_coupon, resellers, strangers = (issue(server, amount, tenant) for amount, tenant in
                                        (("10", "north"), ("20", "harbor"), ("30", "summit")))
    north, harbor = Sdk(server, "north"), Sdk(server, "harbor")

    def seen(sdk, **filters):
        request = sdk.models.ListSubCustomerCouponsRequest(**filters)
        return {row.coupon_id for row in complete(sdk.client.list_sub_customer_coupons(request)).user_coupons}

    assert strangers not in seen(north)
    assert own_coupon in seen(north)
    assert seen(harbor) == {resellers}
    if server.site == "cn":
        # A distributor names the reseller whose coupons it asks for (SDK ListSubCustomerCouponsRequest).
        assert seen(north, indirect_partner_id=domain(server, "harbor")) == {resellers}
    else:
        assert seen(north) == {own_coupon, resellers}


def test_an_order_holds_its_coupon_until_it_is_cancelled(server, sdk):
    client, models = sdk.client, sdk.models
    coupon = issue(server, "50")
    order_id = place(server, coupon_id=coupon)

    def holder():
        answer = client.list_sub_customer_coupons(models.ListSubCustomerCouponsRequest(coupon_id=coupon))
        return answer.user_coupons[0].lock_order_id

    assert holder() == order_id
    other = place(server)
    assert refusal(pay, sdk, other, [(coupon, 301)]) == (400, "CBC.99003112")
    cancel = models.CancelCustomerOrderRequest(body=models.CancelCustomerOrderReq(order_id=order_id))
    client.cancel_customer_order(cancel)
    assert not holder()
    details = client.show_customer_order_details(models.ShowCustomerOrderDetailsRequest(order_id=order_id))
    assert details.order_info.status == 4
    assert refusal(client.cancel_customer_order, cancel) == (400, "CBC.99005010")
    pay(sdk, other, coupons=[(coupon, 301)])
    assert balance(sdk) == 10000 - (ALL_PRICE - 50)


def test_balances_show_cash_then_credit_and_what_is_owed(server):
    sdk = Sdk(server, "globex")
    client, models = sdk.client, sdk.models
    request = models.ShowCustomerAccountBalancesRequest()
    answer = complete(client.show_customer_account_balances(request))
    rows = {row.account_type: row for row in answer.account_balances}
    assert (rows[1].amount, rows[2].amount, rows[2].credit_amount, answer.debt_amount) == (5000, 2000, 2000, 0)
    order_id = own(server, "POST", "/openbss/v1/orders", {
        "customer_id": domain(server, "globex"),
        "lines": [{"cloud_service_type": ECS, "resource_type": VM, "resource_spec": SPEC, "region": server.region,
                   "period_type": 2, "period_num": 1, "subscription_num": 30}]}, 201)["order_id"]
    pay(sdk, order_id)
    owed = LIST_PRICE * 30 - 5000
    answer = complete(client.show_customer_account_balances(request))
    rows = {row.account_type: row for row in answer.account_balances}
    assert (rows[1].amount, rows[2].amount, rows[2].credit_amount) == (0, 2000 - owed, 2000)
    assert answer.debt_amount == owed
    # A top-up repays first.
    top_up(server, "500.00", "one", "globex")
    answer = client.show_customer_account_balances(request)
    rows = {row.account_type: row.amount for row in answer.account_balances}
    assert rows == {1: 500 - owed, 2: 2000} and answer.debt_amount == 0


def test_balances_are_refused_to_a_customer_of_the_reseller_model(server):
    sdk = Sdk(server, "lighthouse")
    request = sdk.models.ShowCustomerAccountBalancesRequest()
    assert refusal(sdk.client.show_customer_account_balances, request) == (400, "CBC.99000049")


@overseas
def test_an_expenditure_quota_limits_a_month_and_never_pays(server, sdk):
    client, models = sdk.client, sdk.models
    path = "/openbss/v1/accounts/%s/spending-limits" % domain(server, "acme")
    own(server, "PUT", path, {"kind": "expenditure_quota", "amount": "250"})
    pay(sdk, place(server))
    request = models.ShowCustomerExpenditureQuotaRequest()
    answer = complete(client.show_customer_expenditure_quota(request))
    assert (answer.granting_amount, answer.granting_amount_used) == (250, ALL_PRICE)
    assert answer.percentage_granting_amount_used == Decimal("75.06")
    assert balance(sdk) == 10000 - ALL_PRICE
    code = refusal(pay, sdk, place(server))
    assert code[0] == 400 and code[1].startswith("CBC.")
    own(server, "POST", "/openbss/v1/sandbox/clock", {"to": "2026-01-31T16:00:00Z"})
    assert client.show_customer_expenditure_quota(request).granting_amount_used == 0
    pay(sdk, place(server))


@china
def test_the_coupons_of_an_order_are_those_that_it_can_be_paid_with(server, sdk):
    client, models = sdk.client, sdk.models
    cash = issue(server, "50", plan_name="Cash")
    flexi = issue(server, "20", coupon_type=4)
    off = issue(server, "0.8", coupon_type=2)
    issue(server, "50", limits=[{"limit_key": "serviceType", "value1": "hws.service.type.obs"}])
    issue(server, "50", limits=[{"limit_key": "baseValue", "value1": "1000"}])
    issue(server, "50", valid_time="2026-02-01T00:00:00Z")
    issue(server, "50", tenant="globex")
    held = issue(server, "50")
    place(server, coupon_id=held)
    order_id = place(server)
    request = models.ListOrderCouponsByOrderIdRequest(order_id=order_id)
    answer = complete(client.list_order_coupons_by_order_id(request))
    assert answer.count == 3
    rows = {row.coupon_id: row for row in answer.user_coupons}
    assert {name: row.coupon_type for name, row in rows.items()} == {cash: 1, off: 2, flexi: 4}
    assert (money(rows[cash].face_value), money(rows[cash].balance), rows[cash].plan_name) == (50, 50, "Cash")
    assert {(row.coupon_type, row.use_quantity_value) for row in answer.coupon_max_use_quantity} == {
        (1, 1), (2, 1), (4, 3)}
    pay(sdk, order_id, coupons=[(cash, 301), (flexi, 302)])
    assert balance(sdk) == 10000 - (ALL_PRICE - 70)
    assert client.list_order_coupons_by_order_id(request).count == 0
    other = Sdk(server, "globex")
    assert refusal(other.client.list_order_coupons_by_order_id, request) == (400, "CBC.30000010")


@china
def test_coupons_of_each_kind_and_cards_pay_in_their_order(server, sdk):
    client, models = sdk.client, sdk.models
    cash, flexi, card = issue(server, "20"), issue(server, "30", coupon_type=4), charge_card(server, "200")
    order_id = place(server)
    pay(sdk, order_id, coupons=[(card, 303), (flexi, 302), (cash, 301)])
    assert balance(sdk) == 10000
    request = models.ShowCustomerOrderDetailsRequest(order_id=order_id)
    info = complete(client.show_customer_order_details(request)).order_info
    from_card = ALL_PRICE - 50
    assert money(info.amount_after_discount) == 0
    assert by_type(info.amount_info) == {"301": 20, "302": 30}
    amounts = info.amount_info
    assert [money(amount) for amount in (amounts.coupon_amount, amounts.flexipurchase_coupon_amount,
                                         amounts.stored_card_amount)] == [20, 30, from_card]

    cards = complete(client.list_stored_value_cards(models.ListStoredValueCardsRequest(status=1)))
    (row,) = cards.stored_value_cards
    assert (cards.total_count, row.card_id, row.status) == (1, card, 1)
    assert (money(row.face_value), money(row.balance)) == (200, 200 - from_card)
    used_up = client.list_stored_value_cards(models.ListStoredValueCardsRequest(status=2))
    assert used_up.total_count == 0

    request = models.ListCustomerCouponChangeRecordsRequest(balance_type="BALANCE_TYPE_COUPON", coupon_id=cash)
    records = complete(client.list_customer_coupon_change_records(request))
    assert (records.total_count, records.currency) == (2, "CNY")
    found = {(row.revenue_expense_type, row.trade_detail_type): (abs(money(row.change_amount)),
                                                                 money(row.balance_after_change), row.trade_id)
             for row in records.records}
    assert found[("EXPENSE", "SOURCE_OPERAIION_DEDEUCT")] == (20, 0, order_id)
    assert found[("REVENUE", "SOURCE_OPERAIION_PRIZE")][:2] == (20, 20)


@china
def test_the_change_records_of_an_account_run_with_its_balance(server, sdk):
    client, models = sdk.client, sdk.models
    top_up(server, "100.00", "first")
    order_id = place(server)
    pay(sdk, order_id)

    def records(**filters):
        request = models.ListCustomerAccountChangeRecordsRequest(balance_type="BALANCE_TYPE_DEBIT", **filters)
        return client.list_customer_account_change_records(request)

    answer = complete(records())
    assert (answer.currency, answer.total_count) == ("CNY", len(answer.records))
    paid, added = answer.records[:2]
    assert (paid.revenue_expense_type, paid.trade_detail_type) == ("EXPENSE", "SOURCE_OPERAIION_DEDEUCT")
    assert (paid.trade_id, abs(Decimal(paid.change_amount))) == (order_id, ALL_PRICE)
    assert Decimal(paid.balance_after_change) == 10100 - ALL_PRICE == balance(sdk)
    assert (added.revenue_expense_type, added.trade_detail_type) == ("REVENUE", "SOURCE_OPERAIION_RECHARGE")
    assert (Decimal(added.change_amount), Decimal(added.balance_after_change)) == (100, 10100)
    assert records(trade_id=order_id).total_count == 1
    assert records(trade_type="DEDEUCT").total_count == 1
    assert records(revenue_expense_type="EXPENSE").total_count == 1
    reseller = Sdk(server, "lighthouse")
    request = models.ListCustomerAccountChangeRecordsRequest(balance_type="BALANCE_TYPE_DEBIT")
    assert refusal(reseller.client.list_customer_account_change_records, request) == (400, "CBC.99000049")
