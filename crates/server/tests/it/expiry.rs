//! What becomes of a resource when its term is over (rules 1.1 to 1.3): the dates, who is told, and what a server that
//! was down makes up for.

use domain::site::Site;
use platform::job::Ran;
use platform::op::Host;
use serde_json::{Value, json};
use server::app::Provisioner;

use crate::contract::calls::{integers, purchase, region};
use crate::harness::{On, Options, TestApp};
use crate::on_both;
use crate::orders::{ORDERS, PAY, disk, machine, payment, place, with};

pub(crate) const QUERY: &str = "/v2/orders/suscriptions/resources/query";

/// Buys and pays; answers the resource ids, primary ones first.
pub(crate) async fn buy(app: &TestApp, tenant: &str, lines: Value) -> Vec<String> {
    let order = place(app, tenant, lines).await;
    app.post(tenant, PAY, payment(&order)).await.ok(204);
    ids(app, tenant, &order).await
}

/// The resource ids of an order, primary ones first.
pub(crate) async fn ids(app: &TestApp, tenant: &str, order: &str) -> Vec<String> {
    let found = app.post(tenant, QUERY, json!({"order_id": order, "limit": 500})).await.ok(200);
    let mut data = found["data"].as_array().unwrap().clone();
    data.sort_by_key(|one| one["is_main_resource"] == 0);
    data.iter().map(|one| one["resource_id"].as_str().unwrap().to_owned()).collect()
}

/// `status/policy until`, or `gone`, as its customer sees a resource.
pub(crate) async fn shown(app: &TestApp, tenant: &str, id: &str) -> String {
    let found = app.post(tenant, QUERY, json!({"resource_ids": [id], "limit": 500})).await.ok(200);
    let data = found["data"].as_array().unwrap();
    let Some(one) = data.iter().find(|one| one["resource_id"] == id) else { return "gone".to_owned() };
    format!("{}/{} {}", one["status"], one["expire_policy"], one["expire_time"].as_str().unwrap())
}

/// Runs of the job of this feature, as `instant: outcome`.
pub(crate) fn lived(ran: &[Ran]) -> Vec<String> {
    let ours = ran.iter().filter(|ran| ran.job == "subscriptions.live");
    ours.map(|ran| format!("{}: {}", ran.at.to_wire(), ran.outcome)).collect()
}

/// Events that webhooks are told, and subjects of mails, in the order in which they were written.
pub(crate) async fn told(app: &TestApp, channel: &str) -> Vec<String> {
    let outbox = app.get("operator", "/openbss/v1/sandbox/outbox?limit=1000").await.ok(200);
    let mut items = outbox["items"].as_array().unwrap().clone();
    items.retain(|item| item["channel"] == channel);
    // Of one instant nothing says what came first.
    items.sort_by_key(|item| (item["created_at"].to_string(), item["subject"].to_string()));
    items.iter().map(|item| item["subject"].as_str().unwrap().to_owned()).collect()
}

pub(crate) async fn listen(app: &TestApp, tenant: &str) {
    let hook = json!({"url": "http://127.0.0.1:9/", "events": ["*"]});
    app.post(tenant, "/openbss/v1/webhooks", hook).await.ok(201);
}

async fn set_tier(app: &TestApp, tenant: &str, tier: &str) {
    let path = format!("/openbss/v1/accounts/{}/tier", app.domain(tenant));
    let set = app.call("operator", "PUT", &path, Some(json!({"tier": tier}))).await.ok(200);
    assert_eq!(set, json!({"domain_id": app.domain(tenant), "tier": tier}));
}

/// Names of the audit trail's events that the system left on an account.
async fn trail(app: &TestApp, tenant: &str) -> Vec<String> {
    let sql = format!(
        "select event from audit_events where account_id = '{}' and user_id = 'system' order by at, event limit 100",
        app.domain(tenant)
    );
    let mut tx = app.app.db().begin_read().await.expect("a snapshot");
    let rows = tx.all(&sql, &[]).await.expect("it runs");
    tx.rollback().await;
    rows.iter().map(|row| row.text(0).to_owned()).collect()
}

/// An instant of a day of early 2026, by days after 15 February 15:59:59, the usual expiry.
fn days_after(days: i64) -> String {
    let expiry = domain::calendar::Instant::parse_utc("2026-02-15T15:59:59Z").unwrap();
    expiry.plus_ms(days * 86_400_000).to_wire()
}

on_both! {
    async fn a_resource_walks_through_grace_and_retention_to_its_end(app) {
        let id = buy(&app, "acme", json!([machine()])).await.remove(0);
        let steps = [
            ("2026-02-15T15:59:58Z", "2/0 2026-02-15T15:59:59Z", ""),
            ("2026-02-15T15:59:59Z", "5/4 2026-02-15T15:59:59Z", "expired"),
            ("2026-03-02T15:59:58Z", "5/4 2026-02-15T15:59:59Z", ""),
            ("2026-03-02T15:59:59Z", "4/5 2026-02-15T15:59:59Z", "frozen"),
            ("2026-03-17T15:59:58Z", "4/5 2026-02-15T15:59:59Z", ""),
            ("2026-03-17T15:59:59Z", "gone", "closed"),
            ("2027-03-17T15:59:59Z", "gone", ""),
        ];
        for (at, wanted, outcome) in steps {
            let ran = lived(&app.advance_to(at).await);
            let outcomes: Vec<String> =
                (!outcome.is_empty()).then(|| format!("{at}: {outcome}")).into_iter().collect();
            assert_eq!(ran, outcomes, "{at}");
            assert_eq!(shown(&app, "acme", &id).await, wanted, "{at}");
        }
        // Rule 1.1.4: what is closed expired when it was closed.
        let sql = "select status, expires_at, updated_at, expire_policy from resources order by id limit 1";
        let closed = domain::calendar::Instant::parse_utc("2026-03-17T15:59:59Z").unwrap().ms();
        assert_eq!(integers(&app, sql, 4).await, [3, closed, closed, 5]);
        app.finish().await;
    }

    async fn what_is_attached_goes_with_its_primary(app) {
        let all = buy(&app, "acme", json!([machine(), disk(), disk()])).await;
        assert_eq!(all.len(), 3);
        let ran = lived(&app.advance_to("2026-04-01T00:00:00Z").await);
        assert_eq!(ran, [
            "2026-02-15T15:59:59Z: expired (3 resources)",
            "2026-03-02T15:59:59Z: frozen (3 resources)",
            "2026-03-17T15:59:59Z: closed (3 resources)",
        ]);
        let found = app.post("acme", QUERY, json!({})).await.ok(200);
        assert_eq!(found["total_count"], 0);
        app.finish().await;
    }

    async fn everybody_is_told_once(app) {
        let contact = format!("/openbss/v1/accounts/{}/contact", app.domain("acme"));
        app.call("operator", "PUT", &contact, Some(json!({"email": "ops@acme.example"}))).await.ok(200);
        buy(&app, "acme", json!([with(machine(), "resource_name", json!("web-1")), disk()])).await;
        listen(&app, "acme").await;
        app.advance_to("2026-04-01T00:00:00Z").await;
        assert_eq!(told(&app, "webhook").await, [
            "resource.expired", "resource.expired", "resource.frozen", "resource.frozen",
            "resource.closed", "resource.closed",
        ]);
        let mails = told(&app, "mail").await;
        let begin = |subject: &String| subject.split(" / ").next().unwrap().to_owned();
        let begins: Vec<String> = mails.iter().map(begin).collect();
        assert_eq!(begins, ["Expired: web-1", "Frozen: web-1", "Deleted: web-1"]);
        assert_eq!(trail(&app, "acme").await, [
            "expireResource", "expireResource", "freezeExpiredResource", "freezeExpiredResource",
            "closeResource", "closeResource",
        ]);
        app.finish().await;
    }

    async fn the_tier_at_the_expiry_decides(app: Options { site: Site::Cn, ..Options::default() }) {
        let order = app.post("acme", ORDERS, purchase(region(Site::Cn))).await.ok(201);
        app.post("acme", PAY, payment(order["order_id"].as_str().unwrap())).await.ok(204);
        set_tier(&app, "acme", "V5").await;
        app.advance_to(&days_after(0)).await;
        set_tier(&app, "acme", "V0").await;
        let ran = lived(&app.advance_to("2026-05-01T00:00:00Z").await);
        assert_eq!(ran, [
            format!("{}: frozen (2 resources)", days_after(7)),
            format!("{}: closed (2 resources)", days_after(22)),
        ]);
        app.finish().await;
    }

    async fn the_tier_is_the_operators_to_set_and_shown(app) {
        let path = format!("/openbss/v1/accounts/{}", app.domain("acme"));
        assert_eq!(app.get("acme", &path).await.ok(200)["tier"], "V0");
        set_tier(&app, "acme", "V3").await;
        assert_eq!(app.get("acme", &path).await.ok(200)["tier"], "V3");
        for body in [json!({}), json!({"tier": "V6"}), json!({"tier": "v1"}), json!({"tier": 1}), json!({"tier": ""})] {
            let reply = app.call("operator", "PUT", &format!("{path}/tier"), Some(body.clone())).await;
            assert!(reply.refused(400, "CBC.0100").contains("tier"), "{body}");
        }
        let tier = json!({"tier": "V5"});
        app.call("acme", "PUT", &format!("{path}/tier"), Some(tier.clone())).await.refused(403, "CBC.0151");
        let operator = format!("/openbss/v1/accounts/{}/tier", app.domain("operator"));
        app.call("operator", "PUT", &operator, Some(tier)).await.refused(400, "CBC.0100");
        app.finish().await;
    }

    async fn grace_does_not_keep_anybody_from_buying(app) {
        buy(&app, "acme", json!([machine()])).await;
        app.advance_to("2026-02-20T00:00:00Z").await;
        buy(&app, "acme", json!([machine()])).await;
        app.advance_to("2026-03-05T00:00:00Z").await;
        buy(&app, "acme", json!([machine()])).await;
        app.finish().await;
    }

    async fn what_was_delivered_late_walks_on_its_own_and_goes_with_its_primary(app: Options { provisioner: Provisioner::External, ..Options::default() }) {
        let order = place(&app, "acme", json!([machine(), disk()])).await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let items = app.get("operator", "/openbss/v1/provisioning").await.ok(200);
        let items = items["items"].as_array().unwrap();
        let of = |primary: bool| {
            let item = items.iter().find(|item| item["parent_id"].is_null() == primary).unwrap();
            format!("/openbss/v1/resources/{}/provisioned", item["id"].as_str().unwrap())
        };
        app.post("operator", &of(true), json!({})).await.ok(200);
        app.advance_to("2026-01-18T08:00:00Z").await;
        app.post("operator", &of(false), json!({})).await.ok(200);
        let ran = lived(&app.advance_to("2026-05-01T00:00:00Z").await);
        assert_eq!(ran, [
            "2026-02-15T15:59:59Z: expired",
            "2026-02-18T15:59:59Z: expired",
            "2026-03-02T15:59:59Z: frozen",
            "2026-03-05T15:59:59Z: frozen",
            "2026-03-17T15:59:59Z: closed, closed",
        ]);
        app.finish().await;
    }

    async fn a_server_that_was_down_takes_every_step_in_order(app) {
        let early = buy(&app, "acme", json!([machine()])).await.remove(0);
        app.advance_to("2026-01-20T00:00:00Z").await;
        let late = buy(&app, "acme", json!([machine(), disk()])).await.remove(0);
        // Down from January to the end of the first one's retention and the second one's grace.
        let app = app.restarted_at("2026-03-18T00:00:00Z").await;
        let ran = app.app.jobs.run_due(&app.app).await.expect("jobs run");
        assert_eq!(lived(&ran), [
            "2026-02-15T15:59:59Z: expired",
            "2026-02-20T15:59:59Z: expired (2 resources)",
            "2026-03-02T15:59:59Z: frozen",
            "2026-03-07T15:59:59Z: frozen (2 resources)",
            "2026-03-17T15:59:59Z: closed",
        ]);
        assert_eq!(shown(&app, "acme", &early).await, "gone");
        assert_eq!(shown(&app, "acme", &late).await, "4/5 2026-02-20T15:59:59Z");
        assert!(app.app.jobs.run_due(&app.app).await.expect("jobs run").is_empty(), "once");
        app.finish().await;
    }

    async fn moving_the_clock_lists_what_ran_in_order(app) {
        for day in ["2026-01-15", "2026-01-20", "2026-01-31"] {
            app.advance_to(&format!("{day}T08:00:00Z")).await;
            buy(&app, "acme", json!([machine()])).await;
        }
        let moved = app.post("operator", "/openbss/v1/sandbox/clock", json!({"by": "P1Y"})).await.ok(200);
        let ran = moved["ran"].as_array().unwrap();
        assert_eq!(moved["ran_count"], ran.len());
        let ours: Vec<&Value> = ran.iter().filter(|one| one["job"] == "subscriptions.live").collect();
        assert_eq!(ours.len(), 9);
        let instants: Vec<&str> = ran.iter().map(|one| one["at"].as_str().unwrap()).collect();
        assert!(instants.is_sorted(), "{instants:?}");
        app.finish().await;
    }
}

/// The same script, with restarts between any two of its steps or none: `(state of every resource, events)`.
async fn script(on: On, is_restarted: bool) -> (Vec<i64>, Vec<String>) {
    let mut app = TestApp::start(on).await;
    listen(&app, "operator").await;
    buy(&app, "acme", json!([machine(), disk()])).await;
    let mut now = "2026-01-15T08:00:00Z";
    let moves =
        ["2026-02-01T00:00:00Z", "2026-02-15T15:59:59Z", "2026-03-02T16:00:00Z", "2026-03-17T15:59:58Z"];
    for to in moves {
        if is_restarted {
            app = app.restarted_at(now).await;
        }
        app.advance_to(to).await;
        now = to;
        buy(&app, "globex", json!([machine()])).await;
    }
    if is_restarted {
        app = app.restarted_at(now).await;
    }
    app.advance_to("2026-04-20T00:00:00Z").await;
    let sum = |column: &str| format!("cast(coalesce(sum({column}), 0) as bigint)");
    let columns = ["status", "expires_at", "updated_at", "due_at", "grace_until", "retained_until"].map(sum);
    let sql = format!("select count(*), {} from resources", columns.join(", "));
    let state = integers(&app, &sql, 7).await;
    let events = told(&app, "webhook").await;
    app.finish().await;
    (state, events)
}

mod stopping_and_starting_changes_nothing {
    use super::{On, script};

    #[tokio::test]
    async fn sqlite() {
        assert_eq!(script(On::Sqlite, true).await, script(On::Sqlite, false).await);
    }

    #[tokio::test]
    async fn postgres() {
        assert_eq!(script(On::Postgres, true).await, script(On::Postgres, false).await);
    }
}

/// Rule 1.3: a site, a tier, days of grace, days of retention.
const KEPT: &[(Site, &str, i64, i64)] = &[
    (Site::Cn, "V0", 1, 1),
    (Site::Cn, "V1", 1, 7),
    (Site::Cn, "V2", 1, 7),
    (Site::Cn, "V3", 7, 7),
    (Site::Cn, "V4", 7, 15),
    (Site::Cn, "V5", 7, 15),
    (Site::Intl, "V0", 15, 15),
    (Site::Intl, "V5", 15, 15),
    (Site::Eu, "V0", 15, 15),
    (Site::Eu, "V3", 15, 15),
];

async fn kept(on: On, site: Site) {
    for (_, tier, grace, retention) in KEPT.iter().filter(|row| row.0 == site) {
        let app = TestApp::start_with(on, Options { site, ..Options::default() }).await;
        set_tier(&app, "acme", tier).await;
        let order = app.post("acme", ORDERS, purchase(region(site))).await.ok(201);
        app.post("acme", PAY, payment(order["order_id"].as_str().unwrap())).await.ok(204);
        let ran = lived(&app.advance_to("2026-12-31T00:00:00Z").await);
        let wanted = [
            format!("{}: expired (2 resources)", days_after(0)),
            format!("{}: frozen (2 resources)", days_after(*grace)),
            format!("{}: closed (2 resources)", days_after(grace + retention)),
        ];
        assert_eq!(ran, wanted, "{site:?} {tier}");
        app.finish().await;
    }
}

mod grace_and_retention_are_those_of_the_site_and_the_tier {
    use super::{On, Site, kept};

    #[tokio::test]
    async fn china_on_sqlite() {
        kept(On::Sqlite, Site::Cn).await;
    }

    #[tokio::test]
    async fn china_on_postgres() {
        kept(On::Postgres, Site::Cn).await;
    }

    #[tokio::test]
    async fn international_and_europe_on_sqlite() {
        kept(On::Sqlite, Site::Intl).await;
        kept(On::Sqlite, Site::Eu).await;
    }

    #[tokio::test]
    async fn international_and_europe_on_postgres() {
        kept(On::Postgres, Site::Intl).await;
        kept(On::Postgres, Site::Eu).await;
    }
}
