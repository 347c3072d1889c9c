//! Facts about orders that are placed with a discount or a coupon: what they hold, what a payment by hand leaves of it,
//! and what automatic payment adds.

use serde_json::json;

use crate::accounts::disk;
use crate::explain::reprice;
use crate::on_both;
use crate::orders::{CANCEL, ORDERS, PAY, cash, machine, payment, place, status, with};
use crate::paying::{
    COUPONS, auto, bill, coupon, coupon_is, grant, id_of, issue, pay_with, place_with, to_coupon,
};
use crate::verify::expect_each;

on_both! {
    async fn an_open_order_holds_its_coupon_until_it_is_cancelled(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let first = id_of(&place_with(&app, "acme", json!([disk(10_000)]), json!({"coupon_id": paper})).await);
        assert_eq!(bill(&app, "acme", &first).await[0], "100 = 301:30 + 70; coupon 30");
        assert_eq!(coupon_is(&app, "acme", &paper).await, format!("2 30 held by {first}"));
        let second = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&second, None, &[(&paper, 301)])).await.refused(400, "CBC.99003112");
        let third = json!({"lines": [disk(10_000)], "coupon_id": paper});
        app.post("acme", ORDERS, third).await.refused(400, "CBC.99003112");
        app.call("acme", "PUT", CANCEL, Some(json!({"order_id": first}))).await.ok(204);
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 30");
        app.post("acme", PAY, pay_with(&second, None, &[(&paper, 301)])).await.ok(204);
        assert_eq!(cash(&app, "acme").await, "9930");
        app.finish().await;
    }

    async fn an_order_whose_time_is_over_lets_go_of_its_coupon(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let order = id_of(&place_with(&app, "acme", json!([disk(10_000)]), json!({"coupon_id": paper})).await);
        app.advance_to("2026-01-22T16:00:00Z").await;
        assert_eq!(status(&app, "acme", &order).await, 4);
        assert_eq!(coupon_is(&app, "acme", &paper).await, "2 30");
        app.finish().await;
    }

    async fn a_combined_order_holds_its_coupon_until_it_is_cancelled_or_its_time_is_over(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        for is_cancelled in [true, false] {
            let more = json!({"combined": true, "coupon_id": paper});
            let whole = id_of(&place_with(&app, "acme", json!([disk(10_000), disk(20_000)]), more).await);
            assert_eq!(coupon_is(&app, "acme", &paper).await, format!("2 30 held by {whole}"));
            if is_cancelled {
                app.call("acme", "PUT", CANCEL, Some(json!({"order_id": whole}))).await.ok(204);
            } else {
                app.advance_to("2026-01-22T16:00:00Z").await;
            }
            assert_eq!(status(&app, "acme", &whole).await, 4);
            assert_eq!(coupon_is(&app, "acme", &paper).await, "2 30");
        }
        app.finish().await;
    }

    async fn a_payment_by_hand_uses_what_it_names_and_nothing_of_placing(app) {
        let (held, other) = (coupon(&app, "acme", "30", &[]).await, coupon(&app, "acme", "20", &[]).await);
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let more = json!({"coupon_id": held, "discount_id": discount});
        let whole = "100 = + 100";
        for (named_discount, named_coupon, expected) in [
            (false, None, whole), (true, None, "100 = 605:10 + 90"), (false, Some(&other), "100 = 301:20 + 80; coupon 20"),
            (false, Some(&held), "100 = 301:30 + 70; coupon 30"),
        ] {
            let order = id_of(&place_with(&app, "acme", json!([disk(10_000)]), more.clone()).await);
            assert_eq!(bill(&app, "acme", &order).await[0], "100 = 605:10 301:30 + 60; coupon 30");
            assert_eq!(coupon_is(&app, "acme", &held).await, format!("2 30 held by {order}"));
            let named: Vec<(&str, i64)> = named_coupon.iter().map(|id| (id.as_str(), 301)).collect();
            let pay = pay_with(&order, named_discount.then_some((discount.as_str(), 2)), &named);
            app.post("acme", PAY, pay).await.ok(204);
            assert_eq!(bill(&app, "acme", &order).await, [expected, expected]);
            let left = if named_coupon == Some(&held) { "3 0" } else { "2 30" };
            assert_eq!(coupon_is(&app, "acme", &held).await, left);
        }
        assert_eq!((coupon_is(&app, "acme", &other).await, cash(&app, "acme").await), ("3 0".to_owned(), "9660".to_owned()));
        app.finish().await;
    }

    async fn an_order_whose_coupon_is_no_longer_good_is_paid_without_it(app) {
        let frozen = coupon(&app, "acme", "30", &[]).await;
        let withdrawn = coupon(&app, "acme", "30", &[]).await;
        let short = issue(&app, "acme", json!({"face_value": "7", "expire_time": "2026-01-16T16:00:00Z"})).await;
        let mut orders = Vec::new();
        for held in [&frozen, &withdrawn, &short] {
            orders.push(id_of(&place_with(&app, "acme", json!([disk(10_000)]), json!({"coupon_id": held})).await));
        }
        to_coupon(&app, &frozen, "freeze").await;
        to_coupon(&app, &withdrawn, "withdraw").await;
        app.advance_to("2026-01-16T16:00:00Z").await;
        for (order, held) in orders.iter().zip([&frozen, &withdrawn, &short]) {
            app.post("acme", PAY, pay_with(order, None, &[(held, 301)])).await.refused(400, "CBC.99003112");
            app.post("acme", PAY, payment(order)).await.ok(204);
            assert_eq!(bill(&app, "acme", order).await, ["100 = + 100", "100 = + 100"]);
        }
        to_coupon(&app, &frozen, "unfreeze").await;
        assert_eq!(coupon_is(&app, "acme", &frozen).await, "2 30");
        assert_eq!(cash(&app, "acme").await, "9700");
        app.finish().await;
    }

    async fn an_order_whose_discount_was_withdrawn_is_paid_at_its_list_price(app) {
        let gone = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let order = id_of(&place_with(&app, "acme", json!([disk(10_000)]), json!({"discount_id": gone})).await);
        app.call("operator", "DELETE", &format!("/openbss/v1/discounts/{gone}"), None).await.ok(204);
        app.post("acme", PAY, pay_with(&order, Some((&gone, 2)), &[])).await.refused(400, "CBC.99003108");
        app.post("acme", PAY, payment(&order)).await.ok(204);
        assert_eq!(bill(&app, "acme", &order).await[0], "100 = + 100");
        app.finish().await;
    }

    async fn an_order_is_not_placed_with_a_coupon_that_gives_it_nothing(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let all = grant(&app, "acme", 605, "amount_off", "500", json!({})).await;
        let free = with(machine(), "resource_spec", json!("s3.small.1.linux.trial"));
        for is_paid in [false, true] {
            for (lines, more) in [(json!([disk(10_000)]), json!({"discount_id": all})), (json!([free]), json!({}))] {
                let mut body = with(with(more, "coupon_id", json!(paper)), "auto_pay", json!(is_paid));
                body["lines"] = lines;
                assert!(app.post("acme", ORDERS, body).await.refused(400, "CBC.99003108").contains(&paper));
                assert_eq!(coupon_is(&app, "acme", &paper).await, "2 30");
            }
        }
        app.finish().await;
    }

    async fn automatic_payment_chooses_what_was_not_named(app) {
        let small = grant(&app, "acme", 605, "ratio", "0.95", json!({})).await;
        grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let named = coupon(&app, "acme", "30", &[]).await;
        let excluding = coupon(&app, "acme", "7", &[("simultaneousUseWithEmpowerDiscount", "0"), ("cycleNum", "1")]).await;
        for (more, expected) in [
            // The coupon that excludes discounts is not chosen beside one, and none is beside it.
            (json!({"discount_id": small}), "100 = 605:5 301:30 + 65; coupon 30"),
            (json!({"coupon_id": excluding}), "100 = 301:7 + 93; coupon 7"),
        ] {
            let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(more)).await;
            assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], expected);
        }
        assert_eq!(coupon_is(&app, "acme", &named).await, "3 0");
        let named = coupon(&app, "acme", "20", &[]).await;
        coupon(&app, "acme", "9", &[("cycleNum", "1")]).await;
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({"coupon_id": named}))).await;
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "100 = 605:10 301:20 + 70; coupon 20");
        app.finish().await;
    }

    async fn automatic_payment_leaves_a_named_coupon_something_to_pay(app) {
        grant(&app, "acme", 605, "amount_off", "500", json!({})).await;
        let named = coupon(&app, "acme", "20", &[]).await;
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({"coupon_id": named}))).await;
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "100 = 301:20 + 80; coupon 20");
        app.finish().await;
    }

    async fn a_members_order_placed_with_a_discount_gets_its_masters_coupons_too(app) {
        let discount = grant(&app, "globex", 605, "ratio", "0.9", json!({})).await;
        coupon(&app, "globex", "30", &[]).await;
        let more = auto(json!({"discount_id": discount}));
        let placed = place_with(&app, "globex-ops", json!([disk(10_000)]), more).await;
        assert_eq!(bill(&app, "globex-ops", &id_of(&placed)).await[0], "100 = 605:10 301:30 + 60; coupon 30");
        app.finish().await;
    }

    async fn a_unified_member_names_no_discount_and_no_coupon(app) {
        let discount = grant(&app, "globex", 605, "ratio", "0.9", json!({})).await;
        let own = coupon(&app, "globex-ops", "50", &[]).await;
        let masters = coupon(&app, "globex", "30", &[]).await;
        let order = place(&app, "globex-ops", json!([disk(10_000)])).await;
        for id in [own.as_str(), &masters, "nobodys"] {
            let pay = pay_with(&order, None, &[(id, 301)]);
            assert!(app.post("globex-ops", PAY, pay).await.refused(400, "CBC.99003112").contains(id));
        }
        let both = pay_with(&order, Some((&discount, 2)), &[(&masters, 301)]);
        assert!(app.post("globex-ops", PAY, both).await.refused(400, "CBC.99003108").contains(&discount));
        app.post("globex-ops", PAY, payment(&order)).await.ok(204);
        app.post("globex", PAY, pay_with(&order, Some((&discount, 2)), &[(&masters, 301)])).await.ok(204);
        assert_eq!(bill(&app, "globex-ops", &order).await[0], "100 = 605:10 301:30 + 60; coupon 30");
        app.finish().await;
    }

    async fn the_first_order_of_a_service_is_that_with_its_first_line(app) {
        let body = [("firstOrderInService", "1")];
        // A disk was bought beside a machine.
        let beside = place(&app, "acme", json!([machine(), disk(10_000)])).await;
        let paper = coupon(&app, "acme", "5", &body).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, payment(&beside)).await.ok(204);
        app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await.refused(400, "CBC.99003108");
        let placed = place_with(&app, "acme", json!([disk(10_000)]), auto(json!({}))).await;
        assert_eq!(bill(&app, "acme", &id_of(&placed)).await[0], "100 = + 100");
        app.finish().await;
    }

    async fn of_two_orders_that_are_paid_at_once_one_is_the_first(app) {
        let mut orders = Vec::new();
        for _ in 0..8 {
            let paper = coupon(&app, "acme", "5", &[("firstOrderInService", "1")]).await;
            let order = place(&app, "acme", json!([disk(1_000)])).await;
            orders.push(pay_with(&order, None, &[(&paper, 301)]));
        }
        let app = std::sync::Arc::new(app);
        let tasks: Vec<_> = orders
            .into_iter()
            .map(|pay| {
                let app = app.clone();
                tokio::spawn(async move { app.post("acme", PAY, pay).await })
            })
            .collect();
        let mut paid = 0;
        for task in tasks {
            let reply = task.await.expect("no task panics");
            if reply.status == 204 {
                paid += 1;
            } else {
                assert!(reply.refused(400, "CBC.99003108").contains("firstOrderInService"));
            }
        }
        assert_eq!((paid, cash(&app, "acme").await), (1, "9995".to_owned()));
        std::sync::Arc::into_inner(app).expect("every task has ended").finish().await;
    }

    async fn a_discount_of_a_period_looks_at_the_price_that_the_order_was_placed_at(app) {
        // 40 GB for a year, of which only months have a price.
        let line = with(with(disk(10_000), "resource_spec", json!("GPSSD")), "resource_size", json!(40));
        let months = grant(&app, "acme", 605, "ratio", "0.5", json!({"period_type": 2})).await;
        let before = place(&app, "acme", json!([line])).await;
        reprice(&app, "prices: {month: \"0.14\"}", "prices: {month: \"0.14\", year: \"1.00\"}").await;
        let after = place(&app, "acme", json!([line])).await;
        app.post("acme", PAY, pay_with(&after, Some((&months, 2)), &[])).await.refused(400, "CBC.99003108");
        app.post("acme", PAY, pay_with(&before, Some((&months, 2)), &[])).await.ok(204);
        assert_eq!(bill(&app, "acme", &before).await[0], "67.2 = 605:33.6 + 33.6");
        app.finish().await;
    }

    async fn a_coupon_of_a_combined_payment_is_found_by_every_id_of_it(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let lines = json!([disk(10_000), disk(20_000)]);
        let placed = place_with(&app, "acme", lines, json!({"combined": true})).await;
        let whole = id_of(&placed);
        let sub = placed["sub_order_ids"][0].as_str().unwrap();
        // A sub-order is told by which id it is paid.
        assert!(app.post("acme", PAY, payment(sub)).await.refused(400, "CBC.99000089").contains(&whole));
        app.post("acme", PAY, pay_with(&whole, None, &[(&paper, 301)])).await.ok(204);
        for id in [whole.as_str(), sub] {
            let found = app.get("acme", &format!("{COUPONS}?order_id={id}")).await.ok(200);
            assert_eq!(found["user_coupons"][0]["coupon_id"], paper.as_str(), "{id}");
        }
        app.finish().await;
    }

    async fn verify_names_a_coupon_that_no_waiting_order_holds(app) {
        let paper = coupon(&app, "acme", "30", &[]).await;
        let order = id_of(&place_with(&app, "acme", json!([disk(10_000)]), json!({"coupon_id": paper})).await);
        let body = json!({"combined": true, "coupon_id": coupon(&app, "acme", "9", &[]).await});
        place_with(&app, "acme", json!([disk(10_000), disk(20_000)]), body).await;
        let other = place(&app, "acme", json!([disk(10_000)])).await;
        let hold = |order: &str| format!("update coupons set lock_order_id = '{order}' where id = '{paper}'");
        for wrong in ["nobodys", other.as_str()] {
            expect_each(&app, &[(hold(wrong), hold(&order), &["orders.held_coupons"], &paper)]).await;
        }
        app.finish().await;
    }
}
