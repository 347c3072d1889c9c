//! Requests about one resource at once: one of them wins, whatever its kind.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{RENEW, UNSUBSCRIBE, bought, ids};
use crate::harness::TestApp;
use crate::on_both;
use crate::orders::{disk, machine};

/// Sends requests of acme at once, and answers them in the order in which they are named.
async fn at_once(app: &Arc<TestApp>, requests: Vec<(&'static str, Value)>) -> Vec<crate::harness::Reply> {
    let tasks: Vec<_> = requests
        .into_iter()
        .map(|(path, body)| {
            let app = app.clone();
            tokio::spawn(async move { app.post("acme", path, body).await })
        })
        .collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.push(task.await.expect("no task panics"));
    }
    replies
}

on_both! {
    async fn one_of_two_unsubscriptions_gives_the_money_back(app) {
        let order = bought(&app, "acme", json!([machine(), disk()])).await;
        let named = ids(&app, "acme", &order).await;
        let app = Arc::new(app);
        let body = |at: usize| json!({"resource_ids": [named[at]], "unsubscribe_type": 1});
        let replies = at_once(&app, vec![(UNSUBSCRIBE, body(0)), (UNSUBSCRIBE, body(0)), (UNSUBSCRIBE, body(1))]).await;
        let done = replies[..2].iter().filter(|reply| reply.status == 200).count();
        assert_eq!(done, 1, "{replies:?}");
        for reply in replies.into_iter().filter(|reply| reply.status != 200) {
            reply.refused(400, "CBC.30000067");
        }
        Arc::into_inner(app).expect("the tasks are over").finish().await;
    }

    async fn a_renewal_and_an_unsubscription_follow_each_other(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let app = Arc::new(app);
        let renew = json!({"resource_ids": [id], "period_type": 2, "period_num": 1, "is_auto_pay": 1});
        let leave = json!({"resource_ids": [id], "unsubscribe_type": 1});
        let mut replies = at_once(&app, vec![(RENEW, renew), (UNSUBSCRIBE, leave)]).await;
        replies.pop().expect("two").ok(200);
        let renewal = replies.pop().expect("one");
        if renewal.status != 200 {
            renewal.refused(400, "CBC.99003016");
        }
        // The fee of the running month is all that is lost.
        assert_eq!(crate::orders::cash(&app, "acme").await, "9981.79");
        Arc::into_inner(app).expect("the tasks are over").finish().await;
    }

    async fn a_renewal_goes_before_a_freeze_or_is_refused_as_a_whole(app) {
        let order = bought(&app, "acme", json!([machine()])).await;
        let id = ids(&app, "acme", &order).await.remove(0);
        let acme = app.domain("acme");
        let app = Arc::new(app);
        for _ in 0..5 {
            let renew = json!({"resource_ids": [id], "period_type": 2, "period_num": 1, "is_auto_pay": 1});
            let freezing = {
                let (app, path) = (app.clone(), format!("/openbss/v1/accounts/{acme}/freeze"));
                tokio::spawn(async move {
                    app.post("operator", &path, json!({"reason": "test", "freeze_type": "ACCOUNT"})).await
                })
            };
            let renewal = at_once(&app, vec![(RENEW, renew)]).await.remove(0);
            freezing.await.expect("no task panics").ok(200);
            if renewal.status != 200 {
                renewal.refused(400, "CBC.7281");
            }
            app.post("operator", &format!("/openbss/v1/accounts/{acme}/unfreeze"), json!({})).await.ok(200);
        }
        let waiting = app.get("acme", "/v2/orders/customer-orders?status=6").await.ok(200);
        assert_eq!(waiting["total_count"], 0, "nothing is left to be paid: {waiting}");
        Arc::into_inner(app).expect("the tasks are over").finish().await;
    }

    async fn eleven_returns_at_once_take_ten_from_the_quota(app: crate::paying::CHINA) {
        let mut requests = Vec::new();
        for _ in 0..11 {
            let order = bought(&app, "acme", json!([crate::funds::disk_in_china(1_000)])).await;
            let id = ids(&app, "acme", &order).await.remove(0);
            requests.push((UNSUBSCRIBE, json!({"resource_ids": [id], "unsubscribe_type": 1})));
        }
        let app = Arc::new(app);
        for reply in at_once(&app, requests).await {
            reply.ok(200);
        }
        // One of them cost its fee of 1.00.
        assert_eq!(crate::orders::cash(&app, "acme").await, "9999");
        Arc::into_inner(app).expect("the tasks are over").finish().await;
    }
}
