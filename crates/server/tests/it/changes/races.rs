//! Requests at once about a resource that one of them ends: for the other there is none.

use serde_json::json;

use super::{MEDIUM, bought, change, small};
use crate::on_both;
use crate::orders::with;

/// Rounds in which requests meet now and then.
const ROUNDS: usize = 8;
const USED: &str = "/openbss/v1/on-demand-resources";
const UNKNOWN: &str = "CBC.99003012";

on_both! {
    async fn what_is_unsubscribed_from_at_once_is_changed_before_or_not_known(app) {
        for _ in 0..ROUNDS {
            let id = bought(&app, "acme", json!([small()])).await;
            let leave = json!({"resource_ids": [id], "unsubscribe_type": 1});
            let (changed, left) = tokio::join!(
                change(&app, "acme", &id, json!({"resource_spec": MEDIUM, "auto_pay": true})),
                app.post("acme", "/v2/orders/subscriptions/resources/unsubscribe", leave),
            );
            left.ok(200);
            if changed.status != 201 {
                changed.refused(400, UNKNOWN);
            }
        }
        app.finish().await;
    }

    async fn what_is_released_at_once_is_released_or_yearly_but_not_both(app) {
        for _ in 0..ROUNDS {
            let body = json!({
                "customer_id": app.domain("acme"), "cloud_service_type": "hws.service.type.ec2",
                "resource_type": "hws.resource.type.vm", "resource_spec": MEDIUM, "region": "ap-southeast-1",
            });
            let one = app.post("operator", USED, body).await.ok(201);
            let path = format!("{USED}/{}", one["id"].as_str().unwrap());
            let to_period = format!("{path}/to-period");
            let asked = with(json!({"period_type": 2, "period_num": 1}), "auto_pay", json!(true));
            let replies: [_; 3] = tokio::join!(
                app.post("acme", &to_period, asked),
                app.call("operator", "DELETE", &path, None),
                app.call("operator", "DELETE", &path, None),
            ).into();
            let done = replies.iter().filter(|reply| reply.status < 300).count();
            assert_eq!(done, 1, "{replies:?}");
            for reply in replies.into_iter().filter(|reply| reply.status >= 300) {
                reply.refused(400, UNKNOWN);
            }
        }
        app.finish().await;
    }
}
