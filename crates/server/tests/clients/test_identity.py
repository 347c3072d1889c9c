"""Signing in, and what the SDKs ask of IAM on their own."""

import pytest
from conftest import REGION, iam_client, iam_token
from huaweicloudsdkcore.auth.credentials import BasicCredentials, Credentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkiam.v3 import (IamClient, KeystoneListAuthDomainsRequest, KeystoneListAuthProjectsRequest,
                                  KeystoneListProjectsRequest, KeystoneValidateTokenRequest)


@pytest.fixture
def intl(start):
    return start(site="intl")


@pytest.fixture(autouse=True)
def forgotten_discoveries():
    """The SDK remembers what it discovered for an access key; demo keys are the same on every server."""
    Credentials._CACHE.clear()
    yield
    Credentials._CACHE.clear()


def test_a_password_gets_a_token_that_works(intl):
    answer = iam_token(intl, "acme")
    account = intl.accounts["acme"]
    assert answer.x_subject_token and answer.token.methods == ["password"]
    assert answer.token.domain.id == account["domain_id"]
    assert answer.token.user.name == account["user_name"]
    assert answer.token.expires_at.startswith("2026-01-16T08:00:00.000000Z")
    client = iam_client(intl, "acme")
    valid = client.keystone_validate_token(KeystoneValidateTokenRequest(x_subject_token=answer.x_subject_token))
    assert valid.token.user.id == answer.token.user.id
    assert intl.own("acme", "GET", "/v2/accounts/customer-accounts/balances",
                    token=answer.x_subject_token).status_code == 200


def test_a_wrong_password_says_nothing_of_the_user(intl):
    messages = set()
    for changes in ({"password": "Wrong-Password-1"}, {"user_name": "nobody"}, {"domain_name": "no-such-account"}):
        with pytest.raises(ClientRequestException) as caught:
            iam_token(intl, "acme", **changes)
        assert caught.value.status_code == 401
        messages.add((caught.value.error_code, caught.value.error_msg))
    assert len(messages) == 1, messages


def test_domains_and_projects(intl):
    client = iam_client(intl, "acme")
    account = intl.accounts["acme"]
    domains = client.keystone_list_auth_domains(KeystoneListAuthDomainsRequest())
    assert [(row.id, row.name) for row in domains.domains] == [(account["domain_id"], account["domain_name"])]
    projects = client.keystone_list_auth_projects(KeystoneListAuthProjectsRequest())
    assert account["project_id"] in {row.id for row in projects.projects}
    found = client.keystone_list_projects(KeystoneListProjectsRequest(name=REGION["intl"]))
    assert [(row.name, row.domain_id) for row in found.projects] == [(REGION["intl"], account["domain_id"])]


def test_a_region_without_an_account_is_discovered(intl, monkeypatch):
    import huaweicloudsdkbssintl.v2 as bss
    from huaweicloudsdkbssintl.v2.region.bssintl_region import BssintlRegion

    monkeypatch.setenv("HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1", intl.endpoint)
    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", intl.endpoint)
    ak, sk = intl.key("acme")
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", ak)
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", sk)
    region = BssintlRegion.value_of("ap-southeast-1")
    assert region.endpoint == intl.endpoint
    builder = bss.BssintlClient.new_builder()
    credentials = GlobalCredentials(ak, sk)
    client = builder.with_credentials(credentials).with_region(region).build()
    client.show_customer_account_balances(bss.ShowCustomerAccountBalancesRequest())
    assert credentials.domain_id == intl.accounts["acme"]["domain_id"]
    assert credentials.domain_id in Credentials._CACHE.values()


def test_a_project_of_a_region_is_discovered(intl, monkeypatch):
    from huaweicloudsdkcore.region.region import Region

    monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", intl.endpoint)
    ak, sk = intl.key("acme")
    credentials = BasicCredentials(ak, sk)
    region = Region(REGION["intl"], intl.endpoint)
    client = IamClient.new_builder().with_credentials(credentials).with_region(region).build()
    client.keystone_list_auth_domains(KeystoneListAuthDomainsRequest())
    projects = iam_client(intl, "acme").keystone_list_projects(KeystoneListProjectsRequest(name=REGION["intl"]))
    assert credentials.project_id == projects.projects[0].id
