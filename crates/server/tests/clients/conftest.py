"""The real binary, driven by the official SDKs as their users would.

Each server is a process of its own on a free port with a data folder of its own. Sites and databases are fixtures:
a test that takes `server` runs on every site, on SQLite and on PostgreSQL.
"""

import os
import re
import signal
import subprocess
import threading
import time
import uuid

import pytest
import requests

# Tests run after one another against servers that start in well under a second; a machine under load is slower.
READY_WITHIN_SECONDS = 30
STOP_WITHIN_SECONDS = 10

REGION = {"cn": "cn-north-1", "intl": "ap-southeast-1", "eu": "eu-west-101"}


class Server:
    """A running sandbox."""

    def __init__(self, folder, site=None, database_url=None, listen="127.0.0.1:0", arguments=()):
        binary = os.environ.get("OPENBSS_BIN")
        if not binary:
            pytest.fail("OPENBSS_BIN names no binary: run `cargo xtask test`")
        command = [binary, "sandbox", "--data", str(folder), "--listen", listen]
        command += ["--site", site] if site else []
        command += ["--database-url", database_url] if database_url else []
        command += list(arguments)
        self.site = site or "intl"
        self.log = open(folder.parent / (folder.name + ".log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True, cwd=folder.parent)
        self.printed = []
        self.endpoint = self._wait_until_ready()
        # What is printed after the ready line must not fill the pipe.
        threading.Thread(target=self._drain, daemon=True).start()
        self.accounts = {row["name"]: row for row in requests.get(self.endpoint + "/openbss/v1/sandbox/accounts",
                                                                   timeout=10).json()}

    def _wait_until_ready(self):
        watchdog = threading.Timer(READY_WITHIN_SECONDS, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                self.printed.append(line)
                found = re.fullmatch(r"openbss ready on (http://\S+)\n", line)
                if found:
                    return found.group(1)
        finally:
            watchdog.cancel()
        raise AssertionError("the sandbox did not become ready: %s\n%s" % (self.printed, self.errors()))

    def _drain(self):
        for line in self.process.stdout:
            self.printed.append(line)

    def errors(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        """Stops it as an operator would, and expects a clean end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_WITHIN_SECONDS)
        self.log.close()
        assert code == 0, "the sandbox ended with %s" % code

    @property
    def region(self):
        return REGION[self.site]

    def key(self, tenant):
        account = self.accounts[tenant]
        return account["access_key"], account["secret_key"]

    def token(self, tenant):
        """A token as the IAM SDK gets one."""
        return iam_token(self, tenant).x_subject_token

    def own(self, tenant, method, path, body=None, token=None, headers=None):
        """A call of the own API with a token."""
        headers = {"X-Auth-Token": token or self.token(tenant), **(headers or {})}
        return requests.request(method, self.endpoint + path, json=body, headers=headers, timeout=10)

    def place(self, tenant="acme", **changes):
        """Places an order of one virtual machine for a month; it waits for payment."""
        line = {
            "cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
            "resource_spec": "s3.medium.4.linux", "region": self.region,
            "period_type": 2, "period_num": 1, "subscription_num": 1, "resource_name": "web-1", **changes,
        }
        answer = self.own(tenant, "POST", "/openbss/v1/orders", {"lines": [line]})
        assert answer.status_code == 201, answer.text
        return answer.json()["order_id"]


def iam_client(server, tenant):
    from huaweicloudsdkcore.auth.credentials import GlobalCredentials
    from huaweicloudsdkiam.v3 import IamClient

    ak, sk = server.key(tenant)
    builder = IamClient.new_builder().with_credentials(GlobalCredentials(ak, sk, server.accounts[tenant]["domain_id"]))
    return builder.with_endpoint(server.endpoint).build()


def iam_token(server, tenant, **changes):
    from huaweicloudsdkiam.v3 import (AuthScope, AuthScopeDomain, KeystoneCreateUserTokenByPasswordRequest,
                                      KeystoneCreateUserTokenByPasswordRequestBody, PwdAuth, PwdIdentity, PwdPassword,
                                      PwdPasswordUser, PwdPasswordUserDomain)

    account = {**server.accounts[tenant], **changes}
    user = PwdPasswordUser(domain=PwdPasswordUserDomain(name=account["domain_name"]), name=account["user_name"],
                           password=account["password"])
    identity = PwdIdentity(methods=["password"], password=PwdPassword(user=user))
    scope = AuthScope(domain=AuthScopeDomain(name=account["domain_name"]))
    body = KeystoneCreateUserTokenByPasswordRequestBody(auth=PwdAuth(identity=identity, scope=scope))
    request = KeystoneCreateUserTokenByPasswordRequest(body=body)
    return iam_client(server, tenant).keystone_create_user_token_by_password(request)


class Sdk:
    """The BSS SDK of a site: its client, and its models."""

    def __init__(self, server, tenant="acme", key=None):
        from huaweicloudsdkcore.auth.credentials import GlobalCredentials

        if server.site == "cn":
            import huaweicloudsdkbss.v2 as models
            client = models.BssClient
        else:
            import huaweicloudsdkbssintl.v2 as models
            client = models.BssintlClient
        ak, sk = key or server.key(tenant)
        self.models = models
        builder = client.new_builder().with_credentials(GlobalCredentials(ak, sk))
        self.client = builder.with_endpoint(server.endpoint).build()


@pytest.fixture(scope="session")
def databases():
    """Makes databases on the cluster of this run, and takes them away."""
    import pg8000.native
    from urllib.parse import urlsplit

    url = os.environ.get("OPENBSS_TEST_POSTGRES")
    if not url:
        pytest.fail("OPENBSS_TEST_POSTGRES is not set: run `cargo xtask test`")
    parts = urlsplit(url)
    admin = pg8000.native.Connection(parts.username or "postgres", host=parts.hostname, port=parts.port or 5432,
                                     password=parts.password, database=parts.path.lstrip("/") or "postgres")
    made = []

    def make():
        name = "openbss_sdk_" + uuid.uuid4().hex[:12]
        admin.run("create database " + name)
        made.append(name)
        return parts._replace(path="/" + name).geturl()

    yield make
    for name in made:
        admin.run("drop database if exists %s with (force)" % name)
    admin.close()


@pytest.fixture
def start(tmp_path):
    """Starts servers that the test stops when it ends."""
    running = []

    def begin(name="data", **options):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        server = Server(folder, **options)
        running.append(server)
        return server

    yield begin
    for server in running:
        server.stop()


@pytest.fixture(params=["cn-sqlite", "intl-sqlite", "eu-sqlite", "cn-postgres", "intl-postgres", "eu-postgres"])
def server(request, start):
    """A fresh sandbox on each site and database."""
    site, database = request.param.split("-")
    url = request.getfixturevalue("databases")() if database == "postgres" else None
    return start(site=site, database_url=url)


@pytest.fixture
def sdk(server):
    """The SDK of the server's site, as acme."""
    return Sdk(server)


@pytest.fixture
def own_second():
    """Waits for the beginning of a second, so that what follows falls into one."""

    def wait():
        time.sleep(1 - time.time() % 1 + 0.01)

    return wait
