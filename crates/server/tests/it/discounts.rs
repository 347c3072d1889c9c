//! Facts about discounts, through the wire: granted by the operator, shown by both price inquiries.

mod orders;

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::on_both;
use crate::paying::CHINA;
use crate::pricing::{ON_DEMAND, PERIOD, documented_on_demand, documented_period, one};

const DISCOUNTS: &str = "/openbss/v1/discounts";
const YEAR: i64 = 3;
const MONTH: i64 = 2;

impl TestApp {
    /// Grants a discount to a demo tenant, and answers its id.
    async fn grant(&self, tenant: &str, kind: i64, mode: &str, value: &str, more: Value) -> String {
        let mut body = json!({
            "discount_type": kind, "customer_id": self.domain(tenant), "mode": mode, "value": value,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        let granted = self.post("operator", DISCOUNTS, body).await.ok(201);
        granted["discount_id"].as_str().expect("an id").to_owned()
    }

    async fn withdraw(&self, id: &str) {
        self.call("operator", "DELETE", &format!("{DISCOUNTS}/{id}"), None).await.ok(204);
    }

    /// The optional results of an inquiry.
    async fn optional(&self, tenant: &str, inquiry: Value) -> Vec<Value> {
        let answer = self.post(tenant, PERIOD, inquiry).await.ok(200);
        answer["optional_discount_rating_results"].as_array().expect("a list").clone()
    }

    /// The ids of the discounts that the documented inquiry shows, and which of them is the best offer.
    async fn offers(&self, tenant: &str) -> (Vec<String>, Vec<String>) {
        let found = self.optional(tenant, documented_period()).await;
        let ids = |results: Vec<&Value>| results.iter().map(|one| id(one)).collect();
        let best = found.iter().filter(|one| one["best_offer"] == 1).collect();
        (ids(found.iter().collect()), ids(best))
    }

    /// What the documented pay-per-use inquiry costs.
    async fn payable(&self, tenant: &str) -> Value {
        self.post(tenant, ON_DEMAND, documented_on_demand()).await.ok(200)["amount"].clone()
    }
}

fn id(one: &Value) -> String {
    one["discount_id"].as_str().expect("an id").to_owned()
}

/// A line of a period inquiry for another term.
fn term(index: usize, period_type: i64, period_num: i64) -> Value {
    one(documented_period(), index, &[("period_type", json!(period_type)), ("period_num", json!(period_num))])
}

/// List price, discount and amount of each product of a result, as they stand in the answer.
fn parts(result: &Value) -> Vec<[String; 3]> {
    let text = |one: &Value, name: &str| one[name].to_string();
    let names = ["official_website_amount", "discount_amount", "amount"];
    let products = result["product_rating_results"].as_array().expect("a list");
    products.iter().map(|one| names.map(|name| text(one, name))).collect()
}

/// What is taken off each product of a result.
fn taken(result: &Value) -> Vec<String> {
    parts(result).into_iter().map(|[_, discount, _]| discount).collect()
}

on_both! {
    async fn a_name_that_a_grant_or_a_limit_of_money_does_not_know_is_refused(app: CHINA) {
        let acme = app.domain("acme");
        let account = |rest: &str| format!("/openbss/v1/accounts/{acme}/{rest}");
        let coupon = json!({"customer_id": acme, "face_value": "5", "expire_time": "2026-03-01T00:00:00Z"});
        let limits = |name: &str| json!([{"limit_key": "baseValue", "value1": "1", name: "2"}]);
        let discount = json!({"customer_id": acme, "discount_type": 605, "mode": "ratio", "value": "0.9"});
        let with = |body: &Value, name: &str, value: Value| {
            let mut body = body.clone();
            body[name] = value;
            body
        };
        let settlement = json!({"monthly": true});
        let quota = json!({"customer_id": acme, "region": "r", "resource_spec": "s", "quota": 1});
        let rate = json!({"country": "DE", "rate": "0.19", "valid_from": "2026-01-16T00:00:00Z", "until": "2027"});
        for (method, path, body, wanted) in [
            ("POST", "/openbss/v1/discounts".to_owned(), with(&discount, "expires", json!("2026-03-01T00:00:00Z")),
                "expires is not known here; the names are discount_type, customer_id, mode, value, name, scope, \
                 valid_time, expire_time."),
            ("POST", "/openbss/v1/discounts".to_owned(), with(&discount, "scope", json!({"service": "s"})),
                "scope.service is not known here; the names are service_type, resource_type, product_id, region, \
                 period_type."),
            ("POST", "/openbss/v1/coupons".to_owned(), with(&coupon, "limit", limits("value2")), "limit is not known here"),
            ("POST", "/openbss/v1/coupons".to_owned(), with(&coupon, "limits", limits("valu2")),
                "limits[0].valu2 is not known here; the names are limit_key, value1, value2."),
            ("POST", "/openbss/v1/stored-value-cards".to_owned(), with(&coupon, "limits", json!([])),
                "limits is not known here"),
            ("POST", account("credit"), json!({"amount": "5", "expires": "2026-03-01T00:00:00Z"}),
                "expires is not known here; the names are amount, expire_time."),
            ("PUT", account("settlement"), with(&settlement, "limit", json!("5")),
                "limit is not known here; the names are monthly, limit_amount, due_day."),
            ("PUT", account("spending-limits"), json!({"kind": "budget", "amount": "5", "cycle": "once"}),
                "cycle is not known here"),
            ("PUT", "/openbss/v1/quotas".to_owned(), with(&quota, "customer", json!("x")), "customer is not known here"),
            ("PUT", "/openbss/v1/tax-rates".to_owned(), json!({"rates": [rate]}), "rates[0].until is not known here"),
            ("POST", account("freeze"), json!({"reason": "r", "type": "ACCOUNT"}), "type is not known here"),
            ("POST", account("unfreeze"), json!({"type": "ACCOUNT"}), "type is not known here"),
        ] {
            let message = app.call("operator", method, &path, Some(body)).await.refused(400, "CBC.0100");
            assert!(message.starts_with(wanted), "{path}: {message}");
        }
        app.finish().await;
    }

    async fn a_discount_is_granted_listed_and_withdrawn(app) {
        let body = json!({
            "discount_type": "605", "customer_id": app.domain("acme"), "mode": "ratio", "value": "0.900", "name": "Frame contract",
            "scope": {"service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
                      "product_id": "OFFI777523764289028104", "region": "eu_west_101", "period_type": MONTH},
            "valid_time": "2026-01-01T00:00:00Z", "expire_time": "2027-01-01T00:00:00Z",
        });
        let granted = app.post("operator", DISCOUNTS, body).await.ok(201);
        let id = id(&granted);
        assert_eq!(granted, json!({
            "discount_id": id, "customer_id": app.domain("acme"), "discount_type": 605, "mode": "ratio", "value": "0.9",
            "name": "Frame contract",
            "scope": {"service_type": "hws.service.type.ec2", "resource_type": "hws.resource.type.vm",
                      "product_id": "OFFI777523764289028104", "region": "eu-west-101", "period_type": MONTH},
            "valid_time": "2026-01-01T00:00:00Z", "expire_time": "2027-01-01T00:00:00Z",
            "create_time": "2026-01-15T08:00:00Z",
        }));
        let bare = app.grant("acme", 700, "fixed_price", "1.5", json!({})).await;
        let list = format!("{DISCOUNTS}?customer_id={}", app.domain("acme"));
        let listed = app.get("operator", &list).await.ok(200);
        assert_eq!(listed["total_count"], 2);
        assert_eq!(listed["discounts"][0], granted);
        let second = &listed["discounts"][1];
        assert_eq!((second["discount_id"].as_str(), &second["name"]), (Some(bare.as_str()), &json!("Promotional discount")));
        assert_eq!((&second["valid_time"], &second["expire_time"]), (&json!("2026-01-15T08:00:00Z"), &Value::Null));
        app.withdraw(&id).await;
        assert_eq!(app.get("operator", &list).await.ok(200)["total_count"], 1);
        for id in [id.as_str(), "nobodys-id"] {
            let again = app.call("operator", "DELETE", &format!("{DISCOUNTS}/{id}"), None).await;
            assert!(again.refused(400, "CBC.0100").starts_with("discount_id"));
        }
        app.finish().await;
    }

    async fn what_a_discount_cannot_be_is_refused_with_its_name(app) {
        let sample = json!({
            "discount_type": 605, "customer_id": app.domain("acme"), "mode": "ratio", "value": 0.9, "scope": {},
        });
        let scope = |name: &str, value: &str| json!({name: value});
        let mixed = |product: &str, name: &str, value: &str| json!({"product_id": product, name: value});
        let cases = [
            ("discount_type", json!(609), "discount_type"), ("discount_type", Value::Null, "discount_type"),
            ("discount_type", json!(200), "scope.product_id"),
            ("customer_id", json!("nobody"), "customer_id"), ("customer_id", json!(app.domain("north")), "customer_id"),
            ("customer_id", json!(app.domain("operator")), "customer_id"), ("customer_id", Value::Null, "customer_id"),
            ("mode", json!("gift"), "mode"), ("mode", Value::Null, "mode"), ("name", json!("x".repeat(257)), "name"),
            ("value", json!("0"), "value"), ("value", json!(1), "value"), ("value", json!("1.5"), "value"),
            ("value", json!(-0.5), "value"), ("value", json!("0.12345678901"), "value"), ("value", json!("much"), "value"),
            ("value", json!("1e39"), "value"), ("value", Value::Null, "value"),
            ("scope", scope("service_type", "hws.service.type.none"), "scope.service_type"),
            ("scope", scope("resource_type", "hws.resource.type.none"), "scope.resource_type"),
            ("scope", scope("product_id", "none"), "scope.product_id"),
            ("scope", scope("region", "moon-1"), "scope.region"),
            ("scope", json!({"period_type": 1}), "scope.period_type"),
            ("scope", json!({"service_type": "hws.service.type.vpc", "resource_type": "hws.resource.type.vm"}), "scope.resource_type"),
            ("scope", mixed("OFFI777523764289028104", "service_type", "hws.service.type.vpc"), "scope.product_id"),
            ("scope", mixed("OFFI777523764289028104", "resource_type", "hws.resource.type.ip"), "scope.product_id"),
            ("scope", json!("all"), "scope"),
            ("expire_time", json!("2026-01-15T08:00:00Z"), "expire_time"), ("expire_time", json!("tomorrow"), "expire_time"),
            ("valid_time", json!("2026-01-15"), "valid_time"),
        ];
        for (field, value, named) in cases {
            let mut body = sample.clone();
            body[field] = value.clone();
            let message = app.post("operator", DISCOUNTS, body).await.refused(400, "CBC.0100");
            assert!(message.starts_with(named), "{field} {value}: {message}");
        }
        for (mode, value) in [
            ("fixed_price", json!(-1)), ("fixed_price", json!("0.00000000001")), ("fixed_price", json!("1e30")),
            ("amount_off", json!(0)), ("amount_off", json!("0.001")), ("amount_off", json!("-5")), ("amount_off", json!("1e30")),
        ] {
            let mut body = sample.clone();
            (body["mode"], body["value"]) = (json!(mode), value.clone());
            let message = app.post("operator", DISCOUNTS, body).await.refused(400, "CBC.0100");
            assert!(message.starts_with("value"), "{mode} {value}: {message}");
        }
        let mut backwards = sample.clone();
        backwards["valid_time"] = json!("2026-03-01T00:00:00Z");
        backwards["expire_time"] = json!("2026-02-01T00:00:00Z");
        let message = app.post("operator", DISCOUNTS, backwards).await.refused(400, "CBC.0100");
        assert!(message.starts_with("expire_time"), "{message}");
        for customer in ["nobody", &app.domain("north")] {
            app.get("operator", &format!("{DISCOUNTS}?customer_id={customer}")).await.refused(400, "CBC.0100");
        }
        assert!(app.offers("acme").await.0.is_empty());
        app.finish().await;
    }

    async fn an_account_has_two_hundred_discounts_at_most(app) {
        let first = app.grant("acme", 605, "ratio", "0.9", json!({})).await;
        for _ in 1..200 {
            app.grant("acme", 605, "ratio", "0.9", json!({})).await;
        }
        let more = json!({"discount_type": 605, "customer_id": app.domain("acme"), "mode": "ratio", "value": "0.8"});
        let message = app.post("operator", DISCOUNTS, more.clone()).await.refused(400, "CBC.0101");
        assert!(message.starts_with("customer_id"), "{message}");
        let (shown, best) = app.offers("acme").await;
        assert_eq!((shown.len(), best), (200, vec![first.clone()]));
        app.withdraw(&first).await;
        app.post("operator", DISCOUNTS, more).await.ok(201);
        app.finish().await;
    }

    async fn each_mode_reduces_a_yearly_monthly_price(app) {
        let ratio = app.grant("acme", 605, "ratio", "0.9", json!({"name": "Ten percent"})).await;
        let disk = json!({"scope": {"resource_type": "hws.resource.type.volume"}});
        app.grant("acme", 606, "fixed_price", "0.1", disk).await;
        app.grant("acme", 607, "amount_off", "50", json!({})).await;
        let found = app.optional("acme", documented_period()).await;
        assert_eq!(found.len(), 3);
        let first = &found[0];
        let named = [&first["discount_id"], &first["discount_name"], &first["discount_type"], &first["measure_id"], &first["best_offer"]];
        assert_eq!(named, [&json!(ratio), &json!("Ten percent"), &json!(605), &json!(1), &json!(1)]);
        let totals = |one: &Value| ["official_website_amount", "discount_amount", "amount"].map(|name| one[name].to_string());
        assert_eq!(totals(first), ["529.67", "52.967", "476.703"]);
        assert_eq!(parts(first), [
            ["182.07", "18.207", "163.863"], ["0", "0", "0"], ["5.6", "0.56", "5.04"], ["342", "34.2", "307.8"],
        ]);
        assert_eq!((&first["product_rating_results"][2]["id"], &first["product_rating_results"][2]["product_id"]),
            (&json!("3"), &json!("OFFI776402238127517698")));
        // 40 GB at 0.1 each; what it does not fit keeps its price.
        assert_eq!(totals(&found[1]), ["529.67", "1.6", "528.07"]);
        assert_eq!(parts(&found[1])[2], ["5.6", "1.6", "4"]);
        assert_eq!(parts(&found[1])[3], ["342", "0", "342"]);
        // Shared out by list price, in cents, and nothing of it lost.
        assert_eq!(totals(&found[2]), ["529.67", "50", "479.67"]);
        assert_eq!(taken(&found[2]), ["17.19", "0", "0.53", "32.28"]);
        app.finish().await;
    }

    async fn a_discount_that_reduces_nothing_is_not_shown(app) {
        // Not less than the list price; a product that costs nothing; another period; another region.
        app.grant("acme", 605, "fixed_price", "0.14", json!({"scope": {"resource_type": "hws.resource.type.volume"}})).await;
        app.grant("acme", 605, "ratio", "0.5", json!({"scope": {"product_id": "OFFI777346878061772800"}})).await;
        app.grant("acme", 605, "ratio", "0.5", json!({"scope": {"period_type": YEAR}})).await;
        app.grant("acme", 605, "ratio", "0.5", json!({"scope": {"region": "cn-north-1"}})).await;
        assert!(app.offers("acme").await.0.is_empty());
        app.finish().await;
    }

    async fn an_amount_off_never_takes_more_than_the_price(app) {
        app.grant("acme", 605, "amount_off", "1000", json!({})).await;
        let found = app.optional("acme", documented_period()).await;
        assert_eq!((&found[0]["discount_amount"], &found[0]["amount"]), (&json!(529.67), &json!(0)));
        app.finish().await;
    }

    async fn the_scope_decides_what_a_discount_is_for(app) {
        // Which of the four documented products each scope fits.
        for (scope, fits) in [
            (json!({}), [0, 2, 3].as_slice()),
            (json!({"service_type": "hws.service.type.vpc"}), &[3]),
            (json!({"resource_type": "hws.resource.type.volume"}), &[2]),
            (json!({"product_id": "OFFI777523764289028104"}), &[0]),
            (json!({"region": "eu-west-101"}), &[0, 2, 3]),
            (json!({"period_type": MONTH}), &[0, 2, 3]),
            (json!({"service_type": "hws.service.type.ebs", "period_type": MONTH, "region": "eu-west-101"}), &[2]),
        ] {
            let id = app.grant("acme", 605, "ratio", "0.5", json!({"scope": scope})).await;
            let found = app.optional("acme", documented_period()).await;
            let amounts = taken(&found[0]);
            let reduced: Vec<usize> = (0..4).filter(|at| amounts[*at] != "0").collect();
            assert_eq!(reduced, fits, "{scope}");
            app.withdraw(&id).await;
        }
        app.finish().await;
    }

    async fn a_period_is_that_in_which_the_product_is_priced(app) {
        for (wanted, line, is_for) in [
            // A virtual machine has prices of a month and of a year.
            (YEAR, term(0, YEAR, 3), true), (MONTH, term(0, YEAR, 3), false),
            (MONTH, term(0, MONTH, 3), true), (YEAR, term(0, MONTH, 3), false),
            // Disks only that of a month: their year is a year, and twelve months.
            (YEAR, term(2, YEAR, 1), true), (MONTH, term(2, YEAR, 1), true), (YEAR, term(2, MONTH, 12), false),
        ] {
            let id = app.grant("acme", 605, "ratio", "0.5", json!({"scope": {"period_type": wanted}})).await;
            assert_eq!(app.optional("acme", line.clone()).await.len(), usize::from(is_for), "{wanted} {line}");
            app.withdraw(&id).await;
        }
        // A fixed price is that of a period of the discount's unit: 40 GB × 12 months × 0.1, and 40 GB × 1 year × 1.
        for (wanted, price, amount) in [(MONTH, "0.1", "48"), (YEAR, "1", "40")] {
            let id = app.grant("acme", 605, "fixed_price", price, json!({"scope": {"period_type": wanted}})).await;
            let found = app.optional("acme", term(2, YEAR, 1)).await;
            assert_eq!(found[0]["amount"].to_string(), amount);
            app.withdraw(&id).await;
        }
        app.finish().await;
    }

    async fn a_discount_holds_from_its_first_instant_until_before_its_last(app) {
        let times = json!({"valid_time": "2026-02-01T00:00:00Z", "expire_time": "2026-03-01T00:00:00Z"});
        let id = app.grant("acme", 605, "ratio", "0.5", times).await;
        for (now, holds) in [
            ("2026-01-31T23:59:59Z", false), ("2026-02-01T00:00:00Z", true), ("2026-02-28T23:59:59Z", true),
            ("2026-03-01T00:00:00Z", false),
        ] {
            app.advance_to(now).await;
            let wanted = if holds { vec![id.clone()] } else { Vec::new() };
            assert_eq!(app.offers("acme").await.0, wanted, "{now}");
            assert_eq!(app.payable("acme").await, if holds { json!(4.064) } else { json!(8.128) }, "{now}");
        }
        app.finish().await;
    }

    async fn the_best_offer_takes_off_most_and_on_ties_the_commercial_one_wins(app) {
        let promotion = app.grant("acme", 700, "ratio", "0.1", json!({})).await;
        let product = json!({"scope": {"product_id": "OFFI777523764289028104"}});
        let promoted = app.grant("acme", 200, "ratio", "0.1", product).await;
        assert_eq!(app.offers("acme").await, (vec![promoted.clone(), promotion.clone()], vec![]), "promotions never are it");
        let partners = app.grant("acme", 607, "ratio", "0.8", json!({})).await;
        assert_eq!(app.offers("acme").await.1, [partners.as_str()]);
        let resellers = app.grant("acme", 606, "ratio", "0.8", json!({})).await;
        assert_eq!(app.offers("acme").await.1, [resellers.as_str()]);
        let own = app.grant("acme", 605, "ratio", "0.8", json!({})).await;
        assert_eq!(app.offers("acme").await.1, [own.as_str()]);
        let later = app.grant("acme", 605, "ratio", "0.8", json!({})).await;
        let all = vec![own.clone(), later, resellers, partners, promoted, promotion];
        assert_eq!(app.offers("acme").await, (all, vec![own]), "the older of two");
        let most = app.grant("acme", 607, "ratio", "0.7999999999", json!({})).await;
        assert_eq!(app.offers("acme").await.1, [most]);
        app.finish().await;
    }

    async fn a_pay_per_use_price_is_that_of_the_commercial_discount_first(app) {
        let hour = || one(documented_on_demand(), 0, &[("usage_value", json!(1))]);
        let inquire = async || {
            let answer = app.post("acme", ON_DEMAND, hour()).await.ok(200);
            assert_eq!(answer["amount"], answer["product_rating_results"][0]["amount"]);
            (answer["official_website_amount"].to_string(), answer["discount_amount"].to_string(), answer["amount"].to_string())
        };
        let amounts = |discount: &str, amount: &str| ("2.74".to_owned(), discount.to_owned(), amount.to_owned());
        let promotion = app.grant("acme", 700, "ratio", "0.1", json!({"name": "Sale"})).await;
        assert_eq!(inquire().await, amounts("2.466", "0.274"));
        let partners = app.grant("acme", 607, "ratio", "0.5", json!({"name": "Partner"})).await;
        assert_eq!(inquire().await, amounts("1.37", "1.37"));
        let resellers = app.grant("acme", 606, "ratio", "0.8", json!({"name": "Reseller"})).await;
        assert_eq!(inquire().await, amounts("0.548", "2.192"), "less than the partner's, and first");
        let own = app.grant("acme", 605, "fixed_price", "2.5", json!({"name": "Fixed"})).await;
        assert_eq!(inquire().await, amounts("0.548", "2.192"), "the larger of two commercial ones");
        // For orders only.
        app.grant("acme", 605, "amount_off", "2", json!({})).await;
        app.grant("acme", 605, "ratio", "0.1", json!({"scope": {"period_type": MONTH}})).await;
        let answer = app.post("acme", ON_DEMAND, hour()).await.ok(200);
        let one = |id: &str, kind: i64, amount: Value, name: &str| json!({
            "discount_id": id, "discount_type": kind, "amount": amount, "measure_id": 1, "discount_name": name,
        });
        assert_eq!(answer["product_rating_results"][0]["discount_rating_results"], json!([
            one(&own, 605, json!(0.24), "Fixed"), one(&resellers, 606, json!(0.548), "Reseller"),
            one(&partners, 607, json!(1.37), "Partner"), one(&promotion, 700, json!(2.466), "Sale"),
        ]));
        app.finish().await;
    }

    async fn pay_per_use_totals_are_the_sums_of_the_products(app) {
        app.grant("acme", 605, "ratio", "0.75", json!({"scope": {"service_type": "hws.service.type.ec2"}})).await;
        // 10 GB × 2 hours at 0.001 instead of 0.0014.
        app.grant("acme", 607, "fixed_price", "0.001", json!({"scope": {"product_id": "00301-290407774-0--1"}})).await;
        let answer = app.post("acme", ON_DEMAND, documented_on_demand()).await.ok(200);
        assert_eq!(parts(&answer), [
            ["5.48", "1.37", "4.11"], ["0.028", "0.008", "0.02"], ["0.06", "0", "0.06"], ["2.56", "0", "2.56"],
        ]);
        let totals = ["official_website_amount", "discount_amount", "amount"].map(|name| answer[name].to_string());
        assert_eq!(totals, ["8.128", "1.378", "6.75"]);
        app.finish().await;
    }

    async fn discounts_are_cut_as_list_prices_are(app) {
        app.grant("acme", 605, "ratio", "0.5", json!({})).await;
        let second = [("usage_measure_id", json!(6)), ("usage_value", json!(1))];
        let mut inquiry = one(documented_on_demand(), 0, &second);
        for (precision, wanted) in [
            (1, r#"{"amount":0.0003805556,"discount_amount":0.0003805555,"official_website_amount":0.0007611111,"#),
            (0, r#"{"amount":0.000381,"discount_amount":0.00038,"official_website_amount":0.000761,"#),
        ] {
            inquiry["inquiry_precision"] = json!(precision);
            let answer = app.post("acme", ON_DEMAND, inquiry.clone()).await;
            assert!(answer.text().starts_with(wanted), "{}", answer.text());
        }
        app.withdraw(&app.optional("acme", documented_period()).await.iter().map(id).next().expect("one")).await;
        app.grant("acme", 605, "ratio", "0.3333333333", json!({})).await;
        let found = app.optional("acme", term(0, MONTH, 1)).await;
        // 182.07 × 0.6666666667 = 121.380000006069.
        assert_eq!(parts(&found[0])[0], ["182.07", "121.38", "60.69"]);
        app.finish().await;
    }

    async fn a_discount_is_seen_at_once_and_gone_at_once(app) {
        assert_eq!(app.payable("acme").await, json!(8.128));
        let id = app.grant("acme", 605, "ratio", "0.5", json!({})).await;
        assert_eq!(app.payable("acme").await, json!(4.064));
        app.withdraw(&id).await;
        assert_eq!(app.payable("acme").await, json!(8.128));
        assert!(app.offers("acme").await.0.is_empty());
        app.grant("acme", 605, "ratio", "0.5", json!({})).await;
        app.post("operator", "/openbss/v1/sandbox/reset", json!({})).await;
        assert_eq!(app.payable("acme").await, json!(8.128), "a reset forgets it");
        app.finish().await;
    }

    async fn a_discount_of_another_process_is_seen_after_refreshing(app) {
        let id = app.grant("acme", 605, "ratio", "0.5", json!({})).await;
        assert_eq!(app.payable("acme").await, json!(4.064));
        let mut tx = platform::op::Host::db(app.app.as_ref()).begin_write().await.expect("a transaction");
        let withdraw = "update discounts set withdrawn_at = 1 where account_id = $1 and id = $2";
        tx.exec(withdraw, platform::params![app.domain("acme"), &id]).await.expect("it is there");
        tx.exec("update versions set version = version + 1 where name = 'discounts'", &[]).await.expect("it is there");
        tx.commit().await.expect("it commits");
        assert_eq!(app.payable("acme").await, json!(4.064), "from memory");
        server::promotions::service::refresh(&app.app).await.expect("it refreshes");
        assert_eq!(app.payable("acme").await, json!(8.128));
        app.finish().await;
    }

    async fn nobody_sees_the_discounts_of_another(app) {
        app.grant("globex", 605, "ratio", "0.5", json!({})).await;
        for tenant in ["acme", "globex-lab", "lighthouse"] {
            assert!(app.offers(tenant).await.0.is_empty(), "{tenant}");
            assert_eq!(app.payable(tenant).await, json!(8.128), "{tenant}");
        }
        for tenant in ["acme", "globex", "north"] {
            let list = format!("{DISCOUNTS}?customer_id={}", app.domain("globex"));
            app.get(tenant, &list).await.refused(403, "CBC.0151");
        }
        app.finish().await;
    }

    async fn a_unified_member_buys_at_the_prices_of_its_master(app) {
        let masters = app.grant("globex", 605, "ratio", "0.5", json!({})).await;
        let own = app.grant("globex-lab", 605, "ratio", "0.9", json!({})).await;
        app.grant("globex-ops", 605, "ratio", "0.1", json!({})).await;
        assert_eq!(app.offers("globex").await.0, [masters.as_str()]);
        assert_eq!(app.offers("globex-lab").await.0, [own], "an independent one pays for itself");
        assert_eq!(app.offers("globex-ops").await.0, [masters]);
        assert_eq!(app.payable("globex-ops").await, json!(4.064));
        app.finish().await;
    }
}
