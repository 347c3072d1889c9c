"""The operations that both sites have, through the SDK of each."""

from decimal import Decimal

import pytest
from conftest import Sdk
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException

ECS = "hws.service.type.ec2"
VM = "hws.resource.type.vm"


def refusal(call, *arguments):
    with pytest.raises(ClientRequestException) as caught:
        call(*arguments)
    return caught.value


def pay(models, order_id):
    return models.PayOrdersRequest(
        body=models.PayCustomerOrderV3Req(order_id=order_id, use_coupon="NO", use_discount="NO"))


def test_the_six_product_operations(sdk):
    client, models = sdk.client, sdk.models
    services = client.list_service_types(models.ListServiceTypesRequest(offset=0, limit=100))
    assert services.total_count == len(services.service_types) > 3
    by_code = {row.service_type_code: row for row in services.service_types}
    english = client.list_service_types(models.ListServiceTypesRequest(x_language="en_US", limit=100))
    names = {row.service_type_code: row.service_type_name for row in english.service_types}
    assert names[ECS] == "Elastic Cloud Server" != by_code[ECS].service_type_name

    types = client.list_resource_types(models.ListResourceTypesRequest(limit=100))
    assert VM in {row.resource_type_code for row in types.resource_types}
    resources = client.list_service_resources(models.ListServiceResourcesRequest(service_type_code=ECS))
    assert VM in {row.basic_info.resource_type_code for row in resources.infos}
    usages = client.list_usage_types(models.ListUsageTypesRequest(resource_type_code=VM))
    assert "duration" in {row.code.lower() for row in usages.usage_types}
    units = client.list_measure_units(models.ListMeasureUnitsRequest())
    assert {row.measure_id for row in units.measure_units} >= {0, 1, 4, 10, 15, 17, 19, 20, 34}
    conversions = client.list_conversions(models.ListConversionsRequest(measure_type=2))
    ratio = {(row.measure_id, row.ref_measure_id): row.conversion_ratio for row in conversions.conversions}
    assert ratio[(4, 6)] == 3600


def test_the_documented_pay_per_use_inquiry(sdk):
    models = sdk.models
    common = {"region": "eu-west-101", "subscription_num": 1}
    infos = [
        models.DemandProductInfo(id="1", cloud_service_type=ECS, resource_type=VM, resource_spec="c3.3xlarge.2.linux",
                                 usage_factor="Duration", usage_value=2, usage_measure_id=4, **common),
        models.DemandProductInfo(id="2", cloud_service_type="hws.service.type.ebs",
                                 resource_type="hws.resource.type.volume", resource_spec="SSD",
                                 usage_factor="Duration", usage_value=2, usage_measure_id=4, resource_size=10,
                                 size_measure_id=17, **common),
        models.DemandProductInfo(id="3", cloud_service_type="hws.service.type.vpc",
                                 resource_type="hws.resource.type.ip", resource_spec="5_bgp",
                                 usage_factor="Duration", usage_value=3, usage_measure_id=4, **common),
        models.DemandProductInfo(id="4", cloud_service_type="hws.service.type.vpc",
                                 resource_type="hws.resource.type.bandwidth", resource_spec="12_sbgp",
                                 usage_factor="upflow", usage_value=4, usage_measure_id=10, resource_size=1,
                                 size_measure_id=15, available_zone="cn-north-1a", **common),
    ]
    body = models.RateOnDemandReq(project_id="06488a00000832f55c016b0e337d7000", inquiry_precision=1,
                                  product_infos=infos)
    answer = sdk.client.list_on_demand_resource_ratings(models.ListOnDemandResourceRatingsRequest(body=body))
    assert answer.amount == Decimal("8.128") and answer.official_website_amount == Decimal("8.128")
    by_id = {row.id: row for row in answer.product_rating_results}
    assert [by_id[n].amount for n in "1234"] == [Decimal(a) for a in ("5.48", "0.028", "0.06", "2.56")]
    assert by_id["1"].product_id == "00301-243025-0--0_merge"
    assert by_id["2"].product_id == "00301-290407774-0--1"


def test_the_documented_yearly_monthly_inquiry(sdk):
    models = sdk.models
    common = {"region": "eu-west-101", "period_type": 2, "period_num": 1, "subscription_num": 1,
              "available_zone": "eu-west-101a"}
    infos = [
        models.PeriodProductInfo(id="1", cloud_service_type=ECS, resource_type=VM, resource_spec="s3.medium.4.linux",
                                 **common),
        models.PeriodProductInfo(id="2", cloud_service_type="hws.service.type.vpc",
                                 resource_type="hws.resource.type.ip", resource_spec="5_bgp", size_measure_id=15,
                                 **common),
        models.PeriodProductInfo(id="3", cloud_service_type="hws.service.type.ebs",
                                 resource_type="hws.resource.type.volume", resource_spec="GPSSD", resource_size=40,
                                 size_measure_id=17, **common),
        models.PeriodProductInfo(id="4", cloud_service_type="hws.service.type.vpc",
                                 resource_type="hws.resource.type.bandwidth", resource_spec="19_bgp",
                                 resource_size=40, size_measure_id=15, **common),
    ]
    body = models.RateOnPeriodReq(project_id="06488a00000832f55c016b0e337d7000", product_infos=infos)
    answer = sdk.client.list_rate_on_period_detail(models.ListRateOnPeriodDetailRequest(body=body))
    official = answer.official_website_rating_result
    assert official.official_website_amount == Decimal("529.67")
    rows = {row.id: (row.product_id, row.official_website_amount) for row in official.product_rating_results}
    assert rows == {
        "1": ("OFFI777523764289028104", Decimal("182.07")),
        "2": ("OFFI777346878061772800", Decimal("0")),
        "3": ("OFFI776402238127517698", Decimal("5.6")),
        "4": ("OFFI777135464818663425", Decimal("342")),
    }


def test_the_first_sale(server, sdk):
    client, models = sdk.client, sdk.models

    def cash():
        balances = client.show_customer_account_balances(models.ShowCustomerAccountBalancesRequest())
        return next(row.amount for row in balances.account_balances if row.account_type == 1)

    before = cash()
    assert before == Decimal("10000")
    order_id = server.place()
    waiting = client.list_customer_orders(models.ListCustomerOrdersRequest(status=6))
    assert [row.order_id for row in waiting.order_infos] == [order_id]
    details = client.show_customer_order_details(models.ShowCustomerOrderDetailsRequest(order_id=order_id))
    assert details.order_info.status == 6 and details.total_count == 1
    assert Decimal(str(details.order_info.official_amount)) == Decimal("182.07")

    client.pay_orders(pay(models, order_id))
    assert before - cash() == Decimal("182.07")
    done = client.list_customer_orders(models.ListCustomerOrdersRequest(order_id=order_id))
    assert done.order_infos[0].status == 5 and done.order_infos[0].payment_time
    request = models.ListPayPerUseCustomerResourcesRequest(body=models.QueryResourcesReq(order_id=order_id))
    resources = client.list_pay_per_use_customer_resources(request)
    assert resources.total_count == 1
    resource = resources.data[0]
    assert (resource.status, resource.resource_name) == (2, "web-1")
    # Bought on 15 January 16:00 of GMT+8 for a month: the last second of 15 February there (rules.md 1.1).
    assert resource.expire_time == "2026-02-15T15:59:59Z"
    holds = server.own("operator", "GET", "/openbss/v1/verify").json()
    assert holds["holds"], holds


def test_an_unpaid_order_is_cancelled_once(server, sdk):
    client, models = sdk.client, sdk.models
    order_id = server.place()
    request = models.CancelCustomerOrderRequest(body=models.CancelCustomerOrderReq(order_id=order_id))
    client.cancel_customer_order(request)
    again = refusal(client.cancel_customer_order, request)
    assert (again.status_code, again.error_code) == (400, "CBC.99005010")
    paid = refusal(client.pay_orders, pay(models, order_id))
    assert (paid.status_code, paid.error_code) == (400, "CBC.99003106")


def test_a_refusal_is_an_exception_with_code_message_and_request_id(server, sdk):
    client, models = sdk.client, sdk.models
    wrong = refusal(client.list_service_types, models.ListServiceTypesRequest(limit=0))
    assert (wrong.status_code, wrong.error_code) == (400, "CBC.0100")
    assert "limit" in wrong.error_msg and wrong.request_id
    unknown = refusal(client.pay_orders, pay(models, "CS2601151600ABCDEFGH"))
    assert (unknown.status_code, unknown.error_code) == (400, "CBC.30000010")
    ak, _ = server.key("acme")
    forged = Sdk(server, key=(ak, "0" * 40))
    denied = refusal(forged.client.list_service_types, models.ListServiceTypesRequest())
    assert (denied.status_code, denied.error_code) == (401, "APIG.0301")
    partner = Sdk(server, "summit")
    kind = refusal(partner.client.pay_orders, pay(models, "CS2601151600ABCDEFGH"))
    assert (kind.status_code, kind.error_code) == (403, "CBC.0155")


def test_two_equal_requests_within_a_second_both_succeed(sdk, own_second):
    client, models = sdk.client, sdk.models
    own_second()
    answers = [client.show_customer_account_balances(models.ShowCustomerAccountBalancesRequest()) for _ in range(2)]
    assert str(answers[0]) == str(answers[1])
