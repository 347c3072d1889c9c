//! The operations of orders.

pub(super) mod adjust;
pub(super) mod approvals;
pub(super) mod details;
pub(super) mod explain;
mod explained;
mod explained_price;
pub(super) mod list;
pub(super) mod order_coupons;
pub(super) mod order_discounts;
pub(super) mod pay;
pub(super) mod place;
pub(super) mod refund_orders;
mod shown;

use domain::calendar::{Date, Instant};
use platform::op::{AccountKind, ApiError, Refusal};

use crate::Cx;
use crate::codes;
use crate::identity::service::find_account;

/// Permission items of partners' users, any of which suffices (004 table 3-5).
const PARTNER_ACTIONS: &[&str] = &["BPC_ITEM_SUBCUSTSERV_060100", "BPC_ITEM_SUBCUSTSERV_060200"];

/// The partner whose customers' orders are looked at: the caller itself, or a reseller of it.
async fn viewed_partner(cx: &mut Cx, reseller: Option<&str>) -> Result<String, ApiError> {
    let own = cx.principal.account.clone();
    let Some(reseller) = reseller else { return Ok(own) };
    let app = cx.app.clone();
    let found = match cx.principal.kind {
        AccountKind::Distributor => find_account(&app, &mut cx.tx, reseller).await?,
        // Nobody else has resellers.
        AccountKind::Operator
        | AccountKind::Customer
        | AccountKind::Reseller
        | AccountKind::SolutionProvider => None,
    };
    let is_own = |account: &crate::identity::service::Account| {
        account.kind == AccountKind::Reseller && account.partner_id.as_deref() == Some(own.as_str())
    };
    match found {
        Some(account) if is_own(&account) => Ok(account.id.clone()),
        _ => Err(codes::NO_RIGHT_TO_RESELLER.because(
            format!("indirect_partner_id: {reseller} is no reseller of yours. Check the reseller's ID."),
            format!("indirect_partner_id：{reseller} 不是您的云经销商，请检查云经销商 ID。"),
        )),
    }
}

/// Refuses a span that runs backwards, of two times that are well-formed each (CBC.0101), or is longer than a year
/// (004 table 8-6).
fn check_span(field: &str, begin: Option<Instant>, end: Option<Instant>) -> Result<(), ApiError> {
    let (Some(begin), Some(end)) = (begin, end) else { return Ok(()) };
    if begin > end {
        return Err(codes::INVALID_VALUE.because(
            format!("{field}_end must not lie before {field}_begin."),
            format!("{field}_end 不能早于 {field}_begin。"),
        ));
    }
    let date = Date::of(begin);
    // Beyond the last year of the calendar every end is near enough.
    let Ok(year_later) = date.plus_months_sticky(12) else { return Ok(()) };
    let time_of_day = begin.ms() - date.start_of_day().ms();
    if end > year_later.start_of_day().plus_ms(time_of_day) {
        return Err(Refusal::because(
            format!("{field}_end"),
            format!("must not lie more than one year after {field}_begin"),
            format!("与 {field}_begin 的跨度不能超过 1 年"),
        )
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_runs_forwards_and_is_at_most_a_year() {
        let at = |text| Some(Instant::parse_utc(text).unwrap());
        for (begin, end, is_allowed) in [
            ("2025-05-06T08:05:01Z", "2025-05-06T08:05:01Z", true),
            ("2025-05-06T08:05:01Z", "2025-05-06T08:05:00Z", false),
            ("2025-05-06T08:05:01Z", "2026-05-06T08:05:01Z", true),
            ("2025-05-06T08:05:01Z", "2026-05-06T08:05:02Z", false),
            ("2024-02-29T00:00:00Z", "2025-02-28T00:00:00Z", true),
            ("2024-02-29T00:00:00Z", "2025-03-01T00:00:00Z", false),
        ] {
            assert_eq!(check_span("create_time", at(begin), at(end)).is_ok(), is_allowed, "{begin} {end}");
        }
        assert!(check_span("create_time", at("2025-05-06T08:05:01Z"), None).is_ok());
    }
}
