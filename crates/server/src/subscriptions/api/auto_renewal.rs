//! 004 8.4.4 and 8.4.5: automatic renewal on and off.

use domain::calendar::{PeriodType, Term};
use platform::input;
use platform::op::{ApiError, Audit, CUSTOMER, Limit, Method, Mode, Operation, Right, Sites, Spec};

use super::renew::customer;
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::identity::service::{payer_of, standing};
use crate::subscriptions::service::auto_renewals::{self, Span, Wish};
use crate::subscriptions::service::sets::{self, Set};

/// The longest id of a resource (004 table 8-32).
const RESOURCE_ID_MAX: usize = 64;

input! {
    /// 004 table 8-32; the body is the SDKs'.
    pub struct AutoRenewalInput {
        /// A primary resource, or one that is attached: all of the set are meant.
        pub resource_id: String = path("resource_id").length(RESOURCE_ID_MAX),
        /// How often; 0: any number. Left out: any number where it is off, and no change where it is on.
        pub auto_renew_times: Option<i64> = body("auto_renew_times").range(0, 99),
        /// For a month or a year each time. The unit of the purchase: for its term; left out: as before, at first its term.
        pub period_type: Option<String> = body("period_type").one_of(&["MONTH", "YEAR"]),
    }

    /// 004 table 8-33.
    pub struct CancelAutoRenewalInput {
        /// A primary resource, or one that is attached: all of the set are meant.
        pub resource_id: String = path("resource_id").length(RESOURCE_ID_MAX),
    }
}

/// A set that the caller names by one of its resources, locked.
async fn lock(cx: &mut Cx, resource_id: &str) -> Result<Set, ApiError> {
    let account = cx.account().to_owned();
    let unknown = || {
        codes::RESOURCE_ID_NOT_FOUND.because(
            format!(
                "resource_id: there is no resource {resource_id} in this account. Check the resource ID."
            ),
            format!("resource_id：该账号下没有资源 {resource_id}。请检查资源ID。"),
        )
    };
    let found = sets::find(cx, &account, resource_id).await?.ok_or_else(unknown)?;
    let set = sets::lock(cx, &found).await?;
    let is_there = set.members().any(|one| one.id == found.id && one.is_visible());
    if !is_there || !set.primary.is_visible() {
        return Err(unknown());
    }
    Ok(set)
}

/// The term of each renewal. The unit of the purchase is that of the purchase, whatever its number.
fn span(set: &Set, asked: Option<&str>) -> Span {
    let period = match asked {
        None => return Span::AsBefore,
        Some("YEAR") => PeriodType::Year,
        Some(_) => PeriodType::Month,
    };
    if set.primary.term().period == period {
        return Span::Purchase;
    }
    Span::Other(Term { period, count: 1 })
}

/// 004 8.4.4.
pub(in crate::subscriptions) struct AutoRenewalResources;

impl Operation<App> for AutoRenewalResources {
    type Input = AutoRenewalInput;
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "AutoRenewalResources",
        method: Method::Post,
        path: "/v2/orders/subscriptions/resources/autorenew/{resource_id}",
        about: "Renews a resource, with what is attached to it, automatically from now on.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "setResourcesAutorenew"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[&codes::RESOURCE_ID_NOT_FOUND, &codes::AUTO_RENEWAL_OF_EXPIRED_OR_FROZEN],
        is_secret: false,
        doc: "004 8.4.4",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), ApiError> {
        let id = input.resource_id;
        cx.audited = Some((id.clone(), id.clone()));
        let customer = customer(cx).await?;
        let is_frozen = standing(&mut cx.tx, payer_of(&customer), &customer.id).await?.is_frozen;
        let mut set = lock(cx, &id).await?;
        if let Some((en, zh)) = auto_renewals::obstacle(cx, &set, is_frozen) {
            let code = &codes::AUTO_RENEWAL_OF_EXPIRED_OR_FROZEN;
            return Err(code.because(format!("Resource {id}: {en}"), format!("资源 {id}：{zh}")));
        }
        let wish = Wish { times: input.auto_renew_times, span: span(&set, input.period_type.as_deref()) };
        auto_renewals::turn_on(cx, &mut set, wish).await
    }
}

/// 004 8.4.5.
pub(in crate::subscriptions) struct CancelAutoRenewalResources;

impl Operation<App> for CancelAutoRenewalResources {
    type Input = CancelAutoRenewalInput;
    type Output = ();
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CancelAutoRenewalResources",
        method: Method::Delete,
        path: "/v2/orders/subscriptions/resources/autorenew/{resource_id}",
        about: "Renews a resource, with what is attached to it, no longer automatically.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "cancelResourcesAutoRenew"),
        limit: Limit::PerSecond(10),
        success: 204,
        errors: &[&codes::RESOURCE_ID_NOT_FOUND, &codes::AUTO_RENEWAL_ALREADY_CANCELED],
        is_secret: false,
        doc: "004 8.4.5",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<(), ApiError> {
        let id = input.resource_id;
        cx.audited = Some((id.clone(), id.clone()));
        let mut set = lock(cx, &id).await?;
        if !set.members().any(|one| one.auto_renew) {
            return Err(codes::AUTO_RENEWAL_ALREADY_CANCELED.because(
                format!("Resource {id}: {}", codes::AUTO_RENEWAL_ALREADY_CANCELED.en),
                format!("资源 {id}：{}", codes::AUTO_RENEWAL_ALREADY_CANCELED.zh),
            ));
        }
        auto_renewals::turn_off(cx, &mut set).await
    }
}
