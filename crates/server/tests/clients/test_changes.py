"""Changes of specification and of the way of paying, as the SDK of each site shows their orders."""

from decimal import Decimal

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

MACHINE = {"cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm"}


def own(server, tenant, method, path, body=None, status=201):
    answer = server.own(tenant, method, path, body)
    assert answer.status_code == status, answer.text
    return answer.json()


def buy(server, spec):
    line = {**MACHINE, "resource_spec": spec, "region": server.region, "period_type": 2, "period_num": 1}
    return own(server, "acme", "POST", "/openbss/v1/orders", {"lines": [line], "auto_pay": True})["order_id"]


def only(sdk, **wanted):
    models = sdk.models
    body = models.QueryResourcesReq(**wanted)
    (row,) = sdk.client.list_pay_per_use_customer_resources(
        models.ListPayPerUseCustomerResourcesRequest(body=body)).data
    return row


def details(sdk, order_id):
    models = sdk.models
    return sdk.client.show_customer_order_details(models.ShowCustomerOrderDetailsRequest(order_id=order_id))


def listed(sdk, order_type):
    models = sdk.models
    return sdk.client.list_customer_orders(models.ListCustomerOrdersRequest(order_type=order_type)).order_infos


def test_an_upgrade_and_a_downgrade_are_orders_of_type_3(server, sdk):
    resource = only(sdk, order_id=buy(server, "s2.small.1.linux")).resource_id
    path = f"/openbss/v1/resources/{resource}/change"
    up = own(server, "acme", "POST", path, {"resource_spec": "s2.medium.4.linux", "auto_pay": True})
    shown = details(sdk, up["order_id"])
    (item,) = shown.order_line_items
    assert (shown.order_info.order_type, shown.order_info.status) == (3, 5)
    assert item.base_product_info.product_id != item.product_id
    assert item.base_product_info.product_spec_desc
    down = own(server, "acme", "POST", path, {"resource_spec": "s2.small.1.linux"})
    back = details(sdk, down["order_id"]).order_info
    assert back.order_type == 3
    assert Decimal(str(back.amount_after_discount)) == -Decimal(up["amount"])
    assert {order.order_id for order in listed(sdk, 3)} == {up["order_id"], down["order_id"]}


def test_pay_per_use_becomes_monthly_by_an_order_of_type_11(server, sdk):
    body = {**MACHINE, "customer_id": server.accounts["acme"]["domain_id"], "resource_spec": "s3.medium.4.linux",
            "region": server.region, "resource_id": "vm-0001"}
    own(server, "operator", "POST", "/openbss/v1/on-demand-resources", body)
    path = "/openbss/v1/on-demand-resources/vm-0001/to-period"
    order = own(server, "acme", "POST", path, {"period_type": 2, "period_num": 1, "auto_pay": True})["order_id"]
    assert details(sdk, order).order_info.order_type == 11
    row = only(sdk, resource_ids=["vm-0001"])
    assert (row.status, row.resource_id) == (2, "vm-0001")
    assert [one.order_id for one in listed(sdk, 11)] == [order]


def test_a_trial_becomes_commercial_by_an_order_of_type_14(server, sdk):
    trial = buy(server, "s3.small.1.linux.trial")
    assert details(sdk, trial).order_info.order_type == 13
    resource = only(sdk, order_id=trial).resource_id
    wanted = {"resource_spec": "s3.small.1.linux", "period_type": 2, "period_num": 1, "auto_pay": True}
    order = own(server, "acme", "POST", f"/openbss/v1/resources/{resource}/to-commercial", wanted)["order_id"]
    assert details(sdk, order).order_info.order_type == 14
    assert [one.order_id for one in listed(sdk, 14)] == [order]


def test_an_adjusted_order_shows_its_discount_609(server, sdk):
    order = server.place()
    whole = Decimal(str(details(sdk, order).order_info.official_amount))
    path = f"/openbss/v1/orders/{order}/adjust"
    record = own(server, "operator", "POST", path, {"amount": str(whole - 10)})["order_id"]
    info = details(sdk, order).order_info.amount_info
    assert [(one.discount_type, Decimal(str(one.discount_amount))) for one in info.discounts] == [("609", 10)]
    assert [one.order_id for one in listed(sdk, 15)] == [record]


def test_a_monthly_resource_is_pay_per_use_at_once_on_the_china_site(server, sdk):
    resource = only(sdk, order_id=buy(server, "s3.medium.4.linux")).resource_id
    if server.site != "cn":
        path = "/v2/orders/subscriptions/resources/to-on-demand/instantly"
        answer = server.own("acme", "POST", path, {"resource_ids": [resource]})
        assert answer.status_code >= 400, answer.text
        return
    models = sdk.models
    body = models.PeriodToOnDemandInstantlyReq(resource_ids=[resource, "nothing"])
    done, failed = sdk.client.update_period_to_on_demand_instantly(
        models.UpdatePeriodToOnDemandInstantlyRequest(body=body)).to_ondemand_service_results
    assert (done.resource_id, done.result) == (resource, "SUCCESS")
    assert (failed.result, failed.error_code) == ("FAIL", "CBC.99003012")
    assert details(sdk, done.order_id).order_info.order_type == 10
    with pytest.raises(ClientRequestException) as caught:
        sdk.client.update_period_to_on_demand_instantly(models.UpdatePeriodToOnDemandInstantlyRequest(
            body=models.PeriodToOnDemandInstantlyReq(resource_ids=["x"] * 11)))
    assert caught.value.error_code == "CBC.0100"
