"""Unsubscribing, and what refund orders say of it, through the SDK of each site."""

from decimal import Decimal

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException


def buy(server, tenant="acme"):
    """Buys a machine for a month, paid at once: 182.07."""
    line = {"cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
            "resource_spec": "s3.medium.4.linux", "region": server.region, "period_type": 2, "period_num": 1}
    answer = server.own(tenant, "POST", "/openbss/v1/orders", {"lines": [line], "auto_pay": True})
    assert answer.status_code == 201 and answer.json()["status"] == 5, answer.text
    return answer.json()["order_id"]


def resource_of(sdk, order_id):
    models = sdk.models
    body = models.QueryResourcesReq(order_id=order_id)
    answer = sdk.client.list_pay_per_use_customer_resources(models.ListPayPerUseCustomerResourcesRequest(body=body))
    return answer.data[0] if answer.data else None


def unsubscribe(sdk, ids, unsubscribe_type):
    models = sdk.models
    body = models.UnsubscribeResourcesReq(resource_ids=ids, unsubscribe_type=unsubscribe_type,
                                          unsubscribe_reason_type=5, unsubscribe_reason="test")
    return sdk.client.cancel_resources_subscription(models.CancelResourcesSubscriptionRequest(body=body))


def rows(sdk, order_id):
    models = sdk.models
    return sdk.client.show_refund_order_details(models.ShowRefundOrderDetailsRequest(order_id=order_id))


def test_a_running_month_goes_back_less_the_fee(server, sdk):
    order_id = buy(server)
    resource = resource_of(sdk, order_id)
    left = unsubscribe(sdk, [resource.resource_id], 1)
    assert left.fail_resource_infos == []
    (refund_id,) = left.order_ids
    # Nothing is used in the first hour; within five days China takes no fee.
    fee = Decimal("0") if server.site == "cn" else Decimal("18.21")
    found = rows(sdk, refund_id)
    wanted = [Decimal("-182.07")] + ([fee] if fee else [])
    assert [row.amount for row in found.refund_infos] == wanted
    assert found.total_count == len(wanted)
    assert {row.base_order_id for row in found.refund_infos} == {order_id}
    assert found.refund_infos[0].customer_id == server.accounts["acme"]["domain_id"]
    models = sdk.models
    shown = sdk.client.show_customer_order_details(models.ShowCustomerOrderDetailsRequest(order_id=refund_id))
    assert shown.order_info.order_type == 4
    assert Decimal(str(shown.order_info.amount_after_discount)) == fee - Decimal("182.07")
    assert Decimal(str(shown.order_info.amount_info.commission_amount)) == fee
    assert resource_of(sdk, order_id) is None


def test_renewed_terms_go_back_whole(server, sdk):
    order_id = buy(server)
    resource = resource_of(sdk, order_id)
    models = sdk.models
    body = models.RenewalResourcesReq(resource_ids=[resource.resource_id], period_type=2, period_num=2, is_auto_pay=1)
    (renewal_id,) = sdk.client.renewal_resources(models.RenewalResourcesRequest(body=body)).order_ids
    (refund_id,) = unsubscribe(sdk, [resource.resource_id], 2).order_ids
    (row,) = rows(sdk, refund_id).refund_infos
    assert (row.amount, row.base_order_id) == (Decimal("-364.14"), renewal_id)
    assert resource_of(sdk, order_id).expire_time == resource.expire_time
    with pytest.raises(ClientRequestException) as refused:
        unsubscribe(sdk, [resource.resource_id], 2)
    assert (refused.value.status_code, refused.value.error_code) == (400, "CBC.99003128")


def test_what_is_no_refund_order_has_no_rows(server, sdk):
    with pytest.raises(ClientRequestException) as refused:
        rows(sdk, buy(server))
    assert (refused.value.status_code, refused.value.error_code) == (400, "CBC.99005026")
