//! Every refusal that the documents list for the life of resources, each by the rule that causes it.
//!
//! [`ROWS`] says which fact provokes which row of the documents' tables; one test holds it against the copy of those
//! tables, another against the text of the facts.

use serde_json::{Value, json};

use crate::auto_renewals::{QUERY, RENEW, buy};
use crate::on_both;
use crate::orders::machine;

/// Section, code, and the fact that provokes it there.
const ROWS: &[(&str, &str, &str)] = &[
    // 4.2.3
    ("4.2.3", "CBC.30050007", "a_resource_without_a_price_is_told_beside_the_others"),
    ("4.2.3", "CBC.30050008", "a_period_beyond_the_longest_term_or_of_another_number_does_not_exist"),
    ("4.2.3", "CBC.30050009", "a_resource_without_a_price_is_told_beside_the_others"),
    ("4.2.3", "CBC.30050010", "a_resource_without_a_price_is_told_beside_the_others"),
    ("4.2.3", "CBC.30050011", "an_order_that_is_carried_out_stops_renewals"),
    ("4.2.3", "CBC.30050013", "what_has_no_price_any_more_is_not_renewable"),
    ("4.2.3", "CBC.0100", "malformed_inquiries_name_the_field"),
    ("4.2.3", "CBC.99006006", "what_concerns_the_inquiry_refuses_all_of_it"),
    ("4.2.3", "CBC.99006024", "a_fault_of_a_part_is_told_as_such"),
    ("4.2.3", "CBC.99006016", "a_fault_of_a_part_is_told_as_such"),
    ("4.2.3", "CBC.99006017", "a_fault_of_a_part_is_told_as_such"),
    ("4.2.3", "CBC.99006050", "what_concerns_the_inquiry_refuses_all_of_it"),
    ("4.2.3", "CBC.99006055", "what_concerns_the_inquiry_refuses_all_of_it"),
    ("4.2.3", "CBC.99006066", "a_fault_of_a_part_is_told_as_such"),
    ("4.2.3", "CBC.99006073", "what_concerns_the_inquiry_refuses_all_of_it"),
    ("4.2.3", "CBC.30050012", "what_concerns_the_inquiry_refuses_all_of_it"),
    ("4.2.3", "CBC.0151", "malformed_inquiries_name_the_field"),
    ("4.2.3", "CBC.0154", "a_token_that_is_not_known_asks_for_nothing"),
    ("4.2.3", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
    // 8.3.5
    ("8.3.5", "CBC.99005026", "only_refund_orders_of_ones_own_are_found"),
    ("8.3.5", "CBC.0151", "only_refund_orders_of_ones_own_are_found"),
    ("8.3.5", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
    // 8.4.1
    ("8.4.1", "CBC.0100", "every_filter_and_absence_of_the_query_means_what_is_documented"),
    ("8.4.1", "CBC.0151", "every_filter_and_absence_of_the_query_means_what_is_documented"),
    ("8.4.1", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
    // 8.4.2
    ("8.4.2", "CBC.0100", "malformed_renewals_name_the_field"),
    ("8.4.2", "CBC.30010036", "what_is_attached_is_renewed_with_its_primary_alone"),
    ("8.4.2", "CBC.30010069", "a_period_that_a_product_has_no_price_for_does_not_exist"),
    ("8.4.2", "CBC.30050006", "a_combined_renewal_that_cannot_be_paid_as_a_whole_waits_as_a_whole"),
    ("8.4.2", "CBC.99000092", "a_number_of_periods_that_a_product_is_not_sold_in_is_incorrect"),
    ("8.4.2", "CBC.99003100", "an_unpaid_renewal_holds_its_resources_until_it_is_cancelled"),
    ("8.4.2", "CBC.7281", "a_frozen_account_unsubscribes_and_sees_and_nothing_else"),
    ("8.4.2", "CBC.99003016", "resources_that_are_not_there_are_all_told"),
    ("8.4.2", "CBC.99003144", "an_order_that_is_carried_out_stops_renewals"),
    ("8.4.2", "CBC.99003154", "a_term_reaches_five_years_from_now_or_as_far_as_its_product_says"),
    ("8.4.2", "CBC.99003634", "a_bundle_is_renewed_by_itself"),
    ("8.4.2", "CBC.0151", "who_may_not_pay_places_renewals_without_paying"),
    ("8.4.2", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
    // 8.4.3
    ("8.4.3", "CBC.0100", "what_is_asked_for_must_be_well_formed"),
    ("8.4.3", "CBC.30000053", "products_that_are_never_returned_have_their_codes"),
    ("8.4.3", "CBC.30000067", "a_month_that_runs_gives_back_what_is_not_used_less_the_fee"),
    ("8.4.3", "CBC.99003012", "what_is_asked_for_must_be_well_formed"),
    ("8.4.3", "CBC.99003100", "orders_that_wait_keep_their_resources"),
    ("8.4.3", "CBC.99003128", "what_was_bought_and_has_not_begun_is_no_renewed_term"),
    ("8.4.3", "CBC.99003185", "a_bundle_goes_whole_and_an_add_on_keeps_renewed_terms"),
    ("8.4.3", "CBC.99003643", "what_has_an_invoice_stays"),
    ("8.4.3", "CBC.99003647", "a_package_is_returned_before_it_takes_effect_only"),
    ("8.4.3", "CBC.99003649", "products_that_are_never_returned_have_their_codes"),
    ("8.4.3", "CBC.99003650", "products_that_are_never_returned_have_their_codes"),
    ("8.4.3", "CBC.99003652", "products_that_are_never_returned_have_their_codes"),
    ("8.4.3", "CBC.99003654", "a_bundle_goes_whole_and_an_add_on_keeps_renewed_terms"),
    ("8.4.3", "CBC.99003656", "frozen_resources_stay_and_frozen_accounts_may_leave"),
    ("8.4.3", "CBC.99006066", "a_fault_of_a_part_is_told_as_such"),
    ("8.4.3", "CBC.0151", "what_is_asked_for_must_be_well_formed"),
    ("8.4.3", "CBC.99003651", "a_child_that_is_being_made_keeps_its_set"),
    ("8.4.3", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
    // 8.4.4
    ("8.4.4", "CBC.0100", "what_cannot_be_renewed_is_not_turned_on"),
    ("8.4.4", "CBC.99003012", "what_cannot_be_renewed_is_not_turned_on"),
    ("8.4.4", "CBC.99003602", "what_cannot_be_renewed_is_not_turned_on"),
    ("8.4.4", "CBC.0151", "what_cannot_be_renewed_is_not_turned_on"),
    ("8.4.4", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
    // 8.4.5
    ("8.4.5", "CBC.0100", "what_cannot_be_renewed_is_not_turned_on"),
    ("8.4.5", "CBC.99003012", "what_cannot_be_renewed_is_not_turned_on"),
    ("8.4.5", "CBC.99003605", "it_is_turned_on_and_off_and_shown"),
    ("8.4.5", "CBC.0151", "what_cannot_be_renewed_is_not_turned_on"),
    ("8.4.5", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
    // 8.4.6
    ("8.4.6", "CBC.0100", "only_the_own_primary_resources_are_named"),
    ("8.4.6", "CBC.99003609", "kinds_that_cannot_be_billed_by_use_are_refused"),
    ("8.4.6", "CBC.99003610", "what_has_expired_is_told_one_by_one"),
    ("8.4.6", "CBC.99003611", "kinds_that_cannot_be_billed_by_use_are_refused"),
    ("8.4.6", "CBC.99003012", "what_has_expired_is_told_one_by_one"),
    ("8.4.6", "CBC.99003622", "kinds_that_cannot_be_billed_by_use_are_refused"),
    ("8.4.6", "CBC.99003623", "a_transaction_that_is_not_finished_stands_in_the_way"),
    ("8.4.6", "CBC.99003624", "a_freeze_stands_in_the_way"),
    ("8.4.6", "CBC.99003626", "a_freeze_stands_in_the_way"),
    ("8.4.6", "CBC.0151", "only_the_own_primary_resources_are_named"),
    ("8.4.6", "CBC.0999", "a_defect_of_any_of_them_is_told_as_such"),
];

/// Where the facts stand.
const TEXTS: &[&str] = &[
    include_str!("renewal_price.rs"),
    include_str!("renewals/codes.rs"),
    include_str!("life_codes.rs"),
    include_str!("refund_orders.rs"),
    include_str!("subscriptions.rs"),
    include_str!("renewals.rs"),
    include_str!("blocks.rs"),
    include_str!("unsubscribing/codes.rs"),
    include_str!("unsubscribing.rs"),
    include_str!("auto_renewals.rs"),
    include_str!("to_on_demand.rs"),
];

/// The only codes that no rule provokes (rule 13).
const BY_INJECTION_ONLY: &[&str] =
    &["CBC.0999", "CBC.99006016", "CBC.99006017", "CBC.99006024", "CBC.99006066"];

const FAULTS: &str = "/openbss/v1/sandbox/faults";
const RATE: &str = "/v2/bills/ratings/period-resources/renew-rate";
const RESOURCES: &str = "/v2/orders/subscriptions/resources";

#[test]
fn every_row_of_the_documents_has_a_fact() {
    let errors: Value = serde_json::from_str(include_str!("../data/errors.json")).expect("JSON");
    let mut documented = Vec::new();
    for operation in errors["operations"].as_array().expect("a list") {
        let section = operation["section"].as_str().expect("text");
        if ["4.2.3", "8.3.5"].contains(&section) || section.starts_with("8.4.") {
            let errors = operation["errors"].as_array().expect("a list");
            documented.extend(errors.iter().map(|error| (section, error["code"].as_str().expect("text"))));
        }
    }
    let mut own: Vec<_> = ROWS.iter().map(|(section, code, _)| (*section, *code)).collect();
    documented.sort_unstable();
    own.sort_unstable();
    assert_eq!(own, documented);
}

#[test]
fn every_fact_of_the_table_provokes_its_code() {
    for (section, code, fact) in ROWS {
        let head = format!("async fn {fact}(");
        let body = TEXTS.iter().find_map(|text| text.split_once(&head));
        let (_, body) = body.unwrap_or_else(|| panic!("{section} {code}: no fact {fact}"));
        let body = body.split("\n    async fn ").next().expect("the fact itself");
        assert!(body.contains(&format!("\"{code}\"")), "{fact} does not look for {code} ({section})");
        let is_injected = body.contains("FAULTS");
        assert_eq!(is_injected, BY_INJECTION_ONLY.contains(code), "{fact} provokes {code}");
    }
}

/// The operations of these sections: name, method, path and a body that is well-formed.
fn calls(id: &str) -> [(&'static str, &'static str, String, Option<Value>); 8] {
    let renewal = json!({"resource_ids": [id], "period_type": 2, "period_num": 1});
    let conversion = json!({"operation": "SET_UP", "resource_ids": [id]});
    [
        ("ListRenewRateOnPeriod", "POST", RATE.to_owned(), Some(with_attached(&renewal))),
        (
            "ShowRefundOrderDetails",
            "GET",
            "/v2/orders/customer-orders/refund-orders?order_id=CS1".to_owned(),
            None,
        ),
        ("ListPayPerUseCustomerResources", "POST", QUERY.to_owned(), Some(json!({}))),
        ("RenewalResources", "POST", RENEW.to_owned(), Some(renewal)),
        (
            "CancelResourcesSubscription",
            "POST",
            format!("{RESOURCES}/unsubscribe"),
            Some(json!({"resource_ids": [id], "unsubscribe_type": 1})),
        ),
        ("AutoRenewalResources", "POST", format!("{RESOURCES}/autorenew/{id}"), None),
        ("CancelAutoRenewalResources", "DELETE", format!("{RESOURCES}/autorenew/{id}"), None),
        ("UpdatePeriodToOnDemand", "POST", format!("{RESOURCES}/to-on-demand"), Some(conversion)),
    ]
}

fn with_attached(renewal: &Value) -> Value {
    crate::orders::with(renewal.clone(), "include_relative_resources", json!(1))
}

on_both! {
    async fn a_defect_of_any_of_them_is_told_as_such(app) {
        let id = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        for (operation, method, path, body) in calls(&id) {
            let fault = json!({"operation": operation, "times": 1, "error_code": "CBC.0999"});
            app.post("operator", FAULTS, fault).await.ok(201);
            app.call("acme", method, &path, body).await.refused(500, "CBC.0999");
        }
        let seen = crate::auto_renewals::seen(&app, "acme", &id).await;
        assert_eq!((&seen["status"], &seen["expire_policy"]), (&json!(2), &json!(0)), "nothing has happened: {seen}");
        app.finish().await;
    }

    async fn a_fault_of_a_part_is_told_as_such(app) {
        let id = buy(&app, "acme", json!([machine()]), json!({})).await.remove(0);
        let faults = [
            ("ListRenewRateOnPeriod", ["CBC.99006016", "CBC.99006017", "CBC.99006024", "CBC.99006066"].as_slice()),
            ("CancelResourcesSubscription", ["CBC.99006066"].as_slice()),
        ];
        for (operation, codes) in faults {
            let (_, method, path, body) = calls(&id).into_iter().find(|call| call.0 == operation).expect("it is named");
            for code in codes {
                let fault = json!({"operation": operation, "times": 1, "error_code": code});
                app.post("operator", FAULTS, fault).await.ok(201);
                app.call("acme", method, &path, body.clone()).await.refused(400, code);
            }
        }
        assert_eq!(crate::auto_renewals::seen(&app, "acme", &id).await["status"], 2);
        app.finish().await;
    }

    async fn a_token_that_is_not_known_asks_for_nothing(app) {
        let body = json!({"resource_ids": ["any"], "period_type": 2, "period_num": 1}).to_string();
        let headers = [("x-auth-token", "no such token"), ("content-type", "application/json")];
        app.plain("POST", RATE, &body, &headers).await.refused(401, "CBC.0154");
        app.finish().await;
    }
}
