"""Pay-per-use on expiry, as the official SDKs ask for it on each site."""

import pytest


def buy(server, sdk):
    """A paid machine for a month; its resource id."""
    order_id = server.place()
    models = sdk.models
    body = models.PayCustomerOrderV3Req(order_id=order_id, use_coupon="NO", use_discount="NO")
    sdk.client.pay_orders(models.PayOrdersRequest(body=body))
    return resources(sdk, order_id=order_id)[0].resource_id


def resources(sdk, **query):
    models = sdk.models
    request = models.ListPayPerUseCustomerResourcesRequest(body=models.QueryResourcesReq(**query))
    return sdk.client.list_pay_per_use_customer_resources(request).data


def ask(sdk, operation, ids):
    models = sdk.models
    body = models.PeriodToOnDemandReq(operation=operation, resource_ids=ids)
    return sdk.client.update_period_to_on_demand(models.UpdatePeriodToOnDemandRequest(body=body))


def move(server, to):
    moved = server.own("operator", "POST", "/openbss/v1/sandbox/clock", {"to": to})
    assert moved.status_code == 200, moved.text
    return moved.json()["ran"]


def test_a_resource_becomes_pay_per_use_when_its_term_is_over(server, sdk):
    converted, kept = buy(server, sdk), buy(server, sdk)
    assert ask(sdk, "SET_UP", [converted, kept]).error_details == []
    assert ask(sdk, "CANCEL", [kept]).error_details == []
    policies = {row.resource_id: row.expire_policy for row in resources(sdk)}
    assert policies == {converted: 1, kept: 0}

    ran = move(server, "2026-02-16T00:00:00Z")
    outcomes = sorted(row["outcome"] for row in ran if row["job"] == "subscriptions.live")
    assert outcomes == ["expired", "pay-per-use"]
    assert [(row.resource_id, row.status) for row in resources(sdk)] == [(kept, 5)]
    on_demand = server.own("acme", "GET", "/openbss/v1/on-demand-resources").json()
    assert [row["resource_id"] for row in on_demand["resources"]] == [converted], on_demand

    # What is in its grace period is told apart, with HTTP 200.
    details = ask(sdk, "SET_UP", [kept]).error_details
    assert [(row.id, row.error_code) for row in details] == [(kept, "CBC.99003610")]
    assert details[0].error_msg
    holds = server.own("operator", "GET", "/openbss/v1/verify").json()
    assert holds["holds"], holds


def test_what_is_not_there_is_refused_with_its_code(server, sdk):
    from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

    with pytest.raises(ClientRequestException) as refused:
        ask(sdk, "SET_UP", ["nobodys"])
    assert (refused.value.status_code, refused.value.error_code) == (400, "CBC.99003012")
