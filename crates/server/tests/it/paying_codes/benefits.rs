//! Refusals of payments because of the discount or the coupons that they name (004 8.3.3, table 8-5).

use serde_json::{Value, json};

use crate::accounts::disk;
use crate::on_both;
use crate::orders::{PAY, cash, machine, place, status, with};
use crate::paying::{CHINA, bill, coupon, grant, issue, pay_with, place_with, to_coupon};

/// A marketplace product for a month: 99.00.
fn gateway() -> Value {
    json!({
        "cloud_service_type": "hws.service.type.marketplace",
        "resource_type": "hws.resource.type.marketplace.software",
        "resource_spec": "hardened.gateway.std", "region": "ap-southeast-1", "period_type": 2, "period_num": 1,
    })
}

on_both! {
    async fn a_discount_that_is_not_for_the_order_is_refused(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let pay = |discount: String, kind: i64| {
            let body = pay_with(&order, Some((&discount, kind)), &[]);
            let app = &app;
            async move { app.post("acme", PAY, body).await.refused(400, "CBC.99003108") }
        };
        for scope in [
            json!({"service_type": "hws.service.type.ec2"}), json!({"resource_type": "hws.resource.type.vm"}),
            json!({"product_id": "00301-238595-0--0"}), json!({"region": "eu-west-101"}), json!({"period_type": 2}),
        ] {
            let discount = grant(&app, "acme", 605, "ratio", "0.9", scope).await;
            let message = pay(discount.clone(), 2).await;
            assert_eq!(message, format!(
                "Discount {discount}: it is not for the products of this order, or does not make them cheaper."
            ));
        }
        // Not smaller than the list price.
        pay(grant(&app, "acme", 605, "fixed_price", "0.5", json!({})).await, 2).await;
        // Named as another type, somebody else's, unknown.
        let message = pay(grant(&app, "acme", 605, "ratio", "0.9", json!({})).await, 3).await;
        assert!(message.contains("it is of another type than discount_infos names"), "{message}");
        pay(grant(&app, "acme", 607, "ratio", "0.9", json!({})).await, 0).await;
        pay(grant(&app, "globex", 605, "ratio", "0.9", json!({})).await, 2).await;
        let message = pay("nobodys".to_owned(), 2).await;
        assert_eq!(message, "Discount nobodys: the account that pays has no such discount.");
        // Not valid yet, no longer valid, withdrawn.
        let body = |from: &str, to: &str| json!({
            "discount_type": 605, "customer_id": app.domain("acme"), "mode": "ratio", "value": "0.9",
            "valid_time": from, "expire_time": to,
        });
        for (from, to) in [("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"), ("2026-01-01T00:00:00Z", "2026-01-16T00:00:00Z")] {
            let granted = app.post("operator", "/openbss/v1/discounts", body(from, to)).await.ok(201);
            let id = granted["discount_id"].as_str().unwrap().to_owned();
            if from.starts_with("2026-01") {
                app.advance_to("2026-01-16T00:00:00Z").await;
            }
            let message = pay(id, 2).await;
            assert!(message.ends_with("it is not valid now: it begins later or has ended."), "{message}");
        }
        let gone = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        app.call("operator", "DELETE", &format!("/openbss/v1/discounts/{gone}"), None).await.ok(204);
        pay(gone, 2).await;
        assert_eq!((status(&app, "acme", &order).await, cash(&app, "acme").await), (json!(6), "10000".to_owned()));
        app.finish().await;
    }

    async fn a_coupon_whose_limits_do_not_admit_the_order_is_refused(app) {
        // A disk for a year, the second order of its service.
        place_with(&app, "acme", json!([disk(50)]), json!({"auto_pay": true})).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        for (key, value1, value2) in [
            ("baseValue", "100.01", ""), ("baseValue", "1", "99.99"), ("serviceType", "hws.service.type.ec2", ""),
            ("regionCode", "eu-west-101", "Paris"), ("productId", "00301-238595-0--0,00301-02019-0--1", ""),
            ("subscribeType", "renew", ""), ("subscribeType", "change", ""), ("cycleType", "2", ""),
            ("cycleType", "5", ""), ("cycleNum", "2", ""), ("firstOrderInService", "1", ""),
        ] {
            let limit = json!({"limit_key": key, "value1": value1, "value2": value2});
            let paper = issue(&app, "acme", json!({"face_value": "5", "limits": [limit]})).await;
            let reply = app.post("acme", PAY, pay_with(&order, None, &[(&paper, 301)])).await;
            let message = reply.refused(400, "CBC.99003108");
            assert!(message.contains(&paper) && message.contains(key), "{key} {value1}: {message}");
            let compared = match (key, value2) {
                ("baseValue", "") => "is at least 100.01, and the lines that it fits cost 100 after the discount.",
                ("baseValue", _) => "is from 1 to 99.99, and the lines that it fits cost 100 after the discount.",
                ("serviceType", _) => "is hws.service.type.ec2, and the order has hws.service.type.ebs.",
                ("regionCode", _) => "is eu-west-101, and the order has ap-southeast-1.",
                ("productId", _) => "is 00301-238595-0--0,00301-02019-0--1, and the order has OFFI",
                ("subscribeType", _) => ", and the order has new.",
                ("cycleType", _) => ", and the order has 1 (0 any term,",
                ("cycleNum", _) => "is 2, and the order has 1.",
                _ => "is 1: it is for the first purchase of a service only.",
            };
            assert!(message.contains(compared), "{key} {value1}: {message}");
        }
        let months = with(disk(10_000), "period_type", json!(2));
        let monthly = place(&app, "acme", json!([months])).await;
        let annual = coupon(&app, "acme", "5", &[("isForAnnualContracts", "1")]).await;
        app.post("acme", PAY, pay_with(&monthly, None, &[(&annual, 301)])).await.refused(400, "CBC.99003108");
        app.post("acme", PAY, pay_with(&order, None, &[(&annual, 301)])).await.ok(204);
        app.finish().await;
    }

    async fn a_coupon_whose_limits_all_admit_the_order_pays_it(app) {
        let limits: Vec<Value> = [
            ("baseValue", "90", "90"), ("serviceType", "hws.service.type.ebs", ""), ("regionCode", "ap-southeast-1", "Asia"),
            ("productId", "00301-238595-0--0,OFFI779000000000000016", ""), ("subscribeType", "new", ""),
            ("cycleType", "1", ""), ("cycleNum", "1", ""), ("firstOrderInService", "1", ""), ("usageTimes", "1", ""),
            ("isForAnnualContracts", "1", ""), ("minConsumeDiscount", "0.9", ""),
            ("simultaneousUseWithEmpowerDiscount", "1", ""), ("simultaneousUseWithContractDiscount", "1", ""),
            ("simultaneousUseWithPromotionDiscount", "0", ""), ("simultaneousUseWithPromotionProduct", "0", ""),
            ("simultaneousUseWithDiscountCoupon", "0", ""),
        ].map(|(key, value1, value2)| json!({"limit_key": key, "value1": value1, "value2": value2})).to_vec();
        let paper = issue(&app, "acme", json!({"face_value": "5", "limits": limits})).await;
        let discount = grant(&app, "acme", 605, "ratio", "0.9", json!({})).await;
        let order = place(&app, "acme", json!([disk(10_000), machine()])).await;
        let reply = app.post("acme", PAY, pay_with(&order, Some((&discount, 2)), &[(&paper, 301)])).await;
        reply.ok(204);
        assert_eq!(bill(&app, "acme", &order).await, [
            "282.07 = 605:28.21 301:5 + 248.86; coupon 5", "100 = 605:10 301:5 + 85; coupon 5", "182.07 = 605:18.21 + 163.86",
        ]);
        app.finish().await;
    }

    async fn limits_of_flexi_and_discount_coupons_are_held_too(app: CHINA) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        for (kind, key, value) in [
            (4, "serviceTypeBlackList", "hws.service.type.ebs"), (4, "isOnlyForStrictSelected", "1"),
            (2, "cycleType", "2"), (2, "serviceType", "hws.service.type.ec2"), (4, "regionCode", "eu-west-101"),
        ] {
            let limits = json!([{"limit_key": key, "value1": value}]);
            let face = if kind == 2 { "0.8" } else { "5" };
            let paper = issue(&app, "acme", json!({"coupon_type": kind, "face_value": face, "limits": limits})).await;
            let named = [(paper.as_str(), if kind == 2 { 300 } else { 302 })];
            app.post("acme", PAY, pay_with(&order, None, &named)).await.refused(400, "CBC.99003108");
        }
        app.finish().await;
    }

    async fn a_coupon_that_cannot_be_spent_is_refused(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let refused = |named: Vec<(String, i64)>| {
            let named: Vec<_> = named.iter().map(|(id, kind)| (id.as_str(), *kind)).collect();
            let body = pay_with(&order, None, &named);
            let app = &app;
            async move { app.post("acme", PAY, body).await.refused(400, "CBC.99003112") }
        };
        let good = coupon(&app, "acme", "5", &[]).await;
        let spent = coupon(&app, "acme", "5", &[]).await;
        let buyer = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&buyer, None, &[(&spent, 301)])).await.ok(204);
        let held = coupon(&app, "acme", "5", &[]).await;
        place_with(&app, "acme", json!([disk(10_000)]), json!({"coupon_id": held})).await;
        let (frozen, withdrawn) = (coupon(&app, "acme", "5", &[]).await, coupon(&app, "acme", "5", &[]).await);
        to_coupon(&app, &frozen, "freeze").await;
        to_coupon(&app, &withdrawn, "withdraw").await;
        let later = json!({"face_value": "5", "valid_time": "2026-02-01T00:00:00Z"});
        let later = issue(&app, "acme", later).await;
        let others = coupon(&app, "globex", "5", &[]).await;
        let unknown = "the account that pays has no such coupon or card";
        let busy = "another order that waits for payment holds it; pay or cancel that order first";
        for (id, why) in [
            (spent, "nothing is left of it"), (held, busy), (frozen, "it is frozen"), (withdrawn, "it was withdrawn"),
            (later, "it is not valid yet"), (others, unknown), ("nobodys".to_owned(), unknown),
        ] {
            let message = refused(vec![(id.clone(), 301)]).await;
            assert_eq!(message, format!("Coupon or card {id}: {why}."));
        }
        // A second cash coupon, one coupon twice, and one that is named as another type.
        let second = refused(vec![(good.clone(), 301), (coupon(&app, "acme", "5", &[]).await, 301)]).await;
        assert!(second.ends_with("at most one cash coupon pays an order."), "{second}");
        let twice = refused(vec![(good.clone(), 301), (good.clone(), 301)]).await;
        assert_eq!(twice, format!("Coupon or card {good}: it is named twice."));
        for kind in [302, 303] {
            let message = refused(vec![(good.clone(), kind)]).await;
            assert!(message.contains("it is of another type than coupon_infos names"), "{kind}: {message}");
        }
        // It may pay once, and has something left.
        let once = coupon(&app, "acme", "5", &[("usageTimes", "1")]).await;
        let buyer = place(&app, "acme", json!([disk(200)])).await;
        app.post("acme", PAY, pay_with(&buyer, None, &[(&once, 301)])).await.ok(204);
        let message = refused(vec![(once.clone(), 301)]).await;
        assert_eq!(message, format!("Coupon or card {once}: it may be used once and was."));
        let short = issue(&app, "acme", json!({"face_value": "5", "expire_time": "2026-01-16T16:00:00Z"})).await;
        app.advance_to("2026-01-16T16:00:00Z").await;
        refused(vec![(short, 301)]).await;
        assert_eq!((status(&app, "acme", &order).await, cash(&app, "acme").await), (json!(6), "9905".to_owned()));
        app.finish().await;
    }

    async fn a_coupon_that_excludes_granted_discounts_is_refused_beside_one(app) {
        let discounts = [
            (grant(&app, "acme", 605, "ratio", "0.9", json!({})).await, 2, [true, true]),
            (grant(&app, "acme", 606, "ratio", "0.9", json!({})).await, 2, [true, true]),
            (grant(&app, "acme", 607, "ratio", "0.9", json!({})).await, 3, [true, false]),
            (grant(&app, "acme", 700, "ratio", "0.9", json!({})).await, 0, [false, false]),
        ];
        let keys = ["simultaneousUseWithEmpowerDiscount", "simultaneousUseWithContractDiscount"];
        for (at, key) in keys.into_iter().enumerate() {
            let paper = coupon(&app, "acme", "500", &[(key, "0")]).await;
            for (discount, kind, excluded) in &discounts {
                let order = place(&app, "acme", json!([disk(100)])).await;
                let reply = app.post("acme", PAY, pay_with(&order, Some((discount, *kind)), &[(&paper, 301)])).await;
                if excluded[at] {
                    let message = reply.refused(400, "CBC.99003116");
                    let offer = if *kind == 3 { "discounts granted by a partner" } else { "commercial discounts" };
                    let wanted = format!("Coupon or card {paper}: its limit {key} is 0, which excludes {offer}; ");
                    assert!(message.starts_with(&wanted), "{message}");
                } else {
                    reply.ok(204);
                }
            }
            let alone = place(&app, "acme", json!([disk(100)])).await;
            app.post("acme", PAY, pay_with(&alone, None, &[(&paper, 301)])).await.ok(204);
        }
        let allowed = coupon(&app, "acme", "5", &[(keys[0], "1"), (keys[1], "1")]).await;
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        app.post("acme", PAY, pay_with(&order, Some((&discounts[0].0, 2)), &[(&allowed, 301)])).await.ok(204);
        app.finish().await;
    }

    async fn a_coupon_with_a_least_share_is_refused_where_every_line_costs_less(app) {
        let paper = coupon(&app, "acme", "5", &[("minConsumeDiscount", "0.9")]).await;
        let less = grant(&app, "acme", 605, "ratio", "0.8999", json!({})).await;
        let order = place(&app, "acme", json!([machine(), disk(10_000)])).await;
        let reply = app.post("acme", PAY, pay_with(&order, Some((&less, 2)), &[(&paper, 301)])).await;
        assert!(reply.refused(400, "CBC.99003117").contains(&paper));
        // One line at the share suffices: the discount may be for the other.
        let some = json!({"service_type": "hws.service.type.ec2"});
        let some = grant(&app, "acme", 605, "ratio", "0.5", some).await;
        app.post("acme", PAY, pay_with(&order, Some((&some, 2)), &[(&paper, 301)])).await.ok(204);
        let paper = coupon(&app, "acme", "5", &[("minConsumeDiscount", "0.9")]).await;
        let exact = grant(&app, "acme", 700, "ratio", "0.9", json!({})).await;
        let order = place(&app, "acme", json!([machine(), disk(10_050)])).await;
        app.post("acme", PAY, pay_with(&order, Some((&exact, 0)), &[(&paper, 301)])).await.ok(204);
        app.finish().await;
    }

    async fn a_coupon_that_excludes_promotions_is_refused_beside_one(app) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let product = json!({"product_id": "OFFI779000000000000016"});
        let promotion = grant(&app, "acme", 700, "ratio", "0.9", json!({})).await;
        let product = grant(&app, "acme", 200, "ratio", "0.9", product).await;
        for (key, excluded, other) in [
            ("simultaneousUseWithPromotionDiscount", &promotion, &product),
            ("simultaneousUseWithPromotionProduct", &product, &promotion),
        ] {
            let paper = coupon(&app, "acme", "5", &[(key, "0")]).await;
            let reply = app.post("acme", PAY, pay_with(&order, Some((excluded, 0)), &[(&paper, 301)])).await;
            assert!(reply.refused(400, "CBC.99003147").contains(&paper));
            let fine = place(&app, "acme", json!([disk(10_000)])).await;
            app.post("acme", PAY, pay_with(&fine, Some((other, 0)), &[(&paper, 301)])).await.ok(204);
        }
        app.finish().await;
    }

    async fn a_cash_coupon_may_exclude_discount_coupons(app: CHINA) {
        let order = place(&app, "acme", json!([disk(10_000)])).await;
        let fifth = issue(&app, "acme", json!({"coupon_type": 2, "face_value": "0.8"})).await;
        let paper = coupon(&app, "acme", "5", &[("simultaneousUseWithDiscountCoupon", "0")]).await;
        let named = [(fifth.as_str(), 300), (paper.as_str(), 301)];
        app.post("acme", PAY, pay_with(&order, None, &named)).await.refused(400, "CBC.99003147");
        let paper = coupon(&app, "acme", "5", &[("simultaneousUseWithDiscountCoupon", "1")]).await;
        let named = [(fifth.as_str(), 300), (paper.as_str(), 301)];
        app.post("acme", PAY, pay_with(&order, None, &named)).await.ok(204);
        app.finish().await;
    }

    async fn coupons_for_marketplace_products_go_with_no_other(app: CHINA) {
        let order = place(&app, "acme", json!([gateway(), disk(10_000)])).await;
        let featured = json!([{"limit_key": "isOnlyForStrictSelected", "value1": "1"}]);
        let featured = issue(&app, "acme", json!({"coupon_type": 4, "face_value": "5", "limits": featured})).await;
        let limits = [("serviceType", "hws.service.type.marketplace")];
        let service = coupon(&app, "acme", "5", &limits).await;
        let plain = coupon(&app, "acme", "5", &[]).await;
        let flexi = issue(&app, "acme", json!({"coupon_type": 4, "face_value": "5"})).await;
        for named in [[(&featured, 302), (&plain, 301)], [(&service, 301), (&flexi, 302)]] {
            let named = named.map(|(id, kind)| (id.as_str(), kind));
            app.post("acme", PAY, pay_with(&order, None, &named)).await.refused(400, "CBC.99003156");
        }
        let named = [(featured.as_str(), 302), (service.as_str(), 301)];
        app.post("acme", PAY, pay_with(&order, None, &named)).await.ok(204);
        app.finish().await;
    }
}
