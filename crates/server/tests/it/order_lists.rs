//! The list of orders: every filter, every form of absence, and whose orders are seen.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{LIST, PAY, disk, machine, payment, place};

/// Three orders of acme: two paid machines a day apart, and a disk that waits for payment.
async fn three(app: &TestApp) -> [String; 3] {
    let first = place(app, "acme", json!([machine()])).await;
    app.post("acme", PAY, payment(&first)).await.ok(204);
    app.advance_to("2026-01-16T08:00:00Z").await;
    let second = place(app, "acme", json!([machine()])).await;
    app.advance_to("2026-01-16T09:00:00Z").await;
    app.post("acme", PAY, payment(&second)).await.ok(204);
    app.advance_to("2026-01-17T08:00:00Z").await;
    let mut lonely = disk();
    lonely.as_object_mut().unwrap().remove("attached_to_line");
    let third = place(app, "acme", json!([lonely])).await;
    [first, second, third]
}

/// What a query finds: `total: first second` by number, latest first unless it says otherwise; or the error code.
async fn found(app: &TestApp, tenant: &str, orders: &[String], query: &str) -> String {
    let reply = app.get(tenant, &format!("{LIST}?{query}")).await;
    if reply.status != 200 {
        return reply.json()["error_code"].as_str().unwrap().to_owned();
    }
    let body: Value = reply.json();
    let number = |one: &Value| {
        let at = orders.iter().position(|id| one["order_id"] == id.as_str()).expect("an order of this test");
        (at + 1).to_string()
    };
    let numbers: Vec<String> = body["order_infos"].as_array().unwrap().iter().map(number).collect();
    format!("{}: {}", body["total_count"], numbers.join(" "))
}

/// Query, and what it finds. `%22%22` is the value `""`; CUSTOMER and FIRST stand for ids, first in lower case.
const CASES: &str = "\
    limit=10                                                             3: 3 2 1
    limit=1                                                              3: 3
    limit=1&offset=1                                                     3: 2
    offset=3                                                             3:
    limit=&offset=                                                       3: 3 2 1
    limit=null&offset=null                                               3: 3 2 1
    limit=%22%22                                                         CBC.0100
    offset=%22%22                                                        CBC.0100
    limit=0                                                              CBC.0100
    limit=101                                                            CBC.0100
    limit=ten                                                            CBC.0100
    offset=-1                                                            CBC.0100
    offset=2147483648                                                    CBC.0100
    order_id=FIRST                                                       1: 1
    order_id=                                                            3: 3 2 1
    order_id=null                                                        0:
    order_id=%22%22                                                      CBC.0100
    order_id=%25                                                         0:
    customer_id=CUSTOMER                                                 3: 3 2 1
    customer_id=CUSTOMER&status=5                                        2: 2 1
    customer_id=somebody&status=5                                        0:
    customer_id=somebody                                                 0:
    customer_id=null                                                     0:
    customer_id=                                                         CBC.0100
    customer_id=%22%22                                                   CBC.0100
    create_time_begin=2026-01-16T08:00:00Z                               2: 3 2
    create_time_end=2026-01-16T08:00:00Z                                 2: 2 1
    create_time_begin=2026-01-16T08:00:00Z&create_time_end=2026-01-16T08:00:00Z 1: 2
    create_time_begin=&create_time_end=                                  3: 3 2 1
    create_time_begin=null                                               CBC.0100
    create_time_end=%22%22                                               CBC.0100
    create_time_begin=2026-01-16                                         CBC.0100
    create_time_begin=2026-02-30T00:00:00Z                               CBC.0100
    create_time_begin=2026-01-17T00:00:00Z&create_time_end=2026-01-16T00:00:00Z CBC.0101
    create_time_begin=2025-01-16T00:00:00Z&create_time_end=2026-01-16T00:00:00Z 1: 1
    create_time_begin=2025-01-16T00:00:00Z&create_time_end=2026-01-16T00:00:01Z CBC.0100
    service_type_code=HWS.Service.Type.EBS                               1: 3
    service_type_code=                                                   3: 3 2 1
    service_type_code=null                                               0:
    service_type_code=%22%22                                             0:
    status=5                                                             2: 2 1
    status=6                                                             1: 3
    status=4                                                             0:
    status=&order_type=                                                  3: 3 2 1
    status=null                                                          3: 3 2 1
    status=%22%22                                                        CBC.0100
    status=2                                                             CBC.0100
    status=abc                                                           CBC.0100
    order_type=1                                                         3: 3 2 1
    order_type=4                                                         0:
    order_type=null                                                      CBC.0100
    order_type=%22%22                                                    CBC.0100
    order_type=5                                                         CBC.0100
    order_by=createTime                                                  3: 1 2 3
    order_by=CREATETIME                                                  3: 1 2 3
    order_by=-createtime                                                 3: 3 2 1
    order_by=                                                            3: 3 2 1
    order_by=null                                                        3: 3 2 1
    order_by=%22%22                                                      3: 3 2 1
    order_by=payment                                                     CBC.0100
    payment_time_begin=2026-01-16T00:00:00Z                              1: 2
    payment_time_end=2026-01-16T00:00:00Z                                1: 1
    payment_time_begin=                                                  3: 3 2 1
    payment_time_begin=null                                              CBC.0100
    payment_time_end=%22%22                                              CBC.0100
    payment_time_begin=2025-01-16T00:00:00Z&payment_time_end=2026-01-16T00:00:01Z CBC.0100
    indirect_partner_id=                                                 3: 3 2 1
    indirect_partner_id=null                                             0:
    indirect_partner_id=%22%22                                           0:
    status=5&order_type=1                                                2: 2 1
    status=5&limit=1                                                     2: 2
    payment_time_begin=2026-01-16T00:00:00Z&create_time_end=2026-01-16T00:00:00Z 0:
    payment_time_begin=2026-01-16T09:00:00Z&payment_time_end=2026-01-16T09:00:00Z 1: 2
    payment_time_end=2026-01-16T09:00:00Z&create_time_begin=2026-01-15T08:00:01Z 1: 2
    method=oneself                                                       3: 3 2 1
    method=sub_customer                                                  0:
    method=null                                                          3: 3 2 1
    method=%22%22                                                        3: 3 2 1
    method=all                                                           CBC.0100
    status=5&order_type=1&service_type_code=hws.service.type.ec2&order_by=createTime&limit=1 2: 1";

on_both! {
    async fn every_filter_and_absence_means_what_is_documented(app) {
        let orders = three(&app).await;
        for case in CASES.lines() {
            let (query, wanted) = case.trim().split_once(' ').unwrap();
            let query = query.replace("FIRST", &orders[0].to_lowercase()).replace("CUSTOMER", &app.domain("acme"));
            assert_eq!(found(&app, "acme", &orders, &query).await.trim(), wanted.trim(), "{query}");
        }
        app.finish().await;
    }

    async fn an_order_paid_at_the_last_moment_is_found_by_the_time_of_its_payment(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        app.advance_to("2026-01-22T15:59:58Z").await;
        app.post("acme", PAY, payment(&order)).await.ok(204);
        let query = "payment_time_begin=2026-01-22T15:59:58Z&payment_time_end=2026-01-22T15:59:58Z";
        assert_eq!(found(&app, "acme", &[order], query).await, "1: 1");
        app.finish().await;
    }

    async fn orders_of_one_moment_keep_their_order_over_pages(app) {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(place(&app, "acme", json!([machine()])).await);
        }
        let whole = app.get("acme", LIST).await.ok(200);
        let mut paged = Vec::new();
        for offset in 0..5 {
            let page = app.get("acme", &format!("{LIST}?limit=1&offset={offset}")).await.ok(200);
            paged.push(page["order_infos"][0]["order_id"].clone());
        }
        let wanted: Vec<Value> =
            whole["order_infos"].as_array().unwrap().iter().map(|one| one["order_id"].clone()).collect();
        assert_eq!(paged, wanted);
        ids.sort();
        ids.reverse();
        assert_eq!(json!(ids), json!(wanted));
        app.finish().await;
    }

    async fn partners_see_the_orders_of_their_own_customers(app) {
        // north has the reseller harbor with the customer lighthouse, and the customer meadow of its own.
        let of_lighthouse = place(&app, "lighthouse", json!([machine()])).await;
        let of_meadow = place(&app, "meadow", json!([machine()])).await;
        let of_brook = place(&app, "brook", json!([machine()])).await;
        let orders = [of_lighthouse, of_meadow, of_brook];
        let harbor = app.domain("harbor");
        let cases = [
            ("north", "limit=10".to_owned(), "1: 2"),
            ("north", format!("indirect_partner_id={harbor}"), "1: 1"),
            ("north", format!("indirect_partner_id={}", app.domain("summit")), "CBC.99000037"),
            ("north", "indirect_partner_id=nobody".to_owned(), "CBC.99000037"),
            ("north", "indirect_partner_id=null".to_owned(), "0:"),
            ("north", "indirect_partner_id=%22%22".to_owned(), "0:"),
            ("north", format!("customer_id={}", app.domain("meadow")), "1: 2"),
            ("north", format!("customer_id={}", app.domain("brook")), "0:"),
            ("north", format!("order_id={}", orders[2]), "0:"),
            ("harbor", "limit=10".to_owned(), "1: 1"),
            ("harbor", format!("indirect_partner_id={harbor}"), "CBC.99000037"),
            ("summit", "limit=10".to_owned(), "1: 3"),
            ("summit", format!("customer_id={}", app.domain("brook")), "1: 3"),
            ("summit", "status=6".to_owned(), "1: 3"),
            ("summit", "status=5".to_owned(), "0:"),
            ("summit", "order_type=1".to_owned(), "1: 3"),
            ("summit", "order_type=4".to_owned(), "0:"),
            ("summit", "service_type_code=hws.service.type.ec2".to_owned(), "1: 3"),
            ("summit", format!("customer_id={}&status=5", app.domain("brook")), "0:"),
            ("summit", format!("customer_id={}&order_type=1", app.domain("brook")), "1: 3"),
            ("lighthouse", format!("customer_id={}&order_type=1", app.domain("meadow")), "0:"),
            ("lighthouse", "limit=10".to_owned(), "1: 1"),
            ("acme", "limit=10".to_owned(), "0:"),
        ];
        for (tenant, query, wanted) in cases {
            assert_eq!(found(&app, tenant, &orders, &query).await.trim(), wanted, "{tenant} {query}");
        }
        let details = |id: &str, query: &str| format!("{LIST}/details/{id}{query}");
        app.get("north", &details(&orders[1], "")).await.ok(200);
        app.get("north", &details(&orders[0], "")).await.refused(400, "CBC.30000010");
        app.get("north", &details(&orders[0], &format!("?indirect_partner_id={harbor}"))).await.ok(200);
        app.get("north", &details(&orders[0], "?indirect_partner_id=nobody")).await.refused(400, "CBC.99000037");
        app.get("harbor", &details(&orders[0], "")).await.ok(200);
        app.get("summit", &details(&orders[0], "")).await.refused(400, "CBC.30000010");
        app.finish().await;
    }

    async fn details_page_their_line_items(app) {
        let order = place(&app, "acme", json!([machine(), disk(), disk()])).await;
        let path = format!("{LIST}/details/{order}");
        for (query, wanted) in [
            ("", "1 2 3"),
            ("?limit=2", "1 2"),
            ("?limit=2&offset=2", "3"),
            ("?offset=3", ""),
            ("?limit=null&offset=null", "1 2 3"),
            ("?limit=%22%22&offset=%22%22", "1 2 3"),
        ] {
            let body = app.get("acme", &format!("{path}{query}")).await.ok(200);
            assert_eq!(body["total_count"], 3);
            let numbers: Vec<String> = body["order_line_items"].as_array().unwrap().iter()
                .map(|item| item["order_line_item_id"].as_str().unwrap()[order.len() + 1..].trim_start_matches('0').to_owned())
                .collect();
            assert_eq!(numbers.join(" "), wanted, "{query}");
        }
        for query in ["?limit=0", "?limit=101", "?offset=-1"] {
            app.get("acme", &format!("{path}{query}")).await.refused(400, "CBC.0100");
        }
        app.finish().await;
    }

    async fn names_come_in_the_language_asked_for(app) {
        let order = place(&app, "acme", json!([machine()])).await;
        let path = format!("{LIST}/details/{order}");
        let key = app.key("acme");
        let english = app.signed(&key, "GET", &path, "", &[("x-language", "en_US")]).await.ok(200);
        assert_eq!(english["order_info"]["service_type_name"], "Elastic Cloud Server");
        let chinese = app.signed(&key, "GET", &path, "", &[("x-language", "zh_CN")]).await.ok(200);
        assert_eq!(chinese["order_info"]["service_type_name"], "弹性云服务器");
        assert_eq!(app.get("acme", &path).await.ok(200)["order_info"]["service_type_name"], "弹性云服务器");
        app.signed(&key, "GET", &path, "", &[("x-language", "xx")]).await.refused(400, "CBC.0100");
        app.finish().await;
    }
}
