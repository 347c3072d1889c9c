//! What a sandbox prints when it is ready: how to reach it, with examples that work as they stand.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use domain::site::Site;
use http::{HeaderMap, HeaderValue};
use platform::auth::signature::{Form, KeyPair, RequestParts, sign};
use platform::clock::machine_now;

use super::Failure;
use crate::sandbox::demo;

/// The ready line and what follows it.
pub fn sandbox(address: SocketAddr, site: Site) -> Result<String, Failure> {
    let reach = reachable(address);
    let acme = demo::credentials_on(site, "acme");
    let curl = signed_curl(reach, &acme)?;
    let (module, client) = match site {
        Site::Cn => ("huaweicloudsdkbss", "BssClient"),
        Site::Intl | Site::Eu => ("huaweicloudsdkbssintl", "BssintlClient"),
    };
    let demo::Credentials { access_key, secret_key, domain_id, .. } = &acme;
    Ok(format!(
        r#"openbss ready on http://{address}

Demo tenants and their keys: http://{reach}/openbss/v1/sandbox/accounts
OpenAPI document:            http://{reach}/openapi.json

The balance of the customer acme, signed with its access key (the signature holds for 15 minutes):

{curl}

The same with the official Python SDK (pip install {module}):

from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from {module}.v2 import {client}, ShowCustomerAccountBalancesRequest

acme = GlobalCredentials("{access_key}", "{secret_key}", "{domain_id}")
client = {client}.new_builder().with_credentials(acme).with_endpoint("http://{reach}").build()
print(client.show_customer_account_balances(ShowCustomerAccountBalancesRequest()))
"#
    ))
}

/// An address that a client on this machine can connect to: `0.0.0.0` is not one.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    }
    address
}

const BALANCES: &str = "/v2/accounts/customer-accounts/balances";

fn signed_curl(address: SocketAddr, who: &demo::Credentials) -> Result<String, Failure> {
    let date = machine_now().to_wire().replace(['-', ':'], "");
    let mut headers = HeaderMap::new();
    let value = |text: &str| {
        HeaderValue::from_str(text).map_err(|error| format!("the example cannot be signed: {error}"))
    };
    headers.insert("host", value(&address.to_string())?);
    headers.insert("x-sdk-date", value(&date)?);
    let parts = RequestParts { method: "GET", raw_path: BALANCES, raw_query: None, headers: &headers };
    let pair = KeyPair { access_key: &who.access_key, secret_key: &who.secret_key };
    let signature = sign(&parts, b"", pair, Form::Plain)
        .map_err(|error| format!("the example cannot be signed: {error}"))?;
    Ok(format!(
        "curl -s http://{address}{BALANCES} \\\n  -H 'X-Sdk-Date: {date}' \\\n  -H 'Authorization: {signature}'"
    ))
}
