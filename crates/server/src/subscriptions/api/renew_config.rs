//! 003 5.3: the deduction day and the unified expiry day of an account.

use domain::subscription::renewal::{DeductionDays, ExpireDay};
use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::subscriptions::service::auto_renewals;
use crate::subscriptions::store::renew_configs::RenewConfig;

/// The name of the day of automatic renewal.
const DEDUCTION_DATE: &str = "DEDUCTION_DATE";
/// The name of the day on which renewed terms end.
const EXPIRE_DATE: &str = "EXPIRE_DATE";

/// What the documents answer where nothing went wrong.
const DONE: (&str, &str) = ("CBC.0000", "success");

input! {
    /// As the SDKs have it.
    pub struct SetRenewConfigInput {
        /// DEDUCTION_DATE: how many days before the expiry automatic renewal is tried first. EXPIRE_DATE: on which day
        /// of the month terms end that are renewed automatically.
        pub config_name: String = body("config_name").one_of(&[DEDUCTION_DATE, EXPIRE_DATE]),
        /// Of DEDUCTION_DATE 2 to 7; of EXPIRE_DATE 1 to 28, or -1 for the last day.
        pub config_value: String = body("config_value").length(64),
    }
}

/// That it is set, in the words of the documents.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct SetRenewConfigOutput {
    /// `CBC.0000`.
    error_code: &'static str,
    /// `success`.
    error_msg: &'static str,
}

/// A configuration with one value changed.
fn changed(config: RenewConfig, name: &str, value: &str) -> Result<RenewConfig, Refusal> {
    let refused = |en: &str, zh: &str| Refusal::because("config_value", en, zh);
    if name == DEDUCTION_DATE {
        let days = DeductionDays::parse(value);
        let deduction_days = days.ok_or_else(|| {
            refused(
                "must be 2 to 7 where config_name is DEDUCTION_DATE",
                "在 config_name 为 DEDUCTION_DATE 时必须为 2 到 7",
            )
        })?;
        return Ok(RenewConfig { deduction_days, ..config });
    }
    let day = ExpireDay::parse(value).ok_or_else(|| {
        refused(
            "must be 1 to 28, or -1 for the last day of the month, where config_name is EXPIRE_DATE",
            "在 config_name 为 EXPIRE_DATE 时必须为 1 到 28，或 -1（每月最后一天）",
        )
    })?;
    Ok(RenewConfig { expire_day: Some(day), ..config })
}

/// 003 5.3.
pub(in crate::subscriptions) struct SetResourcesRenewConfig;

impl Operation<App> for SetResourcesRenewConfig {
    type Input = SetRenewConfigInput;
    type Output = Json<SetRenewConfigOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "SetResourcesRenewConfig",
        method: Method::Post,
        path: "/v2/orders/subscriptions/resources/renew/config",
        about: "Sets on which day resources are renewed automatically, and on which day renewed terms end.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "setResourcesRenewConfig"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "003 5.3; the answer as the public page of the operation (api_order_00031) shows it",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let account = cx.account().to_owned();
        cx.audited = Some((account.clone(), input.config_name.clone()));
        let before = auto_renewals::config(&mut cx.tx, &account).await?;
        let config = changed(before, &input.config_name, &input.config_value)?;
        auto_renewals::configure(cx, &account, &config).await?;
        Ok(Json(SetRenewConfigOutput { error_code: DONE.0, error_msg: DONE.1 }))
    }
}
