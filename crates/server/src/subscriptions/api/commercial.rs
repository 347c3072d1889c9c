//! The own API: a trial becomes commercial.

use domain::calendar::{PeriodType, Term};
use platform::input;
use platform::op::{Audit, Json, Limit, Method, Mode, OPERATOR_OR_CUSTOMER, Operation, Right, Sites, Spec};

use super::change::{ORDER_ERRORS, OrderedOutput};
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::subscriptions::service::changes::Wanted;
use crate::subscriptions::service::conversions::WantedTerm;
use crate::subscriptions::service::ordering::check_right_to_pay;
use crate::subscriptions::service::trials;

input! {
    /// What a trial is to become.
    pub struct MakeCommercialInput: strict {
        /// The resource, as the cloud or we name it.
        pub id: String = path("id"),
        /// Specification of the same resource type that is no trial; left out: the resource's own.
        pub resource_spec: Option<String> = body("resource_spec").length(128),
        /// Size of a linear product; left out: the resource's own.
        pub resource_size: Option<i64> = body("resource_size").range(1, 2_147_483_647),
        /// Unit of the size.
        pub size_measure_id: Option<i64> = body("size_measure_id").range(0, 2_147_483_647),
        /// 2 month, 3 year.
        pub period_type: i64 = body("period_type").one_of(&["2", "3"]),
        /// How many.
        pub period_num: i64 = body("period_num").range(1, 60),
        /// Pay it now, with the discount that takes off most and fitting coupons.
        pub auto_pay: bool = body("auto_pay").default("false"),
        /// Renew it automatically.
        pub auto_renew: bool = body("auto_renew").default("false"),
    }
}

/// A term in the words of a request.
pub(super) fn term(period_type: i64, period_num: i64) -> Term {
    let period = PeriodType::from_code(period_type).expect("one of the declared codes");
    Term { period, count: u32::try_from(period_num).expect("within the declared range") }
}

/// `POST /openbss/v1/resources/{id}/to-commercial`.
pub(in crate::subscriptions) struct MakeCommercial;

impl Operation<App> for MakeCommercial {
    type Input = MakeCommercialInput;
    type Output = Json<OrderedOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "MakeCommercial",
        method: Method::Post,
        path: "/openbss/v1/resources/{id}/to-commercial",
        about: "Orders that a trial becomes commercial: its new term begins with the payment.",
        sites: Sites::All,
        callers: OPERATOR_OR_CUSTOMER,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("subscription", "makeCommercial"),
        limit: Limit::PerSecond(10),
        success: 201,
        errors: ORDER_ERRORS,
        is_secret: false,
        doc: "own API; order type 14",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        check_right_to_pay(cx, input.auto_pay)?;
        let wanted = Wanted {
            resource_spec: input.resource_spec,
            resource_size: input.resource_size,
            size_measure_id: input.size_measure_id,
        };
        let term = WantedTerm {
            term: term(input.period_type, input.period_num),
            auto_pay: input.auto_pay,
            auto_renew: input.auto_renew,
        };
        let placed = trials::to_commercial(cx, &input.id, &wanted, &term).await?;
        cx.audited = Some((input.id, placed.id.clone()));
        Ok(Json(OrderedOutput::of_placed(cx, &placed)))
    }
}
