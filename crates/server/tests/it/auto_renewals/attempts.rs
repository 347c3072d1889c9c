//! When automatic renewal is tried, how often, and what it pays with.

use std::sync::Arc;

use domain::calendar::Instant;
use domain::site::Site;
use platform::auth::secrets::Vault;
use platform::clock::Clock;
use platform::op::Host;
use serde_json::{Value, json};
use server::app::{App, AppConfig, Provisioner};

use super::{CONFIG, QUERY, RENEW, attempts, buy, expiry, mails, policy, renewing, seen, turn_off, turn_on};
use crate::contract::calls::user;
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{CANCEL, cash, disk, machine, payment, with};
use crate::paying::{bill, coupon, coupon_is, grant, place_with};

/// A further process on the database of a test, with a clock of its own.
async fn process(app: &TestApp, now: &str) -> Arc<App> {
    let config = AppConfig {
        db: app.app.db().clone(),
        clock: Clock::sandbox(Instant::parse_utc(now).unwrap()),
        site: Site::Intl,
        vault: Vault::from_key_bytes([7; 32]),
        provisioner: Provisioner::Immediate,
        is_sandbox: true,
        seed: None,
    };
    App::open(config).await.expect("the application opens")
}

async fn deduct(app: &TestApp, tenant: &str, days: i64) {
    let body = json!({"config_name": "DEDUCTION_DATE", "config_value": days.to_string()});
    app.post(tenant, CONFIG, body).await.ok(200);
}

/// The orders of a type, the latest first.
async fn orders(app: &TestApp, tenant: &str, order_type: i64) -> Vec<String> {
    let path = format!("{}?order_type={order_type}&limit=100", crate::orders::LIST);
    let body = app.get(tenant, &path).await.ok(200);
    let infos = body["order_infos"].as_array().unwrap();
    infos.iter().map(|one| one["order_id"].as_str().unwrap().to_owned()).collect()
}

fn renewed(at: &str, until: &str) -> (String, String) {
    (at.to_owned(), format!("renewed until {until}"))
}

fn failed(at: &str, code: &str, next: &str) -> (String, String) {
    (at.to_owned(), format!("not renewed ({code}); tried again at {next}"))
}

on_both! {
    async fn a_thousand_resources_are_renewed_twelve_times_in_a_year_and_pay_once_each_time(app) {
        let top_up = format!("/openbss/v1/accounts/{}/top-ups", app.domain("acme"));
        app.post("operator", &top_up, json!({"amount": "150000", "trans_id": "a year"})).await.ok(201);
        let line = with(crate::changes::small(), "subscription_num", json!(100));
        let more = json!({"auto_renew": true, "auto_pay": true});
        assert_eq!(place_with(&app, "acme", json!(vec![line; 10]), more).await["status"], 5);
        let ran = app.advance_to("2027-01-15T16:00:00Z").await;
        assert_eq!(attempts(&ran).len(), 12_000);
        let renewals = app.get("acme", "/v2/orders/customer-orders?order_type=2&status=5&limit=1").await.ok(200);
        assert_eq!(renewals["total_count"], 12_000);
        // 13 months of 1,000 machines at 12 a month.
        assert_eq!(cash(&app, "acme").await, "4000");
        let until = json!({"expire_time_begin": "2027-02-15T15:59:59Z", "expire_time_end": "2027-02-15T16:00:00Z"});
        assert_eq!(app.post("acme", QUERY, until).await.ok(200)["total_count"], 1_000);
        app.finish().await;
    }

    async fn the_first_attempt_is_at_03_00_so_many_days_before_the_expiry(app) {
        // The 15th of February ends at 15:59:59Z; 03:00 of a day is 19:00Z of the day before.
        let days = [(7, "07"), (2, "12"), (3, "11"), (4, "10"), (5, "09"), (6, "08")];
        for (number, (days, date)) in days.into_iter().enumerate() {
            // The default comes first; the others are set, before and after the purchase in turn.
            let before = number % 2 == 0;
            if number > 0 && before {
                deduct(&app, "acme", days).await;
            }
            let id = buy(&app, "acme", json!([with(machine(), "resource_spec", json!("s3.small.1.linux"))]),
                json!({"auto_renew": true})).await.remove(0);
            if number > 0 && !before {
                deduct(&app, "acme", days).await;
            }
            let due = due(&app, &id).await.unwrap();
            assert_eq!(due.to_wire(), format!("2026-02-{date}T19:00:00Z"), "{days} days before");
            turn_off(&app, "acme", &id).await.ok(204);
        }
        let id = renewing(&app, "acme").await;
        deduct(&app, "acme", 2).await;
        let ran = app.advance_to("2026-02-12T18:59:59.999Z").await;
        assert_eq!(attempts(&ran), []);
        let ran = app.advance_to("2026-02-12T19:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-02-12T19:00:00Z", "2026-03-15T15:59:59Z")]);
        assert_eq!(due(&app, &id).await.unwrap().to_wire(), "2026-03-12T19:00:00Z");
        app.finish().await;
    }

    async fn a_failed_attempt_is_told_by_mail_and_made_again_every_day(app) {
        let id = renewing(&app, "globex").await;
        spend_all(&app, "globex").await;
        let ran = app.advance_to("2026-02-09T20:00:00Z").await;
        let codes = ["2026-02-07T19:00:00Z", "2026-02-08T19:00:00Z", "2026-02-09T19:00:00Z", "2026-02-10T19:00:00Z"];
        let expected: Vec<_> = (0..3).map(|day| failed(codes[day], "CBC.99005003", codes[day + 1])).collect();
        assert_eq!(attempts(&ran), expected);
        assert_eq!(expiry(&app, "globex", &id).await, "2026-02-15T15:59:59Z");
        assert_eq!(orders(&app, "globex", 2).await, Vec::<String>::new(), "nothing is left of an attempt");

        let told = mails(&app).await;
        assert_eq!(told.len(), 3);
        let mail = &told[0];
        assert_eq!(mail["recipient"], "globex@example.com");
        assert_eq!(mail["state"], "captured");
        assert_eq!(mail["account_id"], app.domain("globex"));
        let subject = mail["subject"].as_str().unwrap();
        assert!(subject.starts_with("Automatic renewal failed: vm-") && subject.contains("自动续费失败"), "{subject}");
        let body = mail["body"].as_str().unwrap();
        for line in [
            &format!("({id})"), "List price: 182.07 USD", "Reason: The balance of the account does not cover the amount.",
            "It is tried again: 2026-02-11 03:00:00 (GMT+8)", "It is kept until: 2026-03-17 23:59:59 (GMT+8)",
            "End of its term: 2026-02-15 23:59:59 (GMT+8)", "原因：", "下次尝试：2026-02-11 03:00:00 (GMT+8)",
        ] {
            assert!(body.contains(line), "{line} is not in {body}");
        }
        crate::funds::top_up(&app, "globex", "200", "again").await;
        let ran = app.advance_to("2026-02-11T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-02-10T19:00:00Z", "2026-03-15T15:59:59Z")]);
        assert_eq!(mails(&app).await.len(), 3);
        assert_eq!(orders(&app, "globex", 2).await.len(), 1);
        app.finish().await;
    }

    async fn so_many_times_and_no_more(app) {
        let id = buy(&app, "acme", json!([machine(), disk()]), json!({})).await.remove(0);
        turn_on(&app, "acme", &id, json!({"auto_renew_times": 3})).await.ok(204);
        // Without a number nothing changes; with one it begins anew.
        turn_on(&app, "acme", &id, json!({})).await.ok(204);
        turn_on(&app, "acme", &id, json!({"auto_renew_times": null})).await.ok(204);
        app.advance_to("2026-02-08T00:00:00Z").await;
        turn_on(&app, "acme", &id, json!({"auto_renew_times": 2})).await.ok(204);
        let ran = app.advance_to("2026-03-20T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-03-07T19:00:00Z", "2026-04-15T15:59:59Z")]);
        assert_eq!(policy(&app, &id).await, 3);
        let ran = app.advance_to("2026-05-14T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-04-07T19:00:00Z", "2026-05-15T15:59:59Z")]);
        // The last one is used up.
        assert_eq!(policy(&app, &id).await, 0);
        turn_off(&app, "acme", &id).await.refused(400, "CBC.99003605");
        app.finish().await;
    }

    async fn a_term_that_is_over_when_it_is_renewed_is_followed_by_another_the_next_day(app) {
        app.advance_to("2027-01-01T18:00:00Z").await;
        let id = renewing(&app, "acme").await;
        let account = |what: &str| format!("/openbss/v1/accounts/{}/{what}", app.domain("acme"));
        app.post("operator", &account("freeze"), json!({"reason": "review"})).await.ok(200);
        app.advance_to("2027-03-02T18:00:00Z").await;
        app.post("operator", &account("unfreeze"), json!({})).await.ok(200);
        // It ended on 2 February, and is kept for thirty days: February has fewer.
        let ran = app.advance_to("2027-03-10T00:00:00Z").await;
        let expected = [
            renewed("2027-03-02T19:00:00Z", "2027-03-02T15:59:59Z"),
            renewed("2027-03-03T19:00:00Z", "2027-04-02T15:59:59Z"),
        ];
        assert_eq!(attempts(&ran), expected);
        assert_eq!(expiry(&app, "acme", &id).await, "2027-04-02T15:59:59Z");
        app.finish().await;
    }

    async fn attempts_go_on_through_grace_and_retention_until_the_resource_is_closed(app) {
        let (lost, kept) = (renewing(&app, "globex").await, renewing(&app, "acme").await);
        spend_all(&app, "globex").await;
        spend_all(&app, "acme").await;
        app.advance_to("2026-03-05T00:00:00Z").await;
        // In retention: a top-up comes just in time.
        assert_eq!(seen(&app, "acme", &kept).await["status"], 4);
        assert_eq!(seen(&app, "acme", &kept).await["expire_policy"], 3);
        crate::funds::top_up(&app, "acme", "200", "in time").await;
        let ran = app.advance_to("2026-03-17T15:59:58Z").await;
        let all = attempts(&ran);
        // The old expiry is where the new term begins, so its end is ten days off: less than seven days before it next.
        let of_acme: Vec<_> = all.iter().filter(|(_, outcome)| outcome.starts_with("renewed")).collect();
        assert_eq!(of_acme, [&renewed("2026-03-05T19:00:00Z", "2026-03-15T15:59:59Z")]);
        assert_eq!(all.last().unwrap().0, "2026-03-16T19:00:00Z");
        assert_eq!(seen(&app, "globex", &lost).await["status"], 4);
        let before = mails(&app).await.iter().filter(|mail| mail["recipient"] == "globex@example.com").count();
        let ran = app.advance_to("2026-03-25T00:00:00Z").await;
        assert_eq!(app.post("globex", QUERY, json!({"resource_ids": [lost]})).await.ok(200)["total_count"], 0);
        assert!(attempts(&ran).iter().all(|(at, _)| at.as_str() > "2026-03-17"), "{ran:?}");
        assert_eq!(due(&app, &lost).await, None);
        let failures = |mail: &&Value| mail["recipient"] == "globex@example.com"
            && mail["subject"].as_str().unwrap().starts_with("Automatic renewal failed");
        assert_eq!(mails(&app).await.iter().filter(failures).count(), 38, "one a day from 8 February to 17 March");
        assert!(before > 38, "and those of its expiry and its freeze");
        app.finish().await;
    }

    async fn a_failed_attempt_uses_up_no_time(app) {
        let id = buy(&app, "globex", json!([machine()]), json!({})).await.remove(0);
        turn_on(&app, "globex", &id, json!({"auto_renew_times": 1})).await.ok(204);
        spend_all(&app, "globex").await;
        let ran = app.advance_to("2026-02-09T00:00:00Z").await;
        assert_eq!(attempts(&ran).len(), 2);
        assert_eq!(seen(&app, "globex", &id).await["expire_policy"], 3);
        crate::funds::top_up(&app, "globex", "500", "again").await;
        let ran = app.advance_to("2026-03-14T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-02-09T19:00:00Z", "2026-03-15T15:59:59Z")]);
        assert_eq!(seen(&app, "globex", &id).await["expire_policy"], 0);
        app.finish().await;
    }

    async fn month_ends_stick_over_a_year_and_each_month_is_charged_once(app) {
        app.advance_to("2026-01-31T10:00:00Z").await;
        let id = renewing(&app, "acme").await;
        let ends = ["02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31"];
        assert_eq!(expiry(&app, "acme", &id).await, "2026-02-28T15:59:59Z");
        let ran = app.advance_to("2026-12-01T00:00:00Z").await;
        let until: Vec<String> = attempts(&ran).into_iter().map(|(_, outcome)| outcome).collect();
        let expected: Vec<String> = ends[1..].iter().map(|day| format!("renewed until 2026-{day}T15:59:59Z")).collect();
        assert_eq!(until, expected);
        // 10,000.00 less eleven months at 182.07.
        assert_eq!(cash(&app, "acme").await, "7997.23");
        app.finish().await;
    }

    async fn years_are_renewed_by_years_and_what_was_asked_for_by_that(app) {
        crate::funds::top_up(&app, "acme", "20000", "more").await;
        let yearly = with(machine(), "period_type", json!(3));
        let by_year = buy(&app, "acme", json!([yearly.clone()]), json!({"auto_renew": true})).await.remove(0);
        let by_month = buy(&app, "acme", json!([yearly]), json!({})).await.remove(0);
        turn_on(&app, "acme", &by_month, json!({"period_type": "MONTH"})).await.ok(204);
        let quarter = buy(&app, "acme", json!([with(machine(), "period_num", json!(3))]), json!({})).await.remove(0);
        // The unit that it has anyway leaves the number alone.
        turn_on(&app, "acme", &quarter, json!({"period_type": "MONTH"})).await.ok(204);
        let ran = app.advance_to("2026-04-09T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-04-07T19:00:00Z", "2026-07-15T15:59:59Z")]);
        turn_off(&app, "acme", &quarter).await.ok(204);
        let ran = app.advance_to("2027-01-09T00:00:00Z").await;
        let mut until: Vec<_> = attempts(&ran);
        until.sort();
        assert_eq!(until, [
            renewed("2027-01-07T19:00:00Z", "2027-02-15T15:59:59Z"),
            renewed("2027-01-07T19:00:00Z", "2028-01-15T15:59:59Z"),
        ]);
        assert_eq!(expiry(&app, "acme", &by_year).await, "2028-01-15T15:59:59Z");
        app.finish().await;
    }

    async fn the_term_of_renewals_changes_no_price_and_is_forgotten_with_them(app) {
        let (plain, by_year) = (
            buy(&app, "acme", json!([crate::changes::small()]), json!({})).await.remove(0),
            buy(&app, "acme", json!([crate::changes::small()]), json!({})).await.remove(0),
        );
        turn_on(&app, "acme", &by_year, json!({"period_type": "YEAR"})).await.ok(204);
        let body = json!({"resource_spec": crate::changes::MEDIUM, "auto_pay": true});
        let prices = [
            crate::changes::change(&app, "acme", &plain, body.clone()).await.ok(201)["amount"].clone(),
            crate::changes::change(&app, "acme", &by_year, body).await.ok(201)["amount"].clone(),
        ];
        assert_eq!(prices[0], prices[1]);
        // Turned off and on, and asked for with its own unit, it is the term of the purchase again.
        for (before, after) in [(Some("YEAR"), None), (Some("YEAR"), Some("MONTH"))] {
            turn_on(&app, "acme", &by_year, json!({"period_type": before})).await.ok(204);
            if after.is_none() {
                turn_off(&app, "acme", &by_year).await.ok(204);
            }
            turn_on(&app, "acme", &by_year, json!({"period_type": after})).await.ok(204);
        }
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-02-07T19:00:00Z", "2026-03-15T15:59:59Z")]);
        app.finish().await;
    }

    async fn who_may_not_pay_turns_nothing_on_that_is_paid_at_once(app) {
        let id = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        let clerk = user(&app, "acme", "clerk", &["read", "operate"], None).await;
        let path = super::path(&id);
        app.signed(&clerk, "POST", &path, "{}", &[]).await.ok(204);
        turn_off(&app, "acme", &id).await.ok(204);
        // After 03:00 of the last day it is renewed at once.
        app.advance_to("2026-02-14T19:00:00Z").await;
        app.signed(&clerk, "POST", &path, "{}", &[]).await.refused(403, "CBC.0151");
        assert_eq!((policy(&app, &id).await, expiry(&app, "acme", &id).await.as_str()), (json!(0), "2026-02-15T15:59:59Z"));
        turn_on(&app, "acme", &id, json!({})).await.ok(204);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-03-15T15:59:59Z");
        app.finish().await;
    }

    async fn enabled_late_it_is_renewed_at_once(app) {
        let id = buy(&app, "acme", json!([machine(), disk()]), json!({})).await.remove(0);
        let poor = buy(&app, "globex", json!([machine()]), json!({})).await.remove(0);
        spend_all(&app, "globex").await;
        // After 03:00 of the last day: the next would be too late.
        app.advance_to("2026-02-14T19:00:00Z").await;
        turn_on(&app, "acme", &id, json!({"auto_renew_times": 2})).await.ok(204);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-03-15T15:59:59Z");
        assert_eq!(policy(&app, &id).await, 3);
        let order = orders(&app, "acme", 2).await.remove(0);
        assert_eq!(crate::orders::details(&app, "acme", &order).await["order_info"]["source_type"], 8);
        // Where that fails it is on all the same.
        turn_on(&app, "globex", &poor, json!({})).await.ok(204);
        assert_eq!(seen(&app, "globex", &poor).await["expire_policy"], 3);
        assert_eq!(expiry(&app, "globex", &poor).await, "2026-02-15T15:59:59Z");
        assert_eq!(mails(&app).await.len(), 1);
        assert_eq!(due(&app, &poor).await.unwrap().to_wire(), "2026-02-15T19:00:00Z");
        // The one that is left is used in time.
        let ran = app.advance_to("2026-02-15T10:00:00Z").await;
        assert_eq!(attempts(&ran), []);
        assert_eq!(due(&app, &id).await.unwrap().to_wire(), "2026-03-07T19:00:00Z");
        app.finish().await;
    }

    async fn enabled_before_the_last_03_00_it_waits_for_it(app) {
        let id = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        app.advance_to("2026-02-14T18:59:59Z").await;
        turn_on(&app, "acme", &id, json!({})).await.ok(204);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-02-15T15:59:59Z");
        let ran = app.advance_to("2026-02-14T19:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-02-14T19:00:00Z", "2026-03-15T15:59:59Z")]);
        app.finish().await;
    }

    async fn a_manual_renewal_moves_the_next_attempt(app) {
        let id = renewing(&app, "acme").await;
        app.post("acme", RENEW, json!({"resource_ids": [id], "period_type": 2, "period_num": 2, "is_auto_pay": 1}))
            .await.ok(200);
        assert_eq!(policy(&app, &id).await, 3);
        assert_eq!(due(&app, &id).await.unwrap().to_wire(), "2026-04-07T19:00:00Z");
        app.finish().await;
    }

    async fn a_waiting_order_is_in_the_way_until_it_is_gone(app) {
        let id = renewing(&app, "acme").await;
        app.advance_to("2026-02-06T00:00:00Z").await;
        let asked = json!({"resource_ids": [id], "period_type": 2, "period_num": 2});
        let order = app.post("acme", RENEW, asked).await.ok(200)["order_ids"][0].as_str().unwrap().to_owned();
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran), [failed("2026-02-07T19:00:00Z", "CBC.99003100", "2026-02-08T19:00:00Z")]);
        let told = mails(&app).await.remove(0)["body"].as_str().unwrap().to_owned();
        assert!(told.contains(&order), "the order in the way is named: {told}");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": order}))).await.ok(204);
        let ran = app.advance_to("2026-02-09T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-02-08T19:00:00Z", "2026-03-15T15:59:59Z")]);
        app.finish().await;
    }

    async fn nothing_is_renewed_for_a_frozen_account(app) {
        let id = renewing(&app, "acme").await;
        let account = format!("/openbss/v1/accounts/{}", app.domain("acme"));
        app.post("operator", &format!("{account}/freeze"), json!({"reason": "why"})).await.ok(200);
        let ran = app.advance_to("2026-02-08T00:00:00Z").await;
        assert_eq!(attempts(&ran), [failed("2026-02-07T19:00:00Z", "CBC.7281", "2026-02-08T19:00:00Z")]);
        // One of the freeze, and one of the attempt.
        assert_eq!(mails(&app).await.len(), 2);
        app.post("operator", &format!("{account}/unfreeze"), json!({})).await.ok(200);
        app.advance_to("2026-02-09T00:00:00Z").await;
        assert_eq!(expiry(&app, "acme", &id).await, "2026-03-15T15:59:59Z");
        app.finish().await;
    }

    async fn the_best_discount_and_a_fitting_coupon_are_used(app) {
        let id = renewing(&app, "acme").await;
        grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        grant(&app, "acme", 606, "ratio", "0.8", json!({})).await;
        let cash_coupon = coupon(&app, "acme", "40", &[("subscribeType", "renew")]).await;
        let for_new = coupon(&app, "acme", "50", &[("subscribeType", "new")]).await;
        app.advance_to("2026-02-08T00:00:00Z").await;
        let order = orders(&app, "acme", 2).await.remove(0);
        // 182.07, of it 80 %: 145.66, less 40.
        assert_eq!(bill(&app, "acme", &order).await[0], "182.07 = 606:36.41 301:40 + 105.66; coupon 40");
        assert_eq!(coupon_is(&app, "acme", &cash_coupon).await, "3 0");
        assert_eq!(coupon_is(&app, "acme", &for_new).await, "2 50");
        assert_eq!(expiry(&app, "acme", &id).await, "2026-03-15T15:59:59Z");
        app.finish().await;
    }

    async fn a_promotion_is_used_again_only_where_it_was_before(app) {
        let promotion = grant(&app, "acme", 700, "ratio", "0.5", json!({})).await;
        buy(&app, "acme", json!([machine()]), json!({"auto_renew": true, "discount_id": promotion})).await;
        let small = with(machine(), "resource_spec", json!("s3.small.1.linux"));
        buy(&app, "acme", json!([small]), json!({"auto_renew": true})).await;
        app.advance_to("2026-02-08T00:00:00Z").await;
        let mut bills = Vec::new();
        for order in orders(&app, "acme", 2).await {
            bills.push(bill(&app, "acme", &order).await.remove(0));
        }
        bills.sort();
        assert_eq!(bills.len(), 2);
        assert!(bills.contains(&"182.07 = 700:91.03 + 91.04".to_owned()), "{bills:?}");
        assert_eq!(bills.iter().filter(|bill| bill.contains("700:")).count(), 1, "{bills:?}");
        app.finish().await;
    }

    async fn another_deduction_day_moves_the_attempts_that_are_to_come(app) {
        let early = renewing(&app, "acme").await;
        let (late, other) = (renewing(&app, "acme").await, renewing(&app, "globex").await);
        app.post("acme", RENEW, json!({"resource_ids": [late], "period_type": 2, "period_num": 1, "is_auto_pay": 1}))
            .await.ok(200);
        app.advance_to("2026-02-07T18:00:00Z").await;
        deduct(&app, "acme", 4).await;
        assert_eq!(due(&app, &early).await.unwrap().to_wire(), "2026-02-10T19:00:00Z");
        assert_eq!(due(&app, &late).await.unwrap().to_wire(), "2026-03-10T19:00:00Z");
        assert_eq!(due(&app, &other).await.unwrap().to_wire(), "2026-02-07T19:00:00Z", "of another account");
        // The day that is past becomes the next 03:00, not the past one and not at once.
        app.advance_to("2026-02-09T00:00:00Z").await;
        deduct(&app, "acme", 7).await;
        assert_eq!(due(&app, &early).await.unwrap().to_wire(), "2026-02-09T19:00:00Z");
        let ran = app.advance_to("2026-02-10T00:00:00Z").await;
        assert_eq!(attempts(&ran), [renewed("2026-02-09T19:00:00Z", "2026-03-15T15:59:59Z")]);
        app.finish().await;
    }

    async fn a_server_that_was_down_over_03_00_catches_up(app) {
        let id = renewing(&app, "acme").await;
        let again = process(&app, "2026-02-09T06:00:00Z").await;
        let ran = again.jobs.run_due(&again).await.unwrap();
        assert_eq!(attempts(&ran), [renewed("2026-02-07T19:00:00Z", "2026-03-15T15:59:59Z")]);
        assert_eq!(expiry(&app, "acme", &id).await, "2026-03-15T15:59:59Z");
        // Down for longer than a month: renewed once for the past, and the rest in its turn.
        let later = process(&app, "2026-03-20T00:00:00Z").await;
        let ran = attempts(&later.jobs.run_due(&later).await.unwrap());
        assert_eq!(ran[0], renewed("2026-03-07T19:00:00Z", "2026-04-15T15:59:59Z"));
        app.advance_to("2026-03-20T00:00:00Z").await;
        assert_eq!(cash(&app, "acme").await, "9453.79");
        app.finish().await;
    }

    async fn two_processes_charge_once(app) {
        let mut ids = Vec::new();
        for _ in 0..8 {
            ids.push(buy(&app, "acme", json!([with(machine(), "resource_spec", json!("s3.small.1.linux"))]),
                json!({"auto_renew": true})).await.remove(0));
        }
        let before = app.post("acme", QUERY, json!({})).await.ok(200)["total_count"].clone();
        let (one, two) = (process(&app, "2026-02-08T00:00:00Z").await, process(&app, "2026-02-08T00:00:00Z").await);
        let (first, second) = tokio::join!(one.jobs.run_due(&one), two.jobs.run_due(&two));
        let mut ran = attempts(&first.unwrap());
        ran.extend(attempts(&second.unwrap()));
        let done = ran.iter().filter(|(_, outcome)| outcome.starts_with("renewed")).count();
        assert_eq!(done, 8, "{ran:?}");
        assert_eq!(orders(&app, "acme", 2).await.len(), 8);
        for id in &ids {
            assert_eq!(expiry(&app, "acme", id).await, "2026-03-15T15:59:59Z");
        }
        assert_eq!(app.post("acme", QUERY, json!({})).await.ok(200)["total_count"], before);
        app.advance_to("2026-02-08T00:00:00Z").await;
        app.finish().await;
    }
}

/// When the next attempt of a resource is made; only the database knows.
async fn due(app: &TestApp, id: &str) -> Option<Instant> {
    let mut tx = app.app.db().begin_read().await.unwrap();
    let row = tx.one("select renew_at from resources where id = $1", platform::params![id]).await.unwrap();
    tx.rollback().await;
    row.opt_int(0).map(Instant::from_ms)
}

/// An account spends all of its money, credit as well.
async fn spend_all(app: &TestApp, tenant: &str) {
    let body = app.get(tenant, "/v2/accounts/customer-accounts/balances").await.ok(200);
    let cents = |row: &Value| {
        let text = row["amount"].to_string();
        let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
        let part = format!("{part:0<2}");
        whole.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap()
    };
    let left: i64 = body["account_balances"].as_array().unwrap().iter().map(cents).sum();
    let order = crate::orders::place(app, tenant, json!([crate::accounts::disk(left / 50 * 50)])).await;
    app.post(tenant, crate::orders::PAY, payment(&order)).await.ok(204);
}
