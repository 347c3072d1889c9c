//! 004 8.4.3: unsubscribing from yearly/monthly resources.

use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::renew::{FailResourceInfo, repeated};
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::subscriptions::service::unsubscribing::{self, Scope, Unsubscription};

input! {
    /// 004 8.4.3.
    pub struct UnsubscribeResourcesInput {
        /// Primary resources, or what is attached to one; at most ten, each once.
        pub resource_ids: Vec<String> = body("resource_ids").items(1, 10),
        /// 1: the resources and all their terms; 2: only renewed terms that have not begun.
        pub unsubscribe_type: i64 = body("unsubscribe_type").one_of(&["1", "2"]),
        /// 1: hard to use, 2: misses functions, 3: too complex, 4: unsatisfactory service, 5: others.
        pub unsubscribe_reason_type: Option<i64> = body("unsubscribe_reason_type")
            .one_of(&["1", "2", "3", "4", "5"]),
        /// Why, in words.
        pub unsubscribe_reason: Option<String> = body("unsubscribe_reason").length(512),
    }
}

/// Unsubscription orders.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct UnsubscribeResourcesOutput {
    /// One for each primary resource that was named, with what is attached to it.
    order_ids: Vec<String>,
    /// Reserved by the documents: a request is carried out as a whole or not at all.
    fail_resource_infos: Vec<FailResourceInfo>,
}

/// 004 8.4.3.
pub(in crate::subscriptions) struct CancelResourcesSubscription;

impl Operation<App> for CancelResourcesSubscription {
    type Input = UnsubscribeResourcesInput;
    type Output = Json<UnsubscribeResourcesOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "CancelResourcesSubscription",
        method: Method::Post,
        path: "/v2/orders/subscriptions/resources/unsubscribe",
        about: "Unsubscribes from yearly/monthly resources, or from their renewed terms; what is left of the money goes back.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "unsubscribeResources"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[
            &codes::SAVINGS_PLAN_NOT_UNSUBSCRIBABLE,
            &codes::UNSUBSCRIPTION_RESOURCE_GONE,
            &codes::RESOURCE_ID_NOT_FOUND,
            &codes::RESOURCE_IN_UNPAID_ORDER,
            &codes::NO_RENEWAL_TO_UNSUBSCRIBE,
            &codes::UNSUBSCRIPTION_AS_WHOLE_ONLY,
            &codes::INVOICED_NOT_UNSUBSCRIBABLE,
            &codes::SERVICE_NOT_UNSUBSCRIBABLE,
            &codes::PACKAGE_NOT_UNSUBSCRIBABLE,
            &codes::TRIAL_NOT_UNSUBSCRIBABLE,
            &codes::MARKETPLACE_NOT_UNSUBSCRIBABLE,
            &codes::UNSUBSCRIPTION_WHILE_BUSY,
            &codes::DEV_CLOUD_PACKAGE_NOT_UNSUBSCRIBABLE,
            &codes::RENEWAL_HAS_ADD_ON,
            &codes::UNSUBSCRIPTION_WHILE_FROZEN,
            // Only fault injection provokes it (rule 13).
            &codes::FEE_QUERY_FAILED,
            &codes::AMOUNT_OVER_LIMIT,
        ],
        is_secret: false,
        doc: "004 8.4.3",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        if let Some(at) = repeated(&input.resource_ids) {
            let (en, zh) = ("occurs more than once: name each resource once", "重复：每个资源只能出现一次");
            return Err(Refusal::because(format!("resource_ids[{at}]"), en, zh).into());
        }
        let named = input.resource_ids.join(",");
        cx.audited = Some((named.clone(), named));
        let asked = Unsubscription {
            account: cx.account().to_owned(),
            user_name: cx.principal.user_name.clone(),
            resource_ids: input.resource_ids,
            scope: if input.unsubscribe_type == 1 { Scope::Everything } else { Scope::RenewedTerms },
            reason_type: input.unsubscribe_reason_type,
            reason: input.unsubscribe_reason,
        };
        let orders = unsubscribing::unsubscribe(cx, &asked).await?;
        Ok(Json(UnsubscribeResourcesOutput {
            order_ids: orders.into_iter().map(|order| order.id).collect(),
            fail_resource_infos: Vec::new(),
        }))
    }
}
