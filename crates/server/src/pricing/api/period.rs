//! Prices of yearly/monthly products (004 4.2.2).

use domain::calendar::{PeriodType, Term};
use domain::money::{Exact, Shown};
use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Num, Operation, Refusal, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ASKED, CURRENCY_MEASURE, refuse_repeated, too_much};
use crate::Cx;
use crate::app::App;
use crate::codes::{AMOUNT_OVER_LIMIT, PRODUCT_NOT_FOUND};
use crate::pricing::discounts::{self, Reduction, best, reductions};
use crate::pricing::service::{DECIMALS, PeriodQuery, price_period};
use crate::pricing::shown::{Discounted, Sum};

input! {
    /// One product (004 table 4-21).
    pub struct PeriodProductInfo {
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
        /// 0 day, 2 month, 3 year, 4 hour.
        pub period_type: i64 = body("period_type").one_of(&["0", "2", "3", "4"]),
        /// How many periods.
        pub period_num: i64 = body("period_num").range(1, 2_147_483_647),
        /// How many subscriptions.
        pub subscription_num: i64 = body("subscription_num").range(1, 10_000),
        /// Payment in instalments, which no product offers: only `NA` is priced.
        pub fee_installment_mode: String = body("fee_installment_mode")
            .one_of(&["NA", "HALF_PAY", "ZERO_PAY"]).quotes(Unset).default("NA"),
    }

    /// 004 4.2.2. The project is required and not checked further.
    pub struct RateOnPeriodReq {
        /// Project id.
        pub project_id: String = body("project_id"),
        /// The products.
        pub product_infos: Vec<PeriodProductInfo> = body("product_infos").items(1, 100),
    }
}

/// The list price of one product (004 table 4-23).
#[derive(Debug, Serialize, JsonSchema)]
pub struct PeriodProductOfficialRatingResult {
    /// The id of the request.
    pub id: String,
    /// Product id.
    pub product_id: String,
    /// List price.
    pub official_website_amount: Num,
    /// Unit of the amount: 1, the currency.
    pub measure_id: i64,
    /// Instalments are not offered.
    pub installment_official_website_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_period_type: Option<i64>,
}

/// The list price of an inquiry (004 table 4-22).
#[derive(Debug, Serialize, JsonSchema)]
pub struct OfficialWebsiteRatingResult {
    /// List price of all products.
    pub official_website_amount: Num,
    /// Instalments are not offered.
    pub installment_official_website_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_period_type: Option<i64>,
    /// Unit of the amount: 1, the currency.
    pub measure_id: i64,
    /// Each product.
    pub product_rating_results: Vec<PeriodProductOfficialRatingResult>,
}

/// The price of one product under a discount (004 table 4-25).
#[derive(Debug, Serialize, JsonSchema)]
pub struct PeriodProductRatingResult {
    /// The id of the request.
    pub id: String,
    /// Product id.
    pub product_id: String,
    /// What is payable.
    pub amount: Num,
    /// List price.
    pub official_website_amount: Num,
    /// List price − amount.
    pub discount_amount: Num,
    /// Unit of the amounts: 1, the currency.
    pub measure_id: i64,
    /// Instalments are not offered.
    pub installment_official_website_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_official_discount_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_period_type: Option<i64>,
}

/// The price of an inquiry under a discount (004 table 4-24).
#[derive(Debug, Serialize, JsonSchema)]
pub struct OptionalDiscountRatingResult {
    /// Discount id.
    pub discount_id: String,
    /// What is payable.
    pub amount: Num,
    /// List price.
    pub official_website_amount: Num,
    /// List price − amount.
    pub discount_amount: Num,
    /// Unit of the amounts: 1, the currency.
    pub measure_id: i64,
    /// 605, 606 commercial, 607 by a partner; 700 promotion, 200 promotion product.
    pub discount_type: i64,
    /// Name.
    pub discount_name: String,
    /// 1: the best commercial or partner discount.
    pub best_offer: i64,
    /// Each product.
    pub product_rating_results: Vec<PeriodProductRatingResult>,
    /// Instalments are not offered.
    pub installment_official_website_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_official_discount_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_amount: Option<String>,
    /// Instalments are not offered.
    pub installment_period_type: Option<i64>,
}

/// Answer of [`ListRateOnPeriodDetail`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct PeriodRatings {
    /// List prices.
    pub official_website_rating_result: OfficialWebsiteRatingResult,
    /// Prices under each discount that the customer may choose.
    pub optional_discount_rating_results: Vec<OptionalDiscountRatingResult>,
    /// Currency.
    pub currency: String,
}

/// 004 4.2.2: prices of yearly/monthly products, at list and under each discount that reduces any of them.
pub struct ListRateOnPeriodDetail;

impl Operation<App> for ListRateOnPeriodDetail {
    type Input = RateOnPeriodReq;
    type Output = Json<PeriodRatings>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListRateOnPeriodDetail",
        method: Method::Post,
        path: "/v2/bills/ratings/period-resources/subscribe-rate",
        about: "Inquires the prices of new yearly/monthly subscriptions.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(30),
        success: 200,
        errors: &[&PRODUCT_NOT_FOUND, &AMOUNT_OVER_LIMIT],
        is_secret: false,
        doc: "004 4.2.2",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        refuse_repeated(input.product_infos.iter().map(|product| product.id.as_str()))?;
        let catalog = cx.app.catalog.current();
        let discounts = discounts::of_caller(&cx.app, cx.account()).await?;
        let mut sum = Sum::new(ASKED, DECIMALS);
        let mut lines = Vec::with_capacity(input.product_infos.len());
        let mut prices = Vec::with_capacity(input.product_infos.len());
        for (index, info) in input.product_infos.iter().enumerate() {
            let at = format!("product_infos[{index}]");
            let priced = price_period(&catalog, cx.now, &query(&at, info)?)?;
            let official = sum.add(priced.list)?;
            lines.push(Line { id: &info.id, product_id: &priced.offer.product_id, official });
            prices.push(priced.priced);
        }
        let found = reductions(&discounts, cx.now, &prices).map_err(too_much)?;
        let best = best(&found);
        let optional = |(at, reduction)| optional(&lines, reduction, best == Some(at));
        Ok(Json(PeriodRatings {
            official_website_rating_result: OfficialWebsiteRatingResult {
                official_website_amount: Num::of(sum.shown()),
                installment_official_website_amount: None,
                installment_period_type: None,
                measure_id: CURRENCY_MEASURE,
                product_rating_results: lines.iter().map(Line::official_result).collect(),
            },
            optional_discount_rating_results: found
                .iter()
                .enumerate()
                .map(optional)
                .collect::<Result<_, ApiError>>()?,
            currency: cx.site.profile().currency.code().to_owned(),
        }))
    }
}

/// A priced product of the inquiry.
struct Line<'a> {
    id: &'a str,
    product_id: &'a str,
    official: Shown,
}

impl Line<'_> {
    fn official_result(&self) -> PeriodProductOfficialRatingResult {
        PeriodProductOfficialRatingResult {
            id: self.id.to_owned(),
            product_id: self.product_id.to_owned(),
            official_website_amount: Num::of(self.official),
            measure_id: CURRENCY_MEASURE,
            installment_official_website_amount: None,
            installment_period_type: None,
        }
    }

    fn result(&self, discounted: &Discounted) -> PeriodProductRatingResult {
        PeriodProductRatingResult {
            id: self.id.to_owned(),
            product_id: self.product_id.to_owned(),
            amount: discounted.amount(),
            official_website_amount: Num::of(discounted.official),
            discount_amount: Num::of(discounted.discount),
            measure_id: CURRENCY_MEASURE,
            installment_official_website_amount: None,
            installment_official_discount_amount: None,
            installment_amount: None,
            installment_period_type: None,
        }
    }
}

/// The whole inquiry under one discount; products that it does not fit keep their list price.
fn optional(
    lines: &[Line<'_>],
    reduction: &Reduction<'_>,
    is_best: bool,
) -> Result<OptionalDiscountRatingResult, ApiError> {
    let discounted = |(line, part): (&Line<'_>, &Exact)| Discounted::by(ASKED, line.official, *part);
    let parts = lines.iter().zip(&reduction.parts).map(discounted).collect::<Result<Vec<_>, ApiError>>()?;
    let all = Discounted::sum(DECIMALS, &parts);
    Ok(OptionalDiscountRatingResult {
        discount_id: reduction.discount.id.clone(),
        amount: all.amount(),
        official_website_amount: Num::of(all.official),
        discount_amount: Num::of(all.discount),
        measure_id: CURRENCY_MEASURE,
        discount_type: reduction.discount.kind.code(),
        discount_name: reduction.discount.name.clone(),
        best_offer: i64::from(is_best),
        product_rating_results: lines.iter().zip(&parts).map(|(line, part)| line.result(part)).collect(),
        installment_official_website_amount: None,
        installment_official_discount_amount: None,
        installment_amount: None,
        installment_period_type: None,
    })
}

fn query<'a>(at: &'a str, info: &'a PeriodProductInfo) -> Result<PeriodQuery<'a>, Refusal> {
    if info.fee_installment_mode != "NA" {
        return Err(Refusal::because(
            format!("{at}.fee_installment_mode"),
            "must be NA: this product is not sold in instalments",
            "必须为 NA：该产品不支持分期",
        ));
    }
    Ok(PeriodQuery {
        at,
        cloud_service_type: &info.cloud_service_type,
        resource_type: &info.resource_type,
        resource_spec: &info.resource_spec,
        region: &info.region,
        available_zone: info.available_zone.as_deref(),
        resource_size: info.resource_size,
        size_measure_id: info.size_measure_id,
        term: Term {
            period: PeriodType::from_code(info.period_type).expect("the declaration allows only codes"),
            count: u32::try_from(info.period_num).expect("the declared range fits"),
        },
        subscription_num: info.subscription_num,
    })
}
