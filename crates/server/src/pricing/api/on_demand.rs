//! Prices of pay-per-use products (004 4.2.1).

use platform::input;
use platform::op::wire::Decimal;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Num, Operation, Refusal, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ASKED, CURRENCY_MEASURE, refuse_repeated, too_much};
use crate::Cx;
use crate::app::App;
use crate::catalog::model::Place;
use crate::codes::{AMOUNT_OVER_LIMIT, NO_SUCH_BILLING_ITEM, PRODUCT_NOT_FOUND, WRONG_USAGE_UNIT};
use crate::pricing::discounts::{self, Reduction, preferred, reductions};
use crate::pricing::service::{DECIMALS, DECIMALS_MAX, UsageQuery, price_usage, usage_value};
use crate::pricing::shown::{Discounted, Sum};

input! {
    /// One product (004 table 4-18).
    pub struct DemandProductInfo {
        /// Chosen by the caller; unique within the inquiry and repeated in the answer.
        pub id: String = body("id"),
        /// Service code.
        pub cloud_service_type: String = body("cloud_service_type").length(400),
        /// Resource type code.
        pub resource_type: String = body("resource_type").length(400),
        /// Specification.
        pub resource_spec: String = body("resource_spec").length(400),
        /// Region code.
        pub region: String = body("region"),
        /// Zone, compared without case.
        pub available_zone: Option<String> = body("available_zone").quotes(Unset),
        /// Size, of a linear product.
        pub resource_size: Option<i64> = body("resource_size").range(1, 2_147_483_647),
        /// Unit of the size.
        pub size_measure_id: Option<i64> = body("size_measure_id").range(0, 9_999),
        /// Usage factor, compared without case.
        pub usage_factor: String = body("usage_factor"),
        /// How much is used, by one subscription.
        pub usage_value: Decimal = body("usage_value"),
        /// Unit of the usage.
        pub usage_measure_id: i64 = body("usage_measure_id").range(0, 9_999),
        /// How many subscriptions.
        pub subscription_num: i64 = body("subscription_num").range(1, 10_000),
    }

    /// 004 4.2.1. The project is required and not checked further.
    pub struct RateOnDemandReq {
        /// Project id.
        pub project_id: String = body("project_id"),
        /// 0: up to six decimals, 1: up to ten.
        pub inquiry_precision: i64 = body("inquiry_precision").range(0, 1).default("0"),
        /// The products.
        pub product_infos: Vec<DemandProductInfo> = body("product_infos").items(1, 100),
    }
}

/// A discount on one product (004 table 4-20).
#[derive(Debug, Serialize, JsonSchema)]
pub struct DemandDiscountRatingResult {
    /// Discount id.
    pub discount_id: String,
    /// 605, 606 commercial, 607 by a partner; 700 promotion, 200 promotion product.
    pub discount_type: i64,
    /// What it takes off.
    pub amount: Num,
    /// Unit of the amount: 1, the currency.
    pub measure_id: i64,
    /// Name.
    pub discount_name: String,
}

/// The price of one product (004 table 4-19).
#[derive(Debug, Serialize, JsonSchema)]
pub struct DemandProductRatingResult {
    /// The id of the request.
    pub id: String,
    /// Product id.
    pub product_id: String,
    /// What is payable.
    pub amount: Num,
    /// List price − amount.
    pub discount_amount: Num,
    /// List price.
    pub official_website_amount: Num,
    /// Unit of the amounts: 1, the currency.
    pub measure_id: i64,
    /// Its discounts.
    pub discount_rating_results: Vec<DemandDiscountRatingResult>,
}

/// Answer of [`ListOnDemandResourceRatings`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct OnDemandRatings {
    /// What is payable.
    pub amount: Num,
    /// List price − amount.
    pub discount_amount: Num,
    /// List price.
    pub official_website_amount: Num,
    /// Unit of the amounts: 1, the currency.
    pub measure_id: i64,
    /// Currency.
    pub currency: String,
    /// Each product.
    pub product_rating_results: Vec<DemandProductRatingResult>,
}

/// 004 4.2.1: prices of pay-per-use products. What is payable is the price under the discount that goes first: a
/// commercial one before a partner's, and that before a promotion; of several of a kind the one that takes off most.
pub struct ListOnDemandResourceRatings;

impl Operation<App> for ListOnDemandResourceRatings {
    type Input = RateOnDemandReq;
    type Output = Json<OnDemandRatings>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListOnDemandResourceRatings",
        method: Method::Post,
        path: "/v2/bills/ratings/on-demand-resources",
        about: "Inquires the prices of pay-per-use products.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(20),
        success: 200,
        errors: &[&PRODUCT_NOT_FOUND, &WRONG_USAGE_UNIT, &AMOUNT_OVER_LIMIT, &NO_SUCH_BILLING_ITEM],
        is_secret: false,
        doc: "004 4.2.1",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        refuse_repeated(input.product_infos.iter().map(|product| product.id.as_str()))?;
        let catalog = cx.app.catalog.current();
        let decimals = if input.inquiry_precision == 1 { DECIMALS_MAX } else { DECIMALS };
        let discounts = discounts::of_caller(&cx.app, cx.account()).await?;
        let mut sum = Sum::new(ASKED, decimals);
        let mut results = Vec::with_capacity(input.product_infos.len());
        let mut amounts = Vec::with_capacity(input.product_infos.len());
        for (index, info) in input.product_infos.into_iter().enumerate() {
            let at = format!("product_infos[{index}]");
            let priced = price_usage(&catalog, cx.now, &query(&at, &info)?)?;
            let official = sum.add(priced.list)?;
            let found = reductions(&discounts, cx.now, &[priced.priced]).map_err(too_much)?;
            let discounted = match preferred(&found).map_err(too_much)? {
                Some(chosen) => Discounted::by(ASKED, official, chosen.total)?,
                None => Discounted::none(official),
            };
            results.push(result(info.id, &priced.offer.product_id, &discounted, &found)?);
            amounts.push(discounted);
        }
        let all = Discounted::sum(decimals, &amounts);
        Ok(Json(OnDemandRatings {
            amount: all.amount(),
            discount_amount: Num::of(all.discount),
            official_website_amount: Num::of(all.official),
            measure_id: CURRENCY_MEASURE,
            currency: cx.site.profile().currency.code().to_owned(),
            product_rating_results: results,
        }))
    }
}

fn result(
    id: String,
    product_id: &str,
    discounted: &Discounted,
    found: &[Reduction<'_>],
) -> Result<DemandProductRatingResult, ApiError> {
    let one = |reduction: &Reduction<'_>| {
        Ok(DemandDiscountRatingResult {
            discount_id: reduction.discount.id.clone(),
            discount_type: reduction.discount.kind.code(),
            amount: Num::of(Discounted::by(ASKED, discounted.official, reduction.total)?.discount),
            measure_id: CURRENCY_MEASURE,
            discount_name: reduction.discount.name.clone(),
        })
    };
    Ok(DemandProductRatingResult {
        id,
        product_id: product_id.to_owned(),
        amount: discounted.amount(),
        discount_amount: Num::of(discounted.discount),
        official_website_amount: Num::of(discounted.official),
        measure_id: CURRENCY_MEASURE,
        discount_rating_results: found.iter().map(one).collect::<Result<_, ApiError>>()?,
    })
}

fn query<'a>(at: &'a str, info: &'a DemandProductInfo) -> Result<UsageQuery<'a>, Refusal> {
    Ok(UsageQuery {
        at,
        place: Place {
            service: &info.cloud_service_type,
            resource_type: &info.resource_type,
            spec: &info.resource_spec,
            region: &info.region,
            zone: info.available_zone.as_deref(),
        },
        resource_size: info.resource_size,
        size_measure_id: info.size_measure_id,
        usage_factor: &info.usage_factor,
        usage_value: usage_value(&format!("{at}.usage_value"), &info.usage_value.0)?,
        usage_measure_id: info.usage_measure_id,
        subscription_num: info.subscription_num,
    })
}
