//! 004 4.2.3: what renewing yearly/monthly resources would cost.

use std::collections::BTreeSet;

use domain::money::{Exact, Shown};
use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Limit, Method, Mode, Operation, Right, Sites, Spec, door,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::renew::{FailResourceInfo, customer, repeated, term_of};
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::identity::service::{has_project, payer_of};
use crate::pricing::discounts::{Priced, Reduction, best, reductions};
use crate::pricing::service::DECIMALS;
use crate::pricing::shown::{Discounted, Sum};
use crate::promotions::service::list_discounts;
use crate::subscriptions::service::renewals::{self, Blocked, Why};
use crate::subscriptions::service::sets::{self, Set};

/// What an inquiry asks about, for messages.
const ASKED: &str = "resource_ids";

input! {
    /// 004 4.2.3.
    pub struct RenewRateInput {
        /// Primary resources, at most ten, each once.
        pub resource_ids: Vec<String> = body("resource_ids").items(1, 10),
        /// 2 month, 3 year.
        pub period_type: i64 = body("period_type").one_of(&["2", "3"]),
        /// Number of periods: 1 to 11 months, or 1 to 3 years.
        pub period_num: i64 = body("period_num").range(1, 11),
        /// Price the related resources too: the other primary resources of the orders by which the named ones were
        /// bought, each with what is attached to it.
        pub include_relative_resources: bool = body("include_relative_resources").quotes(Unset).default("false"),
    }
}

/// Answer of [`ListRenewRateOnPeriod`].
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct RenewRates {
    /// Currency.
    currency: String,
    /// The list price of each primary resource with what is attached to it.
    renew_inquiry_results: Vec<RenewInquiryResultInfo>,
    /// The list price of all.
    official_website_rating_result: OfficialWebsiteRatingResultV2,
    /// The price of all under each discount that reduces any of them.
    optional_discount_rating_results: Vec<OptionalDiscountRatingResultV2>,
    /// Resources without a renewal price, with the reason.
    fail_resource_infos: Vec<FailResourceInfo>,
}

/// The price of a primary resource (004 table 4-26).
#[derive(Debug, Serialize, JsonSchema)]
struct RenewInquiryResultInfo {
    /// The primary resource.
    resource_id: String,
    /// List price, with that of what is attached.
    amount: String,
}

/// The list price of an inquiry (004 table 4-27).
#[derive(Debug, Serialize, JsonSchema)]
struct OfficialWebsiteRatingResultV2 {
    /// List price.
    official_website_amount: String,
    /// Instalments are not offered.
    installment_official_website_amount: Option<String>,
    /// Instalments are not offered.
    installment_period_type: Option<i64>,
}

/// The price of an inquiry under a discount (004 table 4-28).
#[derive(Debug, Serialize, JsonSchema)]
struct OptionalDiscountRatingResultV2 {
    /// Discount id.
    discount_id: String,
    /// What is payable.
    amount: String,
    /// List price.
    official_website_amount: String,
    /// List price − amount.
    discount_amount: String,
    /// 605, 606 commercial, 607 by a partner; 700 promotion, 200 promotion product.
    discount_type: i64,
    /// Name.
    discount_name: String,
    /// 1: the best commercial or partner discount.
    best_offer: i64,
    /// Instalments are not offered.
    installment_official_website_amount: Option<String>,
    /// Instalments are not offered.
    installment_official_discount_amount: Option<String>,
    /// Instalments are not offered.
    installment_amount: Option<String>,
    /// Instalments are not offered.
    installment_period_type: Option<i64>,
}

/// 004 4.2.3: renewal prices, at list and under each discount that the customer may choose. A resource without a
/// price is told beside the prices of the others, with a code of status 200.
pub(in crate::subscriptions) struct ListRenewRateOnPeriod;

impl Operation<App> for ListRenewRateOnPeriod {
    type Input = RenewRateInput;
    type Output = Json<RenewRates>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListRenewRateOnPeriod",
        method: Method::Post,
        path: "/v2/bills/ratings/period-resources/renew-rate",
        about: "Inquires the prices of renewing yearly/monthly resources.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[
            &codes::RENEWAL_PRICE_OF_ATTACHED_RESOURCE,
            &codes::RENEWAL_PRICE_PERIOD_INVALID,
            &codes::RENEWAL_PRICE_RESOURCE_GONE,
            &codes::RENEWAL_PRICE_UNPAID_ORDER,
            &codes::RENEWAL_PRICE_RESOURCE_CHANGING,
            &codes::PRODUCT_NOT_RENEWABLE,
            &codes::DUPLICATE_RESOURCE_ID,
            &codes::PRODUCT_NOT_FOUND,
            &codes::PRODUCT_QUERY_FAILED,
            &codes::COUPON_QUERY_FAILED,
            &codes::CUSTOMER_QUERY_FAILED,
            &codes::WRONG_USAGE_UNIT,
            &codes::AMOUNT_OVER_LIMIT,
            &codes::FEE_QUERY_FAILED,
            &codes::PROJECT_NOT_FOUND,
        ],
        is_secret: false,
        doc: "004 4.2.3",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let term = term_of(input.period_type, input.period_num)?;
        if let Some(at) = repeated(&input.resource_ids) {
            return Err(codes::DUPLICATE_RESOURCE_ID.because(
                format!("resource_ids[{at}]: {}", codes::DUPLICATE_RESOURCE_ID.en),
                format!("resource_ids[{at}]：{}", codes::DUPLICATE_RESOURCE_ID.zh),
            ));
        }
        let customer = customer(cx).await?;
        let app = cx.app.clone();
        let discounts = list_discounts(&app, &mut cx.tx, payer_of(&customer)).await?;
        let (mut sets, mut failed) = named(cx, &customer.id, &input.resource_ids).await?;
        if input.include_relative_resources {
            add_related(cx, &customer.id, &mut sets).await?;
        }
        check_projects(cx, &customer.id, &sets).await?;
        let catalog = app.catalog.current();
        let mut inquiry = Inquiry::new();
        for set in &sets {
            let blocked = match renewals::check(cx, set, term, false).await? {
                Some(blocked) => blocked,
                None => match renewals::price(&catalog, cx.now, set, term) {
                    Ok(prices) => {
                        inquiry.add(wire_id(set), prices.iter().map(|price| (price.list, price.priced)))?;
                        continue;
                    }
                    Err(blocked) => blocked,
                },
            };
            failed.push(failure(cx, wire_id(set), &blocked)?);
        }
        let found = reductions(&discounts, cx.now, &inquiry.prices);
        let found = found.map_err(|_| codes::AMOUNT_OVER_LIMIT.error())?;
        let best = best(&found);
        let optional = |(at, reduction)| inquiry.under(reduction, best == Some(at));
        let optional = found.iter().enumerate().map(optional).collect::<Result<_, ApiError>>()?;
        Ok(Json(RenewRates {
            currency: cx.site.profile().currency.code().to_owned(),
            official_website_rating_result: OfficialWebsiteRatingResultV2 {
                official_website_amount: inquiry.sum.shown().to_string(),
                installment_official_website_amount: None,
                installment_period_type: None,
            },
            renew_inquiry_results: inquiry.results,
            optional_discount_rating_results: optional,
            fail_resource_infos: failed,
        }))
    }
}

/// The name of a set on the wire.
fn wire_id(set: &Set) -> &str {
    set.primary.resource_id.as_ref().unwrap_or(&set.primary.id)
}

/// A resource without a price, or the refusal of the whole inquiry, as its code says.
fn failure(cx: &Cx, resource_id: &str, blocked: &Blocked) -> Result<FailResourceInfo, ApiError> {
    let error = blocked.on_price();
    if error.status != 200 {
        return Err(error);
    }
    Ok(FailResourceInfo {
        error_code: error.code.code,
        error_msg: error.message(cx.request.language).to_owned(),
        resource_id: resource_id.to_owned(),
    })
}

/// The sets of the named primary resources, and what is no primary resource of the customer's.
async fn named(
    cx: &mut Cx,
    account: &str,
    ids: &[String],
) -> Result<(Vec<Set>, Vec<FailResourceInfo>), ApiError> {
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    for id in ids {
        let resource = sets::find(cx, account, id).await?;
        let why = match &resource {
            Some(resource) if resource.is_visible() && resource.parent.is_some() => Why::Attached,
            Some(resource) if resource.is_visible() => {
                found.push(sets::read(cx, resource).await?);
                continue;
            }
            Some(_) | None => Why::Gone,
        };
        failed.push(failure(cx, id, &Blocked { resource_id: id.clone(), why })?);
    }
    Ok((found, failed))
}

/// Adds the other primary resources of the orders by which some were bought.
async fn add_related(cx: &mut Cx, account: &str, sets: &mut Vec<Set>) -> Result<(), ApiError> {
    let orders: BTreeSet<String> = sets.iter().map(|set| set.primary.order.clone()).collect();
    let mut known: BTreeSet<String> = sets.iter().map(|set| set.primary.id.clone()).collect();
    for order in orders {
        for set in sets::of_order(cx, account, &order).await? {
            if known.insert(set.primary.id.clone()) {
                sets.push(set);
            }
        }
    }
    Ok(())
}

/// The projects of the resources must be the customer's (CBC.99006073).
async fn check_projects(cx: &mut Cx, account: &str, sets: &[Set]) -> Result<(), ApiError> {
    let members = sets.iter().flat_map(Set::members);
    let projects: BTreeSet<&String> = members.filter_map(|resource| resource.project_id.as_ref()).collect();
    for project in projects {
        if !has_project(&mut cx.tx, account, project).await? {
            return Err(codes::PROJECT_NOT_FOUND.because(
                format!("Project {project} of a resource is no project of this account."),
                format!("资源所属的项目 {project} 不是该账号的项目。"),
            ));
        }
    }
    Ok(())
}

/// What was priced so far.
struct Inquiry<'a> {
    sum: Sum,
    results: Vec<RenewInquiryResultInfo>,
    prices: Vec<Priced<'a>>,
    shown: Vec<Shown>,
}

impl<'a> Inquiry<'a> {
    fn new() -> Self {
        Self { sum: Sum::new(ASKED, DECIMALS), results: Vec::new(), prices: Vec::new(), shown: Vec::new() }
    }

    /// The resources of one set.
    fn add(
        &mut self,
        resource_id: &str,
        prices: impl Iterator<Item = (Exact, Priced<'a>)>,
    ) -> Result<(), ApiError> {
        let mut units = 0;
        for (list, priced) in prices {
            let shown = self.sum.add(list)?;
            units += shown.units;
            self.shown.push(shown);
            self.prices.push(priced);
        }
        let amount = Shown { units, scale: DECIMALS }.to_string();
        self.results.push(RenewInquiryResultInfo { resource_id: resource_id.to_owned(), amount });
        Ok(())
    }

    /// The whole under one discount; what it does not fit keeps its list price.
    fn under(
        &self,
        reduction: &Reduction<'_>,
        is_best: bool,
    ) -> Result<OptionalDiscountRatingResultV2, ApiError> {
        let parts = self.shown.iter().zip(&reduction.parts);
        let parts = parts
            .map(|(official, part)| Discounted::by(ASKED, *official, *part))
            .collect::<Result<Vec<_>, ApiError>>()?;
        let all = Discounted::sum(DECIMALS, &parts);
        let payable = Shown { units: all.official.units - all.discount.units, scale: DECIMALS };
        Ok(OptionalDiscountRatingResultV2 {
            discount_id: reduction.discount.id.clone(),
            amount: payable.to_string(),
            official_website_amount: all.official.to_string(),
            discount_amount: all.discount.to_string(),
            discount_type: reduction.discount.kind.code(),
            discount_name: reduction.discount.name.clone(),
            best_offer: i64::from(is_best),
            installment_official_website_amount: None,
            installment_official_discount_amount: None,
            installment_amount: None,
            installment_period_type: None,
        })
    }
}
