"""Automatic renewal and its configuration, through the SDK of each site."""

import pytest
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

MACHINE = {"cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
           "resource_spec": "s3.medium.4.linux"}
DISK = {"cloud_service_type": "hws.service.type.ebs", "resource_type": "hws.resource.type.volume",
        "resource_spec": "GPSSD", "resource_size": 40, "size_measure_id": 17, "attached_to_line": 0}


def buy(server, tenant="acme"):
    """Buys a machine with a disk attached to it, paid at once."""
    term = {"region": server.region, "period_type": 2, "period_num": 1}
    lines = [{**MACHINE, **term}, {**DISK, **term}]
    answer = server.own(tenant, "POST", "/openbss/v1/orders", {"lines": lines, "auto_pay": True})
    assert answer.status_code == 201 and answer.json()["status"] == 5, answer.text
    return answer.json()["order_id"]


def resources(sdk, order_id):
    """The primary resource of an order, and what is attached to it."""
    models = sdk.models
    answer = sdk.client.list_pay_per_use_customer_resources(
        models.ListPayPerUseCustomerResourcesRequest(body=models.QueryResourcesReq(order_id=order_id)))
    by_kind = {row.is_main_resource: row for row in answer.data}
    return by_kind[1], by_kind[0]


def turn_on(sdk, resource_id, **body):
    models = sdk.models
    body = models.AutoRenewalResourcesReq(**body) if body else None
    sdk.client.auto_renewal_resources(models.AutoRenewalResourcesRequest(resource_id=resource_id, body=body))


def turn_off(sdk, resource_id):
    sdk.client.cancel_auto_renewal_resources(
        sdk.models.CancelAutoRenewalResourcesRequest(resource_id=resource_id))


def configure(sdk, name, value):
    models = sdk.models
    body = models.RenewResourceConfigReq(config_name=name, config_value=value)
    return sdk.client.set_resources_renew_config(models.SetResourcesRenewConfigRequest(body=body))


def move(server, to):
    """Moves the clock; what automatic renewal did on the way."""
    answer = server.own("operator", "POST", "/openbss/v1/sandbox/clock", {"to": to})
    assert answer.status_code == 200, answer.text
    return [row for row in answer.json()["ran"] if row["job"] == "subscriptions.renew"]


def refused(call, *arguments, **more):
    with pytest.raises(ClientRequestException) as caught:
        call(*arguments, **more)
    return caught.value.status_code, caught.value.error_code


def test_a_set_is_renewed_as_often_as_was_asked_for(server, sdk):
    order = buy(server)
    primary, attached = resources(sdk, order)
    turn_on(sdk, attached.resource_id, auto_renew_times=2)
    assert [row.expire_policy for row in resources(sdk, order)] == [3, 3]
    ran = move(server, "2026-04-10T00:00:00Z")
    assert [row["at"] for row in ran] == ["2026-02-07T19:00:00Z", "2026-03-07T19:00:00Z"], ran
    models = sdk.models
    listed = sdk.client.list_customer_orders(models.ListCustomerOrdersRequest(order_type=2, limit=10))
    assert [(one.source_type, one.status) for one in listed.order_infos] == [(8, 5), (8, 5)]
    details = sdk.client.show_customer_order_details(
        models.ShowCustomerOrderDetailsRequest(order_id=listed.order_infos[0].order_id))
    assert [line.expire_time for line in details.order_line_items] == ["2026-04-15T15:59:59Z"] * 2
    assert [row.expire_policy for row in resources(sdk, order)] == [0, 0]
    assert refused(turn_off, sdk, primary.resource_id) == (400, "CBC.99003605")


def test_it_is_turned_off_again(server, sdk):
    order = buy(server)
    primary, _ = resources(sdk, order)
    turn_on(sdk, primary.resource_id)
    turn_off(sdk, primary.resource_id)
    assert [row.expire_policy for row in resources(sdk, order)] == [0, 0]
    assert refused(turn_off, sdk, primary.resource_id) == (400, "CBC.99003605")
    assert refused(turn_on, sdk, "unknown") == (400, "CBC.99003012")
    assert refused(turn_on, sdk, primary.resource_id, auto_renew_times=100) == (400, "CBC.0100")
    assert move(server, "2026-02-15T00:00:00Z") == []
    # After the last 03:00 of its term it is renewed at once.
    turn_on(sdk, primary.resource_id)
    assert resources(sdk, order)[0].expire_time == "2026-03-15T15:59:59Z"


def test_the_days_of_deduction_and_of_expiry_are_set(server, sdk):
    order = buy(server)
    primary, _ = resources(sdk, order)
    turn_on(sdk, primary.resource_id, period_type="MONTH")
    answer = configure(sdk, "DEDUCTION_DATE", "3")
    assert (answer.error_code, answer.error_msg) == ("CBC.0000", "success")
    configure(sdk, "EXPIRE_DATE", "-1")
    assert refused(configure, sdk, "DEDUCTION_DATE", "8") == (400, "CBC.0100")
    assert refused(configure, sdk, "EXPIRE_DATE", "29") == (400, "CBC.0100")
    ran = move(server, "2026-02-12T00:00:00Z")
    assert [row["at"] for row in ran] == ["2026-02-11T19:00:00Z"]
    assert [row.expire_time for row in resources(sdk, order)] == ["2026-03-31T15:59:59Z"] * 2


def test_who_cannot_pay_is_told_by_mail(server, sdk):
    order = buy(server)
    primary, _ = resources(sdk, order)
    turn_on(sdk, primary.resource_id)
    account = server.accounts["acme"]["domain_id"]
    contact = {"email": "billing@acme.example"}
    assert server.own("acme", "PUT", "/openbss/v1/accounts/%s/contact" % account, contact).json() == {
        "domain_id": account, **contact}
    frozen = server.own("operator", "POST", "/openbss/v1/accounts/%s/freeze" % account, {"reason": "a test"})
    assert frozen.status_code == 200, frozen.text
    ran = move(server, "2026-02-09T00:00:00Z")
    assert [row["at"] for row in ran] == ["2026-02-07T19:00:00Z", "2026-02-08T19:00:00Z"]
    outbox = server.own("operator", "GET", "/openbss/v1/sandbox/outbox").json()["items"]
    mails = [row for row in outbox if row["channel"] == "mail"]
    assert [(row["recipient"], row["state"]) for row in mails] == [("billing@acme.example", "captured")] * 3, "the freeze, and each attempt"
    assert resources(sdk, order)[0].expire_time == "2026-02-15T15:59:59Z"
