//! Unsubscribing through the wire: what goes back, to what had paid, and what stands in the way.

mod approvals;
mod codes;
mod five_days;
mod funds;
mod races;

use serde_json::{Value, json};

use crate::harness::{Reply, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, cash, details, disk, machine, with};

pub(crate) const UNSUBSCRIBE: &str = "/v2/orders/subscriptions/resources/unsubscribe";
const RENEW: &str = "/v2/orders/subscriptions/resources/renew";
const REFUNDS: &str = "/v2/orders/customer-orders/refund-orders";
const QUERY: &str = "/v2/orders/suscriptions/resources/query";

/// A disk of the catalogue, attached to nothing, for a year and this many cents.
pub(crate) fn volume(cents: i64) -> Value {
    crate::accounts::disk(cents)
}

/// Places an order and pays it at once, and answers its id.
pub(crate) async fn bought(app: &TestApp, tenant: &str, lines: Value) -> String {
    let placed = app.post(tenant, ORDERS, json!({"lines": lines, "auto_pay": true})).await.ok(201);
    assert_eq!(placed["status"], 5, "{placed}");
    placed["order_id"].as_str().expect("an id").to_owned()
}

/// The resources of an order, primary ones first.
pub(crate) async fn resources(app: &TestApp, tenant: &str, order: &str) -> Vec<Value> {
    let found = app.post(tenant, QUERY, json!({"order_id": order, "limit": 100})).await.ok(200);
    let mut found = found["data"].as_array().expect("a list").clone();
    found.sort_by_key(|one| (one["is_main_resource"] != 1, one["resource_id"].to_string()));
    found
}

/// The ids of the resources of an order, primary ones first.
pub(crate) async fn ids(app: &TestApp, tenant: &str, order: &str) -> Vec<String> {
    let id = |one: &Value| one["resource_id"].as_str().expect("an id").to_owned();
    resources(app, tenant, order).await.iter().map(id).collect()
}

pub(crate) async fn asked(app: &TestApp, tenant: &str, ids: &[&str], kind: i64) -> Reply {
    app.post(tenant, UNSUBSCRIBE, json!({"resource_ids": ids, "unsubscribe_type": kind})).await
}

/// Unsubscribes, and answers the refund order.
pub(crate) async fn returned(app: &TestApp, tenant: &str, ids: &[&str], kind: i64) -> String {
    let answer = asked(app, tenant, ids, kind).await.ok(200);
    assert_eq!(answer["fail_resource_infos"], json!([]));
    assert_eq!(answer["order_ids"].as_array().expect("a list").len(), 1, "{answer}");
    answer["order_ids"][0].as_str().expect("an id").to_owned()
}

/// Renews by months and pays at once; answers the order.
pub(crate) async fn renewed(app: &TestApp, tenant: &str, id: &str, months: i64) -> String {
    let body = json!({"resource_ids": [id], "period_type": 2, "period_num": months, "is_auto_pay": 1});
    let answer = app.post(tenant, RENEW, body).await.ok(200);
    answer["order_ids"][0].as_str().expect("an id").to_owned()
}

/// The rows of a refund order: amount and base order.
pub(crate) async fn rows(app: &TestApp, tenant: &str, refund: &str) -> Vec<(String, String)> {
    let answer = app.get(tenant, &format!("{REFUNDS}?order_id={refund}")).await.ok(200);
    let rows = answer["refund_infos"].as_array().expect("a list");
    assert_eq!(answer["total_count"], rows.len());
    let row =
        |row: &Value| (row["amount"].to_string(), row["base_order_id"].as_str().expect("an id").to_owned());
    rows.iter().map(row).collect()
}

/// What an order is explained by adds up.
pub(crate) async fn explained(app: &TestApp, tenant: &str, order: &str) -> Value {
    let answer = app.get(tenant, &format!("/openbss/v1/explain?order_id={order}")).await.ok(200);
    assert_eq!(answer["adds_up"], true, "{answer}");
    answer["orders"][0].clone()
}

/// The fees of a refund order, and what they are kept of.
async fn fees(app: &TestApp, refund: &str) -> Vec<(String, String)> {
    let rows = rows(app, "acme", refund).await;
    rows.into_iter().filter(|(amount, _)| !amount.starts_with('-')).collect()
}

/// A tenth of an amount, half up to cents.
fn tenth(amount: &str) -> String {
    use domain::money::{Charge, Scaled};
    let cents = Charge::parse(amount).expect("an amount").units();
    Charge::cents((cents + 5) / 10).to_string()
}

/// Changes a machine to the larger one; answers the order and what it cost.
async fn upgraded(app: &TestApp, id: &str) -> (String, String) {
    let body = json!({"resource_spec": crate::changes::MEDIUM, "auto_pay": true});
    let asked = crate::changes::change(app, "acme", id, body).await.ok(201);
    let text = |field: &str| asked[field].as_str().expect("text").to_owned();
    (text("order_id"), text("amount"))
}

on_both! {
    async fn two_renewals_that_are_taken_back_leave_the_term_that_was_begun(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        renewed(&app, "acme", &id, 1).await;
        renewed(&app, "acme", &id, 1).await;
        returned(&app, "acme", &[&id], 2).await;
        assert_eq!(resources(&app, "acme", &order).await[0]["expire_time"], "2026-02-15T15:59:59Z");
        // And verify agrees.
        app.finish().await;
    }

    async fn a_month_that_runs_gives_back_what_is_not_used_less_the_fee(app) {
        // The sample of rule 2.3, three years later: of 31 days and 14 hours 14 days and 8 hours are used.
        app.advance_to("2027-01-01T10:30:00+08:00").await;
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        assert_eq!(cash(&app, "acme").await, "9817.93");
        app.advance_to("2027-01-15T18:40:00+08:00").await;
        let body = json!({"resource_ids": [id], "unsubscribe_type": 1, "unsubscribe_reason_type": 5, "unsubscribe_reason": "test"});
        let answer = app.post("acme", UNSUBSCRIBE, body).await.ok(200);
        let refund = answer["order_ids"][0].as_str().unwrap();

        // 182.07 x 344 / 758 = 82.628..., and 10 % of 182.07 = 18.207.
        let shown = details(&app, "acme", refund).await;
        for one in [&shown["order_info"], &shown["order_line_items"][0]] {
            assert_eq!(one["amount_after_discount"].to_string(), "-81.23");
            assert_eq!(one["official_amount"].to_string(), "-81.23");
            assert_eq!(one["amount_info"]["commission_amount"].to_string(), "18.21");
            assert_eq!(one["amount_info"]["consumed_amount"].to_string(), "82.63");
        }
        let info = &shown["order_info"];
        assert_eq!((&info["order_type"], &info["status"], &info["source_type"]), (&json!(4), &json!(5), &json!(1)));
        assert_eq!(rows(&app, "acme", refund).await,
            [("-99.44".to_owned(), order.clone()), ("18.21".to_owned(), order.clone())]);
        assert_eq!(cash(&app, "acme").await, "9899.16");
        assert_eq!(resources(&app, "acme", &order).await, Vec::<Value>::new());
        let told = explained(&app, "acme", refund).await;
        assert_eq!((&told["returns"][0]["consumed_amount"], &told["returns"][1]["kind"]), (&json!("82.63"), &json!("fee")));
        assert_eq!(told["funds"][0]["amount"], "-81.23");
        let base = explained(&app, "acme", &order).await;
        assert_eq!((&base["refunds"][0]["order_id"], &base["refunds"][0]["amount"]), (&json!(refund), &json!("81.23")));
        asked(&app, "acme", &[&id], 1).await.refused(400, "CBC.30000067");
        app.finish().await;
    }

    async fn the_fee_of_two_years_falls_with_the_years_of_use(app) {
        let mut held = Vec::new();
        for _ in 0..2 {
            let order = bought(&app, "acme", json!([with(volume(50_000), "period_num", json!(2))])).await;
            held.push(ids(&app, "acme", &order).await.remove(0));
        }
        // From 15 January 2026 16:00 to the end of 15 January 2028 there are 730 days and 8 hours.
        let (paid, total) = (100_000_i64, 730 * 24 + 8);
        let uses = [("2026-12-01T08:00:00Z", 320 * 24, 15), ("2027-06-01T08:00:00Z", 502 * 24, 10)];
        for ((after, hours, percent), id) in uses.into_iter().zip(&held) {
            app.advance_to(after).await;
            let refund = returned(&app, "acme", &[id], 1).await;
            let info = details(&app, "acme", &refund).await["order_info"]["amount_info"].clone();
            let consumed = (paid * hours * 2 + total) / (2 * total);
            let cents = |amount: i64| domain::money::Charge::cents(amount).to_string();
            assert_eq!(info["consumed_amount"].to_string(), cents(consumed), "{after}");
            assert_eq!(info["commission_amount"].to_string(), cents(paid * percent / 100), "{after}");
        }
        app.finish().await;
    }

    // The years of use are those of the machine: of three years 15 % in the first, 10 % in the second.
    async fn the_fee_of_an_upgrade_is_that_of_the_term_that_it_belongs_to(app) {
        let years = with(with(crate::changes::small(), "period_type", json!(3)), "period_num", json!(3));
        let order = bought(&app, "acme", json!([years])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        app.advance_to("2027-07-15T08:00:00Z").await;
        let (up, paid) = upgraded(&app, &id).await;
        app.advance_to("2027-08-15T08:00:00Z").await;
        let refund = returned(&app, "acme", &[&id], 1).await;
        let told = fees(&app, &refund).await;
        assert_eq!(told, [("36".to_owned(), order), (tenth(&paid), up)]);
        app.finish().await;
    }

    // A tenth of what was bought by the month, however long what was bought before.
    async fn the_fee_of_an_upgrade_in_a_renewed_month_is_that_of_the_month(app) {
        let years = with(with(crate::changes::small(), "period_type", json!(3)), "period_num", json!(3));
        let order = bought(&app, "acme", json!([years])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let renewal = renewed(&app, "acme", &id, 1).await;
        app.advance_to("2029-01-20T08:00:00Z").await;
        let (up, paid) = upgraded(&app, &id).await;
        app.advance_to("2029-01-21T08:00:00Z").await;
        let refund = returned(&app, "acme", &[&id], 1).await;
        assert_eq!(fees(&app, &refund).await, [("1.2".to_owned(), renewal), (tenth(&paid), up)]);
        app.finish().await;
    }

    async fn renewed_terms_to_come_go_back_whole_and_of_every_order_that_paid(app) {
        let order = bought(&app, "acme", json!([machine(), disk()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let first = renewed(&app, "acme", &id, 1).await;
        let second = renewed(&app, "acme", &id, 2).await;
        assert_eq!(cash(&app, "acme").await, "9249.32");
        assert_eq!(resources(&app, "acme", &order).await[0]["expire_time"], "2026-05-15T15:59:59Z");
        // In the first renewed term only the second renewal is to come.
        app.advance_to("2026-02-20T00:00:00Z").await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        let shown = details(&app, "acme", &refund).await;
        assert_eq!(shown["order_info"]["amount_after_discount"].to_string(), "-375.34");
        assert_eq!(shown["order_info"]["amount_info"]["commission_amount"], 0);
        assert_eq!(shown["total_count"], 2);
        assert_eq!(rows(&app, "acme", &refund).await,
            [("-364.14".to_owned(), second.clone()), ("-11.2".to_owned(), second.clone())]);
        assert_eq!(cash(&app, "acme").await, "9624.66");
        for one in resources(&app, "acme", &order).await {
            assert_eq!((&one["expire_time"], &one["status"]), (&json!("2026-03-15T15:59:59Z"), &json!(2)));
        }
        asked(&app, "acme", &[&id], 2).await.refused(400, "CBC.99003128");
        // It can be renewed again, from the earlier end, and given back with all that is left.
        let third = renewed(&app, "acme", &id, 1).await;
        assert_eq!(resources(&app, "acme", &order).await[0]["expire_time"], "2026-04-15T15:59:59Z");
        let refund = returned(&app, "acme", &[&id], 1).await;
        let told = rows(&app, "acme", &refund).await;
        let of = |base: &str| told.iter().filter(|(_, own)| own == base).count();
        // A refund and a fee of the running term for machine and disk, and the term to come; the first is over.
        assert_eq!((of(&order), of(&first), of(&third), told.len()), (0, 4, 2, 6));
        // From 15 February 23:00 to the end of 15 March there are 28 days and 1 hour; 4 days and 9 hours are used.
        let cents = |paid: i64| {
            let consumed = (paid * 105 * 2 + 673) / (2 * 673);
            let fee = (paid + 5) / 10;
            paid - consumed - fee
        };
        let back = cents(18_207) + cents(560) + 18_207 + 560;
        let charge = domain::money::Charge::cents(-back).to_string();
        assert_eq!(details(&app, "acme", &refund).await["order_info"]["amount_after_discount"].to_string(), charge);
        explained(&app, "acme", &refund).await;
        app.finish().await;
    }

    async fn a_set_goes_together_and_what_is_attached_may_go_alone(app) {
        let order = bought(&app, "acme", json!([machine(), disk(), with(disk(), "resource_size", json!(80))])).await;
        let named = ids(&app, "acme", &order).await;
        let refund = returned(&app, "acme", &[&named[2]], 1).await;
        assert_eq!(details(&app, "acme", &refund).await["total_count"], 1);
        assert_eq!(resources(&app, "acme", &order).await.len(), 2);
        // The disk that is named beside its machine goes with it.
        let refund = returned(&app, "acme", &[&named[1], &named[0]], 1).await;
        let lines = details(&app, "acme", &refund).await;
        assert_eq!(lines["total_count"], 2);
        assert_eq!(resources(&app, "acme", &order).await.len(), 0);
        app.finish().await;
    }

    async fn several_sets_become_several_orders_in_the_order_of_their_names(app) {
        let (one, other) = (bought(&app, "acme", json!([machine()])).await, bought(&app, "acme", json!([volume(10_000)])).await);
        let both = [ids(&app, "acme", &other).await.remove(0), ids(&app, "acme", &one).await.remove(0)];
        let answer = asked(&app, "acme", &[&both[0], &both[1]], 1).await.ok(200);
        let orders: Vec<&str> = answer["order_ids"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let bases: Vec<String> = [rows(&app, "acme", orders[0]).await, rows(&app, "acme", orders[1]).await]
            .into_iter().map(|rows| rows[0].1.clone()).collect();
        assert_eq!(bases, [other, one]);
        app.finish().await;
    }

    async fn what_has_not_begun_goes_back_whole(app) {
        let coupon = crate::coupons::issue(&app, "acme", json!({"face_value": "20"})).await;
        let body = json!({
            "lines": [machine()], "auto_pay": true, "effective_time": "2026-03-01T00:00:00Z", "coupon_id": coupon,
        });
        let order = app.post("acme", ORDERS, body).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        assert_eq!(cash(&app, "acme").await, "9837.93");
        app.advance_to("2026-02-20T00:00:00Z").await;
        let id = ids(&app, "acme", &order).await.remove(0);
        returned(&app, "acme", &[&id], 1).await;
        assert_eq!(cash(&app, "acme").await, "10000");
        assert_eq!(crate::coupons::only(&app, "acme", "status=2").await["balance"], 20);
        app.finish().await;
    }

    async fn what_is_expired_or_free_gives_nothing_back_and_has_its_order(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        app.advance_to("2026-02-20T00:00:00Z").await;
        assert_eq!(resources(&app, "acme", &order).await[0]["status"], 5);
        let refund = returned(&app, "acme", &[&id], 1).await;
        assert_eq!(details(&app, "acme", &refund).await["order_info"]["amount_after_discount"], 0);
        assert_eq!(rows(&app, "acme", &refund).await, []);
        assert_eq!(cash(&app, "acme").await, "9817.93");
        explained(&app, "acme", &refund).await;
        app.finish().await;
    }

    async fn automatic_renewal_ends_with_the_resource(app) {
        let body = json!({"lines": [machine()], "auto_pay": true, "auto_renew": true});
        let order = app.post("acme", ORDERS, body).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        let id = ids(&app, "acme", &order).await.remove(0);
        returned(&app, "acme", &[&id], 1).await;
        let before = cash(&app, "acme").await;
        let ran = app.advance_to("2026-06-01T00:00:00Z").await;
        assert!(!ran.iter().any(|ran| ran.job.starts_with("subscriptions.")), "{ran:?}");
        assert_eq!(cash(&app, "acme").await, before);
        app.finish().await;
    }

    async fn the_cloud_deletes_what_was_given_back(app: crate::accounts::EXTERNAL) {
        let order = crate::orders::place(&app, "acme", json!([machine()])).await;
        app.post("acme", crate::orders::PAY, crate::orders::payment(&order)).await.ok(204);
        let waits = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let ours = waits["items"][0]["id"].as_str().unwrap().to_owned();
        asked(&app, "acme", &[&ours], 1).await.refused(400, "CBC.30000067");
        app.post("operator", &format!("/openbss/v1/resources/{ours}/provisioned"), json!({"resource_id": "vm-1"})).await.ok(200);
        asked(&app, "acme", &[&ours], 1).await.refused(400, "CBC.99003012");
        returned(&app, "acme", &["vm-1"], 1).await;
        let waits = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        assert_eq!((&waits["total_count"], &waits["items"][0]["action"]), (&json!(1), &json!("delete")));
        app.finish().await;
    }

    async fn what_charges_and_counts_say_of_returns_is_verified(app: crate::paying::CHINA) {
        let order = bought(&app, "acme", json!([crate::funds::disk_in_china(10_000)])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        returned(&app, "acme", &[&id], 1).await;
        let charges = |change: &str| format!("update resource_charges set {change}");
        let counts = |change: &str| format!("update five_day_returns set used = used {change}");
        crate::verify::expect_each(&app, &[
            (charges("returned_money = returned_money - 1"), charges("returned_money = returned_money + 1"),
                &["subscriptions.charges"], "/1"),
            (charges("returned_list = 0"), charges("returned_list = list_amount"), &["subscriptions.charges"], "/1"),
            (charges("money = money - 1"), charges("money = money + 1"), &["subscriptions.charges"], "/1"),
            (counts("+ 1"), counts("- 1"), &["subscriptions.five_days"], &app.domain("acme")),
        ]).await;
        app.finish().await;
    }

    async fn what_was_bought_and_has_not_begun_is_no_renewed_term(app) {
        let body = json!({"lines": [machine()], "auto_pay": true, "effective_time": "2026-03-01T00:00:00Z"});
        let order = app.post("acme", ORDERS, body).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        let id = ids(&app, "acme", &order).await.remove(0);
        asked(&app, "acme", &[&id], 2).await.refused(400, "CBC.99003128");
        let end = resources(&app, "acme", &order).await[0]["expire_time"].clone();
        let renewal = renewed(&app, "acme", &id, 1).await;
        let refund = returned(&app, "acme", &[&id], 2).await;
        assert_eq!(rows(&app, "acme", &refund).await, [("-182.07".to_owned(), renewal)]);
        assert_eq!(resources(&app, "acme", &order).await[0]["expire_time"], end);
        app.finish().await;
    }

    // It is paid for the term to come, so nothing of it is used either.
    async fn a_larger_specification_of_what_has_not_begun_goes_back_whole(app) {
        let small = with(machine(), "resource_spec", json!("s2.small.1.linux"));
        let body = json!({"lines": [small], "auto_pay": true, "effective_time": "2026-03-01T00:00:00Z"});
        let order = app.post("acme", ORDERS, body).await.ok(201)["order_id"].as_str().unwrap().to_owned();
        let id = ids(&app, "acme", &order).await.remove(0);
        let larger = json!({"resource_spec": "s3.medium.4.linux", "auto_pay": true});
        app.post("acme", &format!("/openbss/v1/resources/{id}/change"), larger).await.ok(201);
        assert_ne!(cash(&app, "acme").await, "10000");
        app.advance_to("2026-02-20T00:00:00Z").await;
        returned(&app, "acme", &[&id], 1).await;
        assert_eq!(cash(&app, "acme").await, "10000");
        app.finish().await;
    }
}
