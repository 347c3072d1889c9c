"""Renewals, and what they cost, through the SDK of each site."""

from decimal import Decimal

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

CURRENCY = {"cn": "CNY", "intl": "USD", "eu": "USD"}
DISK = {"cloud_service_type": "hws.service.type.ebs", "resource_type": "hws.resource.type.volume",
        "resource_spec": "GPSSD", "resource_size": 40, "size_measure_id": 17, "attached_to_line": 0}


def buy(server, tenant="acme", **changes):
    """Buys a machine with a disk attached to it, paid at once."""
    machine = {"cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
               "resource_spec": "s3.medium.4.linux", **changes}
    term = {"region": server.region, "period_type": 2, "period_num": 1}
    lines = [{**machine, **term}, {**DISK, **term}]
    answer = server.own(tenant, "POST", "/openbss/v1/orders", {"lines": lines, "auto_pay": True})
    assert answer.status_code == 201 and answer.json()["status"] == 5, answer.text
    return answer.json()["order_id"]


def resources(sdk, order_id):
    """The primary resource of an order, and what is attached to it."""
    models = sdk.models
    body = models.QueryResourcesReq(order_id=order_id)
    answer = sdk.client.list_pay_per_use_customer_resources(
        models.ListPayPerUseCustomerResourcesRequest(body=body))
    by_kind = {row.is_main_resource: row for row in answer.data}
    return by_kind[1], by_kind[0]


def renew(sdk, ids, period_type=2, period_num=1, is_auto_pay=None):
    models = sdk.models
    body = models.RenewalResourcesReq(resource_ids=ids, period_type=period_type, period_num=period_num,
                                      is_auto_pay=is_auto_pay)
    return sdk.client.renewal_resources(models.RenewalResourcesRequest(body=body))


def rate(sdk, ids, period_num=1, **more):
    models = sdk.models
    body = models.ListRenewRateOnPeriodReq(resource_ids=ids, period_type=2, period_num=period_num, **more)
    return sdk.client.list_renew_rate_on_period(models.ListRenewRateOnPeriodRequest(body=body))


def test_a_renewal_is_priced_placed_and_paid(server, sdk):
    order_id = buy(server)
    primary, attached = resources(sdk, order_id)
    priced = rate(sdk, [primary.resource_id, attached.resource_id], period_num=2)
    assert [(row.resource_id, row.amount) for row in priced.renew_inquiry_results] == [(primary.resource_id, "375.34")]
    assert priced.official_website_rating_result.official_website_amount == "375.34"
    assert [(row.resource_id, row.error_code) for row in priced.fail_resource_infos] == [
        (attached.resource_id, "CBC.30050007")]
    assert priced.currency == CURRENCY[server.site]

    placed = renew(sdk, [primary.resource_id], period_num=2)
    assert placed.fail_resource_infos == []
    (renewal,) = placed.order_ids
    models = sdk.models
    details = sdk.client.show_customer_order_details(models.ShowCustomerOrderDetailsRequest(order_id=renewal))
    assert (details.order_info.order_type, details.order_info.status, details.total_count) == (2, 6, 2)
    assert Decimal(str(details.order_info.official_amount)) == Decimal("375.34")
    pay = models.PayCustomerOrderV3Req(order_id=renewal, use_coupon="NO", use_discount="NO")
    sdk.client.pay_orders(models.PayOrdersRequest(body=pay))
    for before, after in zip((primary, attached), resources(sdk, order_id)):
        assert after.expire_time > before.expire_time and after.expire_time.endswith("T15:59:59Z")
        assert (after.status, after.effective_time) == (2, before.effective_time)


def test_several_are_renewed_by_one_combined_order_paid_at_once(server, sdk):
    orders = [buy(server), buy(server)]
    ids = [resources(sdk, order)[0].resource_id for order in orders]
    (combined,) = renew(sdk, ids, period_type=3, is_auto_pay=1).order_ids
    models = sdk.models
    listed = sdk.client.list_customer_orders(models.ListCustomerOrdersRequest(order_type=2, status=5, limit=100))
    assert listed.total_count >= 2
    assert all(order.order_id != combined for order in listed.order_infos)
    assert len({resources(sdk, order)[0].expire_time for order in orders}) == 1


def test_refusals_come_with_their_codes(server, sdk):
    primary, attached = resources(sdk, buy(server))
    for ids, code in [([attached.resource_id], "CBC.30010036"), (["nothing"], "CBC.99003016"),
                      ([primary.resource_id] * 2, "CBC.0100")]:
        with pytest.raises(ClientRequestException) as caught:
            renew(sdk, ids)
        assert (caught.value.status_code, caught.value.error_code) == (400, code)
    with pytest.raises(ClientRequestException) as caught:
        rate(sdk, [primary.resource_id] * 2, include_relative_resources=True)
    assert caught.value.error_code == "CBC.30050012"
