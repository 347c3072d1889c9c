//! Every error code that this server can answer with.
//!
//! A code and its HTTP status are the contract: they come from the table of 004 11.9, and from the gateway that
//! stands in front of the operations (`APIG.*`). The messages are ours, in English and Chinese; a message here is
//! what is said when nothing more precise is known, and the place that refuses a request adds which field or which
//! thing was meant.
//!
//! Where the table of one operation gives a code another status than 11.9 does, the constant carries the one of
//! 11.9, and a test keeps the list of those tables: `CBC.0154` (4.2.3: 403), `CBC.5016` (5.1.3: 400) and
//! `CBC.99005024` (5.2.2 and 5.2.3: 200).
//!
//! Codes of today live in this namespace. The four-digit forms that 11.9 still lists repeat many of their meanings,
//! so they keep namespaces of their own: [`legacy_orders`] and [`legacy_accounts`].
//!
//! Invariant: a code stands in one constant only, and that constant stands in [`ALL`].

mod common;
pub mod legacy_accounts;
pub mod legacy_orders;
mod orders;
mod partners;
mod pricing;
mod registration;
pub mod single;
mod subscriptions;

use platform::op::Code;

pub use common::*;
pub use orders::*;
pub use partners::*;
pub use pricing::*;
pub use registration::*;
pub use subscriptions::*;

/// The whole registry, each code once, by family.
pub const ALL: &[&Code] = &[
    &SIGNATURE_INVALID,
    &NO_SUCH_API,
    &BODY_TOO_LARGE,
    &GATEWAY_THROTTLED,
    &SUCCESS,
    &INVALID_PARAMETER,
    &INVALID_VALUE,
    &OPERATION_INVALID,
    &ACCESS_DENIED,
    &TOKEN_INVALID,
    &DENIED_ON_ORDERS,
    &WRONG_SITE,
    &THROTTLED,
    &INTERNAL,
    &ORDER_NOT_FOUND,
    &ACCOUNT_FROZEN,
    &BUDGET_INSUFFICIENT,
    &PAYMENT_IN_PROGRESS,
    &COMBINED_ORDER_ONLY,
    &ORDER_STATE_CHANGED,
    &DISCOUNT_NOT_APPLICABLE,
    &PAYMENT_OVERDUE,
    &COUPON_USED,
    &TRY_AGAIN_LATER,
    &COUPON_EXCLUDES_DISCOUNT,
    &DISCOUNT_BELOW_COUPON_MINIMUM,
    &RESOURCE_CAPACITY_INSUFFICIENT,
    &DISCOUNT_EXCLUDES_CASH_COUPON,
    &DISCOUNTS_NOT_COMBINABLE,
    &ENTERPRISE_PROJECT_QUOTA_INSUFFICIENT,
    &MARKETPLACE_COUPON_NOT_COMBINABLE,
    &PAYMENT_AFTER_EFFECTIVE_TIME,
    &ORGANIZATION_BUDGET_INSUFFICIENT,
    &INSUFFICIENT_BALANCE,
    &ORDER_NOT_CANCELABLE,
    &NOT_A_REFUND_ORDER,
    &PARTNER_NOT_VERIFIED,
    &SANDBOX_ACCOUNT_NOT_ALLOWED,
    &PAYMENT_BY_API_NOT_ALLOWED,
    &TAX_RATE_UNAVAILABLE,
    &TOO_MANY_ATTEMPTS,
    &DAILY_TRANSACTIONS_EXCEEDED,
    &COST_MANAGEMENT_INACTIVE,
    &COSTS_HIDDEN_BY_PARTNER,
    &TOO_MANY_MEMBERS,
    &COSTS_HIDDEN_BY_MASTER,
    &RENEWAL_PRICE_OF_ATTACHED_RESOURCE,
    &RENEWAL_PRICE_PERIOD_INVALID,
    &RENEWAL_PRICE_RESOURCE_GONE,
    &RENEWAL_PRICE_UNPAID_ORDER,
    &RENEWAL_PRICE_RESOURCE_CHANGING,
    &DUPLICATE_RESOURCE_ID,
    &PRODUCT_NOT_RENEWABLE,
    &PRODUCT_NOT_FOUND,
    &COUPON_QUERY_FAILED,
    &CUSTOMER_QUERY_FAILED,
    &PRODUCT_QUERY_FAILED,
    &WRONG_USAGE_UNIT,
    &AMOUNT_OVER_LIMIT,
    &FEE_QUERY_FAILED,
    &PROJECT_NOT_FOUND,
    &NO_SUCH_BILLING_ITEM,
    &ALREADY_FROZEN,
    &SAVINGS_PLAN_NOT_UNSUBSCRIBABLE,
    &UNSUBSCRIPTION_RESOURCE_GONE,
    &RESOURCE_DELETED,
    &RENEWAL_OF_ATTACHED_RESOURCE,
    &RENEWAL_PERIOD_INVALID,
    &AUTO_PAYMENT_FAILED,
    &SUBSCRIPTION_PERIOD_INVALID,
    &RESOURCE_HAS_DEPENDENTS,
    &RESOURCE_ID_NOT_FOUND,
    &RESOURCE_GONE,
    &RESOURCE_IN_UNPAID_ORDER,
    &RESOURCE_ALREADY_UNSUBSCRIBED,
    &NO_RENEWAL_TO_UNSUBSCRIBE,
    &ORDER_IN_PROGRESS,
    &RENEWAL_TOO_LONG,
    &UNSUBSCRIPTION_AS_WHOLE_ONLY,
    &AUTO_RENEWAL_OF_EXPIRED_OR_FROZEN,
    &AUTO_RENEWAL_ALREADY_CANCELED,
    &PRODUCT_NOT_CONVERTIBLE,
    &GRACE_OR_RETENTION_NOT_CONVERTIBLE,
    &PACKAGE_NOT_CONVERTIBLE,
    &SOLUTION_NOT_CONVERTIBLE,
    &CONVERSION_BLOCKED_BY_ORDER,
    &CONVERSION_BLOCKED_BY_SECURITY_FREEZE,
    &CONVERSION_BLOCKED_BY_FROZEN_ACCOUNT,
    &RELEASED_NOT_RENEWABLE,
    &BUNDLE_RENEWAL_AS_WHOLE_ONLY,
    &ADD_ON_NOT_RENEWABLE,
    &INVOICED_NOT_UNSUBSCRIBABLE,
    &SERVICE_NOT_UNSUBSCRIBABLE,
    &PACKAGE_NOT_UNSUBSCRIBABLE,
    &TRIAL_NOT_UNSUBSCRIBABLE,
    &MARKETPLACE_NOT_UNSUBSCRIBABLE,
    &UNSUBSCRIPTION_WHILE_BUSY,
    &DEV_CLOUD_PACKAGE_NOT_UNSUBSCRIBABLE,
    &RENEWAL_HAS_ADD_ON,
    &UNSUBSCRIPTION_WHILE_FROZEN,
    &RESOURCE_NOT_UNSUBSCRIBABLE,
    &RESELLER_BUDGET_QUOTA_INSUFFICIENT,
    &RESELLER_BUDGET_RIGHT_REVOKED,
    &COUPON_QUOTA_BUSY,
    &UNFREEZE_SCOPE_MISMATCH,
    &DISTRIBUTOR_WITHOUT_DIRECT_CUSTOMERS,
    &PARTNER_RESTRICTED,
    &DISTRIBUTOR_RESTRICTED,
    &PARTNER_WITHOUT_CREDIT,
    &ALREADY_FROZEN_IN_OTHER_SCOPE,
    &NO_RIGHT_TO_CUSTOMER,
    &CUSTOMER_AUTHORIZATION_FAILED,
    &NOT_YOUR_CUSTOMER,
    &NO_RIGHT_TO_RESELLER,
    &NOT_FOR_RESELLER_CUSTOMERS,
    &ASSOCIATION_TIMED_OUT,
    &REFERRAL_MODEL_NOT_ALLOWED,
    &ASSOCIATION_TYPE_MISMATCH,
    &VERIFICATION_NOT_REVIEWABLE,
    &VERIFICATION_CODE_WRONG,
    &VERIFICATION_CODE_EXPIRED,
    &EMAIL_TAKEN,
    &ACCOUNT_NAME_INVALID,
    &EMAIL_INVALID,
    &COUNTRY_NOT_SERVED,
    &PASSWORD_INVALID,
    &ACCOUNT_NAME_TAKEN,
    &EXTERNAL_ACCOUNT_TAKEN,
    &CONTACT_PREREGISTERED,
    &TOO_MANY_CODE_REQUESTS,
    &ATTACHMENT_TOO_LARGE,
    &ATTACHMENT_FORMAT_INVALID,
    &TEMPLATE_NOT_FOUND,
    &CODE_NOT_GENERATED,
    &CODE_NOT_SENT,
    &EMAIL_EMPTY_OR_INVALID,
    &MOBILE_EMPTY_OR_INVALID,
    &VERIFICATION_CODE_INVALID,
    &VERIFICATION_CODE_LOCKED,
    &VERIFICATION_CODE_MISMATCH,
    &CODE_SENDING_LIMIT,
    &ALREADY_VERIFIED,
    &CERTIFICATE_USED_TOO_OFTEN,
    &VERIFICATION_ATTEMPTS_EXCEEDED,
    &CERTIFICATE_INVALID,
    &CERTIFICATE_PICTURE_UNREADABLE,
    &LEGAL_PERSON_WRONG,
    &ENTERPRISE_WRONG,
    &BANK_NOT_SUPPORTED,
    &VERIFICATION_FAILED_OTHERWISE,
    &VERIFICATION_BY_MEMBER_NOT_ALLOWED,
    &legacy_orders::RESOURCE_LOCKED,
    &legacy_orders::SERVICE_TYPE_NOT_SUPPORTED,
    &legacy_orders::RESOURCE_EXPIRED,
    &legacy_orders::ORDER_STATE_CHANGED,
    &legacy_orders::COUPON_USED,
    &legacy_orders::RESOURCE_ALREADY_UNSUBSCRIBED,
    &legacy_orders::NO_RENEWAL_TO_UNSUBSCRIBE,
    &legacy_orders::RESOURCE_CAPACITY_INSUFFICIENT,
    &legacy_orders::ORDER_IN_PROGRESS,
    &legacy_orders::ENTERPRISE_PROJECT_QUOTA_INSUFFICIENT,
    &legacy_orders::ADD_ON_PAYMENT_NOT_MET,
    &legacy_orders::UNSUBSCRIPTION_AS_WHOLE_ONLY,
    &legacy_orders::ADD_ON_NOT_RENEWABLE,
    &legacy_orders::ADD_ON_NOT_UNSUBSCRIBABLE,
    &legacy_orders::REGIONS_DIFFER,
    &legacy_orders::RESOURCES_UNSUBSCRIBED,
    &legacy_orders::RESOURCE_NOT_FOUND,
    &legacy_orders::RESOURCE_ID_MISSING,
    &legacy_orders::PRODUCT_NOT_FOUND,
    &legacy_orders::AMOUNT_OVER_LIMIT,
    &legacy_accounts::TEMPLATE_NOT_FOUND,
    &legacy_accounts::CODE_NOT_GENERATED,
    &legacy_accounts::CODE_NOT_SENT,
    &legacy_accounts::EMAIL_EMPTY,
    &legacy_accounts::MOBILE_EMPTY_OR_INVALID,
    &legacy_accounts::MOBILE_NOT_VERIFIED,
    &legacy_accounts::EMAIL_NOT_VERIFIED,
    &legacy_accounts::VERIFICATION_CODE_INVALID,
    &legacy_accounts::VERIFICATION_CODE_LOCKED,
    &legacy_accounts::CODE_SENDING_LIMIT,
    &legacy_accounts::NOT_A_PARTNER,
    &legacy_accounts::CUSTOMER_NOT_FOUND,
    &legacy_accounts::INSUFFICIENT_BALANCE,
    &legacy_accounts::NO_RIGHT_TO_CUSTOMER,
    &legacy_accounts::CUSTOMER_UNDER_REVIEW,
    &legacy_accounts::CUSTOMER_TYPE_DIFFERS,
    &legacy_accounts::ACCOUNT_NAME_TAKEN,
    &legacy_accounts::EMAIL_TAKEN,
    &legacy_accounts::MOBILE_TAKEN,
    &legacy_accounts::ACCOUNT_NAME_INVALID,
    &legacy_accounts::EMAIL_INVALID,
    &legacy_accounts::MOBILE_INVALID,
    &legacy_accounts::EXTERNAL_ACCOUNT_TAKEN,
    &legacy_accounts::CUSTOMER_LIMIT_REACHED,
    &legacy_accounts::PARTIAL_FAILURE,
    &legacy_accounts::ACCOUNT_TYPE_MISMATCH,
    &legacy_accounts::ASSOCIATION_TYPE_MISMATCH,
    &legacy_accounts::CUSTOMER_AUTHORIZATION_FAILED,
    &legacy_accounts::MEMBER_NOT_ASSOCIATED,
    &legacy_accounts::SERVICE_CHECK_NOT_MET,
    &legacy_accounts::VERIFICATION_CODE_EXPIRED,
    &legacy_accounts::VERIFICATION_CODE_WRONG,
    &legacy_accounts::CREDIT_EXPIRED,
    &legacy_accounts::ALREADY_VERIFIED,
    &legacy_accounts::CERTIFICATE_USED_TOO_OFTEN,
    &legacy_accounts::VERIFICATION_ATTEMPTS_EXCEEDED,
    &legacy_accounts::CERTIFICATE_INVALID,
    &legacy_accounts::VERIFICATION_FAILED,
    &legacy_accounts::FACE_MISMATCH,
    &legacy_accounts::PASSWORD_INVALID,
    &legacy_accounts::CERTIFICATE_PICTURE_UNREADABLE,
    &legacy_accounts::COUNTRY_NOT_SERVED,
    &legacy_accounts::CERTIFICATE_OR_MOBILE_WRONG,
    &legacy_accounts::LEGAL_PERSON_WRONG,
    &legacy_accounts::ENTERPRISE_WRONG,
    &legacy_accounts::PARTNER_NOT_AN_INDIVIDUAL,
    &legacy_accounts::VERIFICATION_BY_MEMBER_NOT_ALLOWED,
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The published codes and statuses, as data of the repository's own.
    const PUBLISHED: &str = include_str!("../../tests/data/errors.json");

    fn published() -> serde_json::Value {
        serde_json::from_str(PUBLISHED).unwrap()
    }

    #[test]
    fn every_published_code_is_registered_once_with_its_status() {
        let registered: BTreeMap<&str, u16> = ALL.iter().map(|code| (code.code, code.status)).collect();
        assert_eq!(registered.len(), ALL.len(), "a code is registered twice");
        let mut expected: BTreeMap<String, u16> =
            [("APIG.0301", 401), ("APIG.0101", 404), ("APIG.0201", 413), ("APIG.0308", 429)]
                .map(|(code, status)| (code.to_owned(), status))
                .into();
        for row in published()["codes"].as_array().unwrap() {
            let status = u16::try_from(row["http"].as_u64().unwrap()).unwrap();
            expected.insert(row["code"].as_str().unwrap().to_owned(), status);
        }
        let registered: BTreeMap<String, u16> =
            registered.into_iter().map(|(code, status)| (code.to_owned(), status)).collect();
        assert_eq!(registered, expected);
    }

    #[test]
    fn the_tables_of_operations_name_registered_codes_only() {
        let registered: BTreeSet<&str> = ALL.iter().map(|code| code.code).collect();
        for operation in published()["operations"].as_array().unwrap() {
            for row in operation["errors"].as_array().unwrap() {
                let code = row["code"].as_str().unwrap();
                assert!(registered.contains(code), "{code} of {} is not registered", operation["section"]);
            }
        }
    }

    #[test]
    fn the_operations_whose_tables_differ_from_the_common_one_are_the_four_that_are_known() {
        let registered: BTreeMap<&str, u16> = ALL.iter().map(|code| (code.code, code.status)).collect();
        let mut differing = Vec::new();
        for operation in published()["operations"].as_array().unwrap() {
            for row in operation["errors"].as_array().unwrap() {
                let (code, status) = (row["code"].as_str().unwrap(), row["http"].as_u64().unwrap());
                if u64::from(registered[code]) != status {
                    differing.push(format!("{} {code} {status}", operation["section"].as_str().unwrap()));
                }
            }
        }
        differing.sort();
        let known =
            ["4.2.3 CBC.0154 403", "5.1.3 CBC.5016 400", "5.2.2 CBC.99005024 200", "5.2.3 CBC.99005024 200"];
        assert_eq!(differing, known);
    }

    #[test]
    fn messages_are_sentences_in_both_languages() {
        for code in ALL {
            assert!(code.en.is_ascii() && code.en.ends_with('.'), "{}: {}", code.code, code.en);
            assert!(code.zh.ends_with('。'), "{}: {}", code.code, code.zh);
            // The envelope bounds error_msg at 1000 characters; details are appended to these.
            assert!(code.en.len() <= 200 && code.zh.chars().count() <= 200, "{} is too long", code.code);
        }
    }
}
