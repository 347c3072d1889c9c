//! The own API: how an amount came about.

use std::sync::Arc;

use domain::calendar::{PeriodType, Term};
use domain::id::{OrderId, OrderLineId};
use domain::money::Charge;
use domain::promotion::Discount;
use domain::quantity::Quantity;
use platform::input;
use platform::op::wire::Decimal;
use platform::op::{
    ACCOUNT, AccountKind, ApiError, Audit, Json, Limit, Method, Mode, Operation, Refusal, Right, Sites, Spec,
};

use super::explained::{Explanation, View};
use super::explained_price::{Inquired, Inquiry, inquire};
use super::{PARTNER_ACTIONS, viewed_partner};
use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::identity::service::{find_account, payer_of};
use crate::orders::errors::OrderError;
use crate::orders::model::{Order, WrittenOrderId};
use crate::orders::service;
use crate::pricing::service::usage_value;
use crate::promotions::service::list_discounts;

input! {
    /// What is to be explained: exactly one of an order, a line, and a price inquiry.
    pub struct ExplainInput {
        /// An order, or a combined order; in any case.
        pub order_id: Option<WrittenOrderId> = query("order_id").quotes(Unset),
        /// A line, by the id that the details of its order show; in any case.
        pub order_line_item_id: Option<WrittenOrderId> = query("order_line_item_id").quotes(Unset),
        /// The reseller whose customer's order a distributor asks for.
        pub indirect_partner_id: Option<String> = query("indirect_partner_id").quotes(Unset),
        /// Of an inquiry, who would buy; the operator names one, a customer asks for itself.
        pub customer_id: Option<String> = query("customer_id"),
        /// Of an inquiry, under which discount; without it the one that the inquiry would choose: the best offer, and
        /// of pay-per-use prices the one that bills go by.
        pub discount_id: Option<String> = query("discount_id"),
        /// Service code.
        pub cloud_service_type: Option<String> = query("cloud_service_type").length(400),
        /// Resource type code.
        pub resource_type: Option<String> = query("resource_type").length(400),
        /// Specification.
        pub resource_spec: Option<String> = query("resource_spec").length(400),
        /// Region code.
        pub region: Option<String> = query("region"),
        /// Zone, compared without case.
        pub available_zone: Option<String> = query("available_zone").quotes(Unset),
        /// Size, of a linear product.
        pub resource_size: Option<i64> = query("resource_size").range(1, 2_147_483_647),
        /// Unit of the size.
        pub size_measure_id: Option<i64> = query("size_measure_id").range(0, 9_999),
        /// How many subscriptions; 1 where it is left out.
        pub subscription_num: Option<i64> = query("subscription_num").range(1, 10_000),
        /// Of a yearly/monthly price: 0 day, 2 month, 3 year, 4 hour.
        pub period_type: Option<i64> = query("period_type").one_of(&["0", "2", "3", "4"]),
        /// How many periods.
        pub period_num: Option<i64> = query("period_num").range(1, 2_147_483_647),
        /// Of a pay-per-use price: its usage factor, compared without case.
        pub usage_factor: Option<String> = query("usage_factor"),
        /// How much is used, by one subscription.
        pub usage_value: Option<Decimal> = query("usage_value"),
        /// Unit of the usage.
        pub usage_measure_id: Option<i64> = query("usage_measure_id").range(0, 9_999),
        /// Of a pay-per-use price, 0: up to six decimals, 1: up to ten.
        pub inquiry_precision: Option<i64> = query("inquiry_precision").range(0, 1),
    }
}

/// What was asked for.
enum Asked {
    Order(String),
    Line { order: String, number: i64 },
    Price(Box<Inquiry>),
}

/// The names of the parameters of an inquiry that are there.
fn inquiry_fields(input: &ExplainInput) -> Vec<&'static str> {
    let fields = [
        ("cloud_service_type", input.cloud_service_type.is_some()),
        ("resource_type", input.resource_type.is_some()),
        ("resource_spec", input.resource_spec.is_some()),
        ("region", input.region.is_some()),
        ("available_zone", input.available_zone.is_some()),
        ("resource_size", input.resource_size.is_some()),
        ("size_measure_id", input.size_measure_id.is_some()),
        ("subscription_num", input.subscription_num.is_some()),
        ("period_type", input.period_type.is_some()),
        ("period_num", input.period_num.is_some()),
        ("usage_factor", input.usage_factor.is_some()),
        ("usage_value", input.usage_value.is_some()),
        ("usage_measure_id", input.usage_measure_id.is_some()),
        ("inquiry_precision", input.inquiry_precision.is_some()),
        ("customer_id", input.customer_id.is_some()),
        ("discount_id", input.discount_id.is_some()),
    ];
    fields.into_iter().filter(|(_, is_there)| *is_there).map(|(name, _)| name).collect()
}

fn alone(field: &str, other: &str) -> Refusal {
    Refusal::because(
        field,
        format!("cannot stand beside {other}: ask for one thing at a time"),
        format!("不能与 {other} 同时使用，每次只能查询一项"),
    )
}

fn asked(input: ExplainInput) -> Result<Asked, ApiError> {
    // Of a value that is none the caller hears first, whatever else is amiss.
    let value = input.usage_value.as_ref().map(|value| usage_value("usage_value", &value.0)).transpose()?;
    let of_price = inquiry_fields(&input).first().copied();
    match (&input.order_id, &input.order_line_item_id, of_price) {
        (None, None, None) => Err(Refusal::because(
            "order_id",
            "is required, or order_line_item_id, or the parameters of a price inquiry",
            "必须提供 order_id、order_line_item_id 或询价参数之一",
        )
        .into()),
        (Some(_), Some(_), _) => Err(alone("order_line_item_id", "order_id").into()),
        (Some(_), None, Some(field)) => Err(alone(field, "order_id").into()),
        (None, Some(_), Some(field)) => Err(alone(field, "order_line_item_id").into()),
        (Some(order), None, None) => Ok(Asked::Order(order.clone().into_stored())),
        (None, Some(line), None) => line_of(line.clone().into_stored()),
        (None, None, Some(_)) => Ok(Asked::Price(Box::new(inquiry(input, value)?))),
    }
}

/// The order and the number that the id of a line is made of; anything else is the id of no line.
fn line_of(id: String) -> Result<Asked, ApiError> {
    let parts = || {
        let (order, number) = id.rsplit_once('-')?;
        let number: u32 = number.parse().ok()?;
        let made = OrderLineId::of(&OrderId::parse(order).ok()?, number);
        (made.as_str() == id).then(|| Asked::Line { order: order.to_owned(), number: i64::from(number) })
    };
    parts().ok_or_else(|| OrderError::NotFound(id.clone()).into())
}

fn inquiry(input: ExplainInput, usage_value: Option<Quantity>) -> Result<Inquiry, Refusal> {
    fn needed<T>(field: &str, value: Option<T>) -> Result<T, Refusal> {
        let (en, zh) = ("is required to explain this price", "解释该价格时为必填参数");
        value.ok_or_else(|| Refusal::because(field, en, zh))
    }
    let bought = match (input.period_type, input.usage_factor) {
        (Some(_), Some(_)) => return Err(alone("usage_factor", "period_type")),
        (None, None) => {
            return Err(Refusal::because(
                "period_type",
                "is required for a yearly/monthly price, usage_factor for a pay-per-use one",
                "包年/包月价格必须提供 period_type，按需价格必须提供 usage_factor",
            ));
        }
        (Some(period_type), None) => {
            let count = needed("period_num", input.period_num)?;
            Inquired::Term(Term {
                period: PeriodType::from_code(period_type).expect("the declaration allows only codes"),
                count: u32::try_from(count).expect("the declared range fits"),
            })
        }
        (None, Some(factor)) => Inquired::Usage {
            factor,
            value: needed("usage_value", usage_value)?,
            measure_id: needed("usage_measure_id", input.usage_measure_id)?,
            is_precise: input.inquiry_precision == Some(1),
        },
    };
    Ok(Inquiry {
        customer: input.customer_id,
        discount: input.discount_id,
        cloud_service_type: needed("cloud_service_type", input.cloud_service_type)?,
        resource_type: needed("resource_type", input.resource_type)?,
        resource_spec: needed("resource_spec", input.resource_spec)?,
        region: needed("region", input.region)?,
        available_zone: input.available_zone,
        resource_size: input.resource_size,
        size_measure_id: input.size_measure_id,
        subscription_num: input.subscription_num.unwrap_or(1),
        bought,
    })
}

/// The orders of an id that the caller may see: what a customer owns or pays, what a partner's customers bought,
/// everything for the operator, and nothing for anybody else.
async fn visible(cx: &mut Cx, id: &str, reseller: Option<&str>) -> Result<Vec<Order>, ApiError> {
    let own = cx.account().to_owned();
    let partner = match cx.principal.kind.is_partner() {
        true => Some(viewed_partner(cx, reseller).await?),
        false => None,
    };
    let mut orders: Vec<Order> = service::find(&mut cx.tx, id).await?.into_iter().collect();
    if orders.is_empty() {
        orders = service::find_combined(&mut cx.tx, id).await?;
    }
    let kind = cx.principal.kind;
    orders.retain(|order| match kind {
        AccountKind::Operator => true,
        AccountKind::Customer => order.account == own || order.payer == own,
        AccountKind::Distributor | AccountKind::Reseller | AccountKind::SolutionProvider => {
            partner.is_some() && order.partner == partner
        }
    });
    if orders.is_empty() {
        return Err(OrderError::NotFound(id.to_owned()).into());
    }
    Ok(orders)
}

async fn of_orders(
    cx: &mut Cx,
    id: String,
    orders: Vec<Order>,
    only: Option<i64>,
) -> Result<Explanation, ApiError> {
    let rounding = cx.site.profile().order_rounding;
    let is_operator = cx.principal.kind == AccountKind::Operator;
    let app = cx.app.clone();
    let is_combined = orders.first().is_some_and(|order| order.id != id) && only.is_none();
    let (mut official, mut payable, mut shown) = (Vec::new(), Vec::new(), Vec::new());
    let (mut adds_up, mut currency) = (true, cx.site.profile().currency);
    for order in orders {
        let discounts = list_discounts(&app, &mut cx.tx, &order.payer).await?;
        let is_owner_of_funds = is_operator || order.payer == cx.account();
        let view = View { is_owner_of_funds, discounts: &discounts, rounding };
        let explained = service::explain::explain(cx, order).await?;
        let order = &explained.order;
        let line = only.and_then(|only| explained.lines.iter().find(|(line, _)| line.line_no == only));
        let amounts = match (only, line) {
            (Some(_), Some((line, _))) => (line.official, line.payable),
            (Some(_), None) => return Err(OrderError::NotFound(id).into()),
            (None, _) => (order.official, order.payable),
        };
        official.push(amounts.0);
        payable.push(amounts.1);
        currency = order.currency;
        adds_up &= explained.adds_up(rounding);
        shown.push(view.order(&explained, only).map_err(|_| codes::AMOUNT_OVER_LIMIT.error())?);
    }
    let sum = |amounts: Vec<Charge>| Charge::sum(amounts).ok_or_else(|| codes::AMOUNT_OVER_LIMIT.error());
    Ok(Explanation {
        explains: match (only, is_combined) {
            (Some(_), _) => "order_line_item",
            (None, true) => "combined_order",
            (None, false) => "order",
        },
        id: Some(id),
        currency: currency.code(),
        official_amount: sum(official)?.to_string(),
        payable_amount: sum(payable)?.to_string(),
        orders: shown,
        inquiry: None,
        adds_up,
    })
}

/// Whose discounts an inquiry is made with: of the caller, or of the customer that the operator names.
async fn discounts_of(cx: &mut Cx, named: Option<&str>) -> Result<Arc<Vec<Discount>>, ApiError> {
    let own = cx.account().to_owned();
    let buyer = match (cx.principal.kind, named) {
        (AccountKind::Operator, named) => named.map(str::to_owned),
        (AccountKind::Customer, None) => Some(own),
        (AccountKind::Customer, Some(named)) if named == own => Some(own),
        (AccountKind::Customer, Some(_)) => {
            return Err(codes::ACCESS_DENIED.because(
                "customer_id: a customer asks for its own prices only.",
                "customer_id：客户只能查询自己的价格。",
            ));
        }
        (AccountKind::Distributor | AccountKind::Reseller | AccountKind::SolutionProvider, _) => {
            return Err(codes::ACCESS_DENIED.because(
                "Price inquiries are explained to customers and to the operator; a partner asks for orders.",
                "仅向客户和运营方解释询价结果，伙伴请按订单查询。",
            ));
        }
    };
    let Some(buyer) = buyer else { return Ok(Arc::default()) };
    let app = cx.app.clone();
    let account = find_account(&app, &mut cx.tx, &buyer).await?;
    let Some(account) = account.filter(|account| account.kind == AccountKind::Customer) else {
        return Err(Refusal::because("customer_id", "is not the id of a customer", "不是客户账号 ID").into());
    };
    Ok(list_discounts(&app, &mut cx.tx, payer_of(&account)).await?)
}

async fn of_price(cx: &mut Cx, inquiry: &Inquiry) -> Result<Explanation, ApiError> {
    let discounts = discounts_of(cx, inquiry.customer.as_deref()).await?;
    let catalog = cx.app.catalog.current();
    let item = inquire(&catalog, cx.now, inquiry, &discounts)?;
    Ok(Explanation {
        explains: "inquiry",
        id: None,
        currency: cx.site.profile().currency.code(),
        official_amount: item.official_amount.clone(),
        payable_amount: item.payable_amount.clone(),
        orders: Vec::new(),
        adds_up: item.adds_up,
        inquiry: Some(item),
    })
}

/// `GET /openbss/v1/explain`.
pub(in crate::orders) struct ExplainAmounts;

impl Operation<App> for ExplainAmounts {
    type Input = ExplainInput;
    type Output = Json<Explanation>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ExplainAmounts",
        method: Method::Get,
        path: "/openbss/v1/explain",
        about: "Explains how the amounts of an order, of a line, or of a price inquiry came about.",
        sites: Sites::All,
        callers: ACCOUNT,
        actions: PARTNER_ACTIONS,
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[
            &codes::ORDER_NOT_FOUND,
            &codes::NO_RIGHT_TO_RESELLER,
            &codes::PRODUCT_NOT_FOUND,
            &codes::WRONG_USAGE_UNIT,
            &codes::NO_SUCH_BILLING_ITEM,
            &codes::AMOUNT_OVER_LIMIT,
        ],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let reseller = input.indirect_partner_id.clone();
        let explanation = match asked(input)? {
            Asked::Order(id) => {
                let orders = visible(cx, &id, reseller.as_deref()).await?;
                of_orders(cx, id, orders, None).await?
            }
            Asked::Line { order, number } => {
                let orders = visible(cx, &order, reseller.as_deref()).await?;
                // The lines of a combined order have the ids of its sub-orders.
                let orders: Vec<Order> = orders.into_iter().filter(|one| one.id == order).collect();
                if orders.is_empty() {
                    return Err(OrderError::NotFound(order).into());
                }
                of_orders(cx, format!("{order}-{number:06}"), orders, Some(number)).await?
            }
            Asked::Price(inquiry) => of_price(cx, &inquiry).await?,
        };
        Ok(Json(explanation))
    }
}
