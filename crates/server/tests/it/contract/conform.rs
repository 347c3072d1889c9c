//! Answers of the published operations against the contract of the official SDKs: every field there, of the right
//! JSON type, and with data in it (`tests/data/bss*.json`; what may be empty is reviewed in `may_be_null.json`).

use std::collections::BTreeSet;

use domain::site::Site;
use platform::op::Host;
use serde_json::{Map, Value, json};

use super::calls::{Complaints, payment, place, purchase, region, served};
use super::published;
use crate::harness::{Options, Reply, TestApp};
use crate::on_both;

const CN: &str = include_str!("../../data/bss.json");
const INTL: &str = include_str!("../../data/bssintl.json");
const MAY_BE_NULL: &str = include_str!("../../data/may_be_null.json");

/// What the SDK of a site expects.
struct Contract {
    operations: Vec<Value>,
    schemas: Map<String, Value>,
    may_be_null: Map<String, Value>,
}

impl Contract {
    fn of(site: Site) -> Self {
        let file = if site == Site::Cn { CN } else { INTL };
        let mut data: Value = serde_json::from_str(file).expect("the contract is JSON");
        let Value::Array(operations) = data["operations"].take() else { panic!("operations are a list") };
        let Value::Object(schemas) = data["schemas"].take() else { panic!("schemas are an object") };
        let may_be_null = serde_json::from_str(MAY_BE_NULL).expect("the reviewed list is an object");
        Self { operations, schemas, may_be_null }
    }

    /// The operation that a request meets.
    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let path = path.split('?').next().unwrap_or(path);
        let fits = |pattern: &str| {
            let (mut pattern, mut actual) = (pattern.split('/'), path.split('/'));
            loop {
                match (pattern.next(), actual.next()) {
                    (None, None) => return true,
                    (Some(name), Some(_)) if name.starts_with('{') => {}
                    (Some(fixed), Some(segment)) if fixed == segment => {}
                    _ => return false,
                }
            }
        };
        self.operations.iter().find(|row| row["method"] == method && row["path"].as_str().is_some_and(fits))
    }

    /// Checks an object field by field.
    fn check(&self, schema: &str, value: &Value, at: &str, complaints: &mut Complaints) {
        let Some(fields) = self.schemas.get(schema).and_then(Value::as_object) else {
            return complaints.add(format!("{at}: the contract has no {schema}"));
        };
        let Some(object) = value.as_object() else {
            return complaints.add(format!("{at}: {schema} is an object, got {value}"));
        };
        for (field, kind) in fields {
            let kind = kind.as_str().expect("a type's name");
            let at = format!("{at}.{field}");
            match object.get(field) {
                None => complaints.add(format!("{at} ({schema}) is missing")),
                Some(value) if is_empty(value) => {
                    let is_allowed = self.may_be_null.contains_key(&format!("{schema}.{field}"));
                    complaints.unless(is_allowed, || format!("{at} ({schema}) is {value}"));
                    self.typed(kind, value, &at, complaints);
                }
                Some(value) => self.typed(kind, value, &at, complaints),
            }
        }
    }

    fn typed(&self, kind: &str, value: &Value, at: &str, complaints: &mut Complaints) {
        if value.is_null() {
            return;
        }
        let fits = match kind {
            "str" => value.is_string(),
            "int" => value.is_i64() || value.is_u64(),
            "bool" => value.is_boolean(),
            // The SDKs read JSON numbers as exact decimals.
            "decimal.Decimal" | "float" => value.is_number(),
            other => match other.strip_prefix("list[").and_then(|inner| inner.strip_suffix(']')) {
                Some(inner) => {
                    let Some(items) = value.as_array() else {
                        return complaints.add(format!("{at} is a {kind}, got {value}"));
                    };
                    for (index, item) in items.iter().enumerate() {
                        self.typed(inner, item, &format!("{at}[{index}]"), complaints);
                    }
                    return;
                }
                None => return self.check(other, value, at, complaints),
            },
        };
        complaints.unless(fits, || format!("{at} is a {kind}, got {value}"));
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// A walk through the product as a customer, which checks each answer.
struct Walk<'a> {
    app: &'a TestApp,
    contract: Contract,
    complaints: Complaints,
    visited: BTreeSet<String>,
}

impl Walk<'_> {
    async fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> Value {
        let Reply { status, body, .. } = self.app.call("acme", method, path, body).await;
        let Some(operation) = self.contract.operation(method, path) else {
            panic!("{path} is not in the contract")
        };
        let name = operation["operation"].as_str().expect("a name").to_owned();
        if status == 204 {
            self.complaints.unless(body.is_empty(), || format!("{name}: 204 with a body"));
            self.visited.insert(name);
            return Value::Null;
        }
        let Ok(value) = serde_json::from_slice::<Value>(&body) else { panic!("{name}: {status}, not JSON") };
        assert_eq!(status, 200, "{name}: {value}");
        let schema = operation["response"].as_str().expect("a schema");
        self.contract.check(schema, &value, &name, &mut self.complaints);
        self.visited.insert(name);
        value
    }

    async fn products(&mut self) {
        for path in [
            "/v2/products/service-types?limit=100",
            "/v2/products/resource-types?limit=100",
            "/v2/products/service-resources?service_type_code=hws.service.type.ec2",
            "/v2/products/usage-types?resource_type_code=hws.resource.type.vm",
            "/v2/bases/measurements",
            "/v2/bases/conversions?measure_type=2",
        ] {
            self.call("GET", path, None).await;
        }
    }

    async fn prices(&mut self, region: &str) {
        let on_demand = json!({"project_id": "p", "inquiry_precision": 1, "product_infos": [{
            "id": "1", "cloud_service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
            "resource_spec": "s3.medium.4.linux", "region": region, "usage_factor": "Duration",
            "usage_value": 2, "usage_measure_id": 4, "subscription_num": 1,
        }]});
        self.call("POST", "/v2/bills/ratings/on-demand-resources", Some(on_demand)).await;
        let mut infos = purchase(region)["lines"].clone();
        for (index, info) in infos.as_array_mut().expect("lines").iter_mut().enumerate() {
            info["id"] = json!(index.to_string());
        }
        let period = json!({"project_id": "p", "product_infos": infos});
        self.call("POST", "/v2/bills/ratings/period-resources/subscribe-rate", Some(period)).await;
    }

    async fn orders(&mut self) {
        let (paid, cancelled) = (place(self.app, "acme").await, place(self.app, "acme").await);
        self.list_and_details(&[&paid, &cancelled]).await;
        let discounts = format!("/v2/orders/customer-orders/order-discounts?order_id={paid}");
        self.call("GET", &discounts, None).await;
        if self.app.app.site() == Site::Cn {
            let coupons = format!("/v2/orders/customer-orders/order-coupons?order_id={paid}");
            self.call("GET", &coupons, None).await;
        }
        self.call("POST", "/v3/orders/customer-orders/pay", Some(payment(&paid))).await;
        let cancel = json!({"order_id": cancelled});
        self.call("PUT", "/v2/orders/customer-orders/cancel", Some(cancel)).await;
        self.list_and_details(&[&paid, &cancelled]).await;
        let resources = self.call("POST", "/v2/orders/suscriptions/resources/query", Some(json!({}))).await;
        assert_eq!(resources["total_count"], 2, "{resources}");
        self.conversions(&resources).await;
        self.renewals(&resources["data"]).await;
        self.call("GET", "/v2/accounts/customer-accounts/balances", None).await;
        if self.app.app.site() == Site::Cn {
            let changes =
                "/v2/accounts/customer-accounts/account-change-records?balance_type=BALANCE_TYPE_DEBIT";
            let changes = self.call("GET", changes, None).await;
            assert!(changes["total_count"].as_i64().is_some_and(|number| number >= 3), "{changes}");
            self.instantly().await;
        } else {
            let limits = format!("/openbss/v1/accounts/{}/spending-limits", self.app.domain("acme"));
            let quota = json!({"kind": "expenditure_quota", "amount": "1000.00"});
            self.app.call("operator", "PUT", &limits, Some(quota)).await.ok(200);
            self.call("GET", "/v2/accounts/customer-accounts/expenditure-quota", None).await;
        }
    }

    /// Sets up and cancels pay-per-use on expiry.
    async fn conversions(&mut self, resources: &Value) {
        let mut data = resources["data"].as_array().expect("resources are listed").iter();
        let primary = data.find(|one| one["is_main_resource"] == 1).expect("one is primary");
        for operation in ["SET_UP", "CANCEL"] {
            let wish = json!({"operation": operation, "resource_ids": [primary["resource_id"]]});
            let path = "/v2/orders/subscriptions/resources/to-on-demand";
            let answer = self.call("POST", path, Some(wish)).await;
            assert_eq!(answer, json!({"error_details": []}));
        }
    }

    /// Turns a resource pay-per-use at once, and none.
    async fn instantly(&mut self) {
        let order = place(self.app, "acme").await;
        self.call("POST", "/v3/orders/customer-orders/pay", Some(payment(&order))).await;
        let wish = json!({"order_id": order, "only_main_resource": 1});
        let found = self.call("POST", "/v2/orders/suscriptions/resources/query", Some(wish)).await;
        let wish = json!({"resource_ids": [found["data"][0]["resource_id"], "nothing"]});
        let path = "/v2/orders/subscriptions/resources/to-on-demand/instantly";
        let done = self.call("POST", path, Some(wish)).await;
        assert_eq!(done["to_ondemand_service_results"][0]["result"], "SUCCESS", "{done}");
    }

    async fn renewals(&mut self, resources: &Value) {
        let mut primaries = resources.as_array().expect("a list").iter();
        let primary = primaries.find(|one| one["is_main_resource"] == 1).expect("a primary resource");
        let mut body =
            json!({"resource_ids": [primary["resource_id"], "nothing"], "period_type": 2, "period_num": 1});
        self.call("POST", "/v2/bills/ratings/period-resources/renew-rate", Some(body.clone())).await;
        body["resource_ids"] = json!([primary["resource_id"]]);
        let renewal = self.call("POST", "/v2/orders/subscriptions/resources/renew", Some(body)).await;
        // While it waits for payment nothing else can be done with what it renews.
        let cancel = json!({"order_id": renewal["order_ids"][0]});
        self.call("PUT", "/v2/orders/customer-orders/cancel", Some(cancel)).await;
        let id = primary["resource_id"].as_str().expect("an id");
        let automatic = format!("/v2/orders/subscriptions/resources/autorenew/{id}");
        self.call("POST", &automatic, Some(json!({}))).await;
        self.call("DELETE", &automatic, None).await;
        let config = json!({"config_name": "DEDUCTION_DATE", "config_value": "3"});
        let path = "/v2/orders/subscriptions/resources/renew/config";
        self.call("POST", path, Some(config)).await;
    }

    async fn benefits(&mut self) {
        self.call("GET", "/v2/promotions/benefits/coupons", None).await;
        if self.app.app.site() == Site::Cn {
            self.call("GET", "/v2/promotions/benefits/stored-value-cards", None).await;
            let records = "/v2/promotions/benefits/account-change-records?balance_type=BALANCE_TYPE_COUPON";
            self.call("GET", records, None).await;
        }
    }

    /// What was bought is given back; last, since nothing is left then.
    async fn unsubscribes(&mut self) {
        let resources = self.call("POST", "/v2/orders/suscriptions/resources/query", Some(json!({}))).await;
        let main = resources["data"]
            .as_array()
            .and_then(|data| data.iter().find(|one| one["is_main_resource"] == 1));
        let id = main.expect("a primary resource")["resource_id"].clone();
        let body = json!({"resource_ids": [id], "unsubscribe_type": 1, "unsubscribe_reason_type": 5});
        let left = self.call("POST", "/v2/orders/subscriptions/resources/unsubscribe", Some(body)).await;
        let order = left["order_ids"][0].as_str().expect("an id");
        self.call("GET", &format!("/v2/orders/customer-orders/refund-orders?order_id={order}"), None).await;
    }

    async fn list_and_details(&mut self, orders: &[&str]) {
        let list = self.call("GET", "/v2/orders/customer-orders", None).await;
        assert_eq!(list["total_count"], orders.len(), "{list}");
        for order in orders {
            let details =
                self.call("GET", &format!("/v2/orders/customer-orders/details/{order}"), None).await;
            assert_eq!(details["order_info"]["order_id"], *order);
            assert_eq!(details["order_line_items"].as_array().map(Vec::len), Some(2), "{details}");
        }
    }
}

/// What the operator issues, so that every list of coupons and cards has something in it; the walk pays without it.
async fn benefits(app: &TestApp) {
    let mut issued = json!({
        "customer_id": app.domain("acme"), "face_value": "10.00", "expire_time": "2027-01-01T00:00:00Z",
        "limits": [{"limit_key": "baseValue", "value1": "1", "value2": "1000"}],
    });
    app.post("operator", "/openbss/v1/coupons", issued.clone()).await.ok(201);
    if app.app.site() == Site::Cn {
        issued.as_object_mut().expect("an object").remove("limits");
        app.post("operator", "/openbss/v1/stored-value-cards", issued).await.ok(201);
    }
}

/// Walks through everything that is served, and checks that nothing of the contract was left out.
async fn everything_conforms(app: &TestApp) {
    let site = app.app.site();
    let contract = Contract::of(site);
    let mut walk = Walk { app, contract, complaints: Complaints::default(), visited: BTreeSet::new() };
    let top_ups = format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme"));
    app.post("operator", &top_ups, json!({"amount": "500.00", "trans_id": "t-1"})).await.ok(201);
    // So that every list of discounts has something in it.
    let discount =
        json!({"discount_type": 605, "customer_id": app.domain("acme"), "mode": "ratio", "value": "0.9"});
    app.post("operator", "/openbss/v1/discounts", discount).await.ok(201);
    benefits(app).await;
    walk.products().await;
    walk.prices(region(site)).await;
    walk.orders().await;
    walk.benefits().await;
    walk.unsubscribes().await;
    for entry in served(app) {
        let place = published::place_of(entry.spec);
        let of_contract = walk.contract.operations.iter().find(|row| {
            let text = |field: &str| row[field].as_str().expect("text");
            published::place(text("method"), text("path")) == place
        });
        let is_left_out =
            of_contract.is_some_and(|row| !walk.visited.contains(row["operation"].as_str().expect("a name")));
        walk.complaints.unless(!is_left_out, || format!("{} was not called by this test", entry.spec.id));
    }
    walk.complaints.none();
}

on_both! {
    async fn answers_fit_the_sdk_of_the_china_site(app: Options { site: Site::Cn, ..Options::default() }) {
        everything_conforms(&app).await;
        app.finish().await;
    }

    async fn answers_fit_the_sdk_of_the_international_site(app) {
        everything_conforms(&app).await;
        app.finish().await;
    }

    async fn answers_fit_the_sdk_of_the_europe_site(app: Options { site: Site::Eu, ..Options::default() }) {
        everything_conforms(&app).await;
        app.finish().await;
    }
}

#[test]
fn the_reviewed_list_names_fields_of_the_contract() {
    let (cn, intl) = (Contract::of(Site::Cn), Contract::of(Site::Intl));
    for (name, reason) in &cn.may_be_null {
        let (schema, field) = name.split_once('.').expect("Schema.field");
        let is_known = [&cn, &intl]
            .iter()
            .any(|contract| contract.schemas.get(schema).is_some_and(|s| s.get(field).is_some()));
        assert!(is_known, "{name} is no field of either contract");
        assert!(reason.as_str().is_some_and(|reason| reason.len() > 20), "{name} has no reason");
    }
}

#[test]
fn the_checker_finds_planted_faults() {
    let contract = Contract::of(Site::Intl);
    let good = json!({"total_count": 1, "service_types": [
        {"service_type_name": "a", "service_type_code": "b", "abbreviation": "c"},
    ]});
    let complaints_about = |value: &Value| {
        let mut complaints = Complaints::default();
        contract.check("ListServiceTypesResponse", value, "x", &mut complaints);
        complaints.count()
    };
    assert_eq!(complaints_about(&good), 0);
    for (pointer, planted) in [
        ("/total_count", json!("1")),
        ("/total_count", Value::Null),
        ("/service_types", json!({})),
        ("/service_types/0", json!("b")),
        ("/service_types/0/service_type_code", json!("")),
        ("/service_types/0/service_type_code", json!(1)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("it is there") = planted;
        assert_eq!(complaints_about(&bad), 1, "{bad}");
    }
    assert_eq!(complaints_about(&json!({"total_count": 1})), 1);
}
