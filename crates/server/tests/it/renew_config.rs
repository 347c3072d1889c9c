//! The deduction day and the unified expiry day, as values.

use serde_json::json;

use crate::auto_renewals::CONFIG;
use crate::on_both;

on_both! {
    async fn every_documented_value_is_taken_and_no_other(app) {
        let set = async |name: &str, value: serde_json::Value| {
            let reply = app.post("acme", CONFIG, json!({"config_name": name, "config_value": value.clone()})).await;
            match reply.status {
                200 => {
                    let body = reply.json();
                    assert_eq!(body, json!({"error_code": "CBC.0000", "error_msg": "success"}));
                    true
                }
                _ => {
                    let told = reply.refused(400, "CBC.0100");
                    assert!(told.contains("config_"), "{told}");
                    false
                }
            }
        };
        for days in -1..=10 {
            let is_known = (2..=7).contains(&days);
            assert_eq!(set("DEDUCTION_DATE", json!(days.to_string())).await, is_known, "{days} days");
        }
        for day in -2..=32 {
            let is_known = day == -1 || (1..=28).contains(&day);
            assert_eq!(set("EXPIRE_DATE", json!(day.to_string())).await, is_known, "day {day}");
        }
        for (name, value) in [
            ("DEDUCTION_DATE", json!("07")), ("DEDUCTION_DATE", json!("")), ("DEDUCTION_DATE", json!(null)),
            ("DEDUCTION_DATE", json!("two")), ("EXPIRE_DATE", json!("+1")), ("EXPIRE_DATE", json!("01")),
            ("EXPIRE_DATE", json!("x".repeat(65))), ("deduction_date", json!("2")), ("", json!("2")),
        ] {
            assert!(!set(name, value.clone()).await, "{name} {value}");
        }
        // A number is read as its text (rule 0.9).
        assert!(set("DEDUCTION_DATE", json!(3)).await);
        app.post("acme", CONFIG, json!({"config_name": "DEDUCTION_DATE"})).await.refused(400, "CBC.0100");
        app.post("acme", CONFIG, json!({"config_value": "2"})).await.refused(400, "CBC.0100");
        for tenant in ["north", "summit", "operator"] {
            app.post(tenant, CONFIG, json!({"config_name": "DEDUCTION_DATE", "config_value": "2"})).await
                .refused(403, "CBC.0151");
        }
        app.finish().await;
    }
}
