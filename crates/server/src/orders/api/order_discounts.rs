//! The discounts that a pending order may be paid with (SDK `ListOrderDiscounts`).

use domain::id::{OrderId, OrderLineId};
use domain::money::{Charge, Exact, Overflow, Scaled};
use domain::promotion::{Choice, Discount, DiscountMode, LinePlan, Modifier, ModifierType, PlanError, plan};
use platform::input;
use platform::op::{Audit, CUSTOMER, Json, Limit, Method, Mode, Num, Operation, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::{Line, WrittenOrderId};
use crate::orders::service::{self, Bill, Facts};
use crate::pricing::discounts::precedence;
use crate::promotions::service::list_discounts;

/// Decimals of a ratio that is computed of amounts.
const RATIO_DECIMALS: u32 = 10;
/// The mode of a discount that takes an amount off.
const AMOUNT_OFF: i64 = 2;

input! {
    /// SDK `ListOrderDiscountsRequest`.
    pub struct ListOrderDiscountsInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = query("order_id"),
    }
}

/// SDK `ListOrderDiscountsResponse`.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ListOrderDiscountsOutput {
    /// What the operator took off, which holds whatever a payment names; then the discounts, commercial ones first, of
    /// which a payment names one.
    discounts: Vec<DiscountInfo>,
}

/// A discount (SDK `DiscountInfoV3`).
#[derive(Debug, Serialize, JsonSchema)]
struct DiscountInfo {
    /// What a payment names.
    discount_id: String,
    /// The ratio, or the amount off; none of a fixed price.
    discount_value: Option<String>,
    /// As a payment numbers it: 0 promotion, 2 commercial, 3 granted by a partner, 609 what the operator took off.
    discount_type: i64,
    /// The orders that it reduces: one, or sub-orders of a combined order.
    orders: Vec<DiscountedOrder>,
}

/// An order that a discount reduces (SDK `OrderV3`).
#[derive(Debug, Serialize, JsonSchema)]
struct DiscountedOrder {
    /// Order id.
    order_id: String,
    /// What it reduces of it.
    order_line_items: Vec<DiscountedLines>,
}

/// Line items of the same product, size and price (SDK `OrderLineItemV3`).
#[derive(Debug, Serialize, JsonSchema)]
struct DiscountedLines {
    /// Their ids.
    order_line_item_ids: Vec<String>,
    /// 0 ratio, 1 fixed price, 2 amount off.
    discount_mode: i64,
    /// What it takes off all of them.
    discount_amount: Num,
    /// The share of the list price that is left to pay.
    discount_ratio: Num,
}

/// SDK `ListOrderDiscounts`: what it answers is what a payment with the discount does, to the cent.
pub(in crate::orders) struct ListOrderDiscounts;

impl Operation<App> for ListOrderDiscounts {
    type Input = ListOrderDiscountsInput;
    type Output = Json<ListOrderDiscountsOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "ListOrderDiscounts",
        method: Method::Get,
        path: "/v2/orders/customer-orders/order-discounts",
        about: "Lists the discounts that an order waiting for payment may be paid with.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::ORDER_NOT_FOUND, &codes::AMOUNT_OVER_LIMIT],
        is_secret: false,
        doc: "SDK ListOrderDiscounts; rules 4.3",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        let order_id = input.order_id.into_stored();
        let account = cx.account().to_owned();
        let bills = service::find_payable(&mut cx.tx, &account, &order_id, cx.now).await?;
        let Some(first) = bills.first() else {
            return Ok(Json(ListOrderDiscountsOutput { discounts: Vec::new() }));
        };
        // With what the operator took off goes no other discount.
        let mut discounts = bills.iter().filter_map(adjustment).collect::<Result<Vec<_>, _>>()?;
        if !discounts.is_empty() {
            return Ok(Json(ListOrderDiscountsOutput { discounts }));
        }
        let app = cx.app.clone();
        let granted = list_discounts(&app, &mut cx.tx, &first.order.payer).await?;
        let catalog = app.catalog.current();
        let facts = Facts::of(&bills, &catalog, cx.now);
        let mut ordered: Vec<&Discount> = granted.iter().collect();
        ordered.sort_by_key(|discount| precedence(discount.kind));
        for discount in ordered {
            let choice = Choice { discount: Some(discount.clone()), coupons: Vec::new(), cards: Vec::new() };
            match plan(&facts.view(), &choice) {
                Ok(planned) => discounts.push(info(discount, &bills, &planned.lines)?),
                Err(PlanError::DiscountMisfit(..)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Json(ListOrderDiscountsOutput { discounts }))
    }
}

/// What the operator took off an order (609); its id is that of the order that records it.
fn adjustment(bill: &Bill) -> Option<Result<DiscountInfo, OrderError>> {
    let is_adjustment = |modifier: &&Modifier| modifier.kind == ModifierType::PriceAdjustment;
    let found = bill.order.modifiers.iter().find(is_adjustment)?;
    let mut groups: Vec<Vec<&Line>> = Vec::new();
    for line in bill.lines.iter().filter(|line| !line.adjusted.is_zero()) {
        let key = |line: &Line| (line.product_id.clone(), line.resource_size, line.official, line.adjusted);
        match groups.iter_mut().find(|group| key(group[0]) == key(line)) {
            Some(group) => group.push(line),
            None => groups.push(vec![line]),
        }
    }
    let lines = groups.iter().map(|group| adjusted(bill, group)).collect::<Result<Vec<_>, Overflow>>();
    let info = |order_line_items| DiscountInfo {
        discount_id: found.source.clone(),
        discount_value: Some(found.amount.to_string()),
        discount_type: ModifierType::PriceAdjustment.code(),
        orders: vec![DiscountedOrder { order_id: bill.order.id.clone(), order_line_items }],
    };
    Some(lines.map(info).map_err(|_| codes::AMOUNT_OVER_LIMIT.error().into()))
}

fn adjusted(bill: &Bill, group: &[&Line]) -> Result<DiscountedLines, Overflow> {
    let first = group[0];
    let left = Exact::from_charge(first.adjusted_price()).times_int(100)?.div_int(first.official.units())?;
    Ok(DiscountedLines {
        order_line_item_ids: group.iter().map(|line| id_of(bill, line)).collect(),
        discount_mode: AMOUNT_OFF,
        discount_amount: Num::of(Charge::sum(group.iter().map(|line| line.adjusted)).ok_or(Overflow)?),
        discount_ratio: Num::of(left.show(RATIO_DECIMALS)?),
    })
}

fn id_of(bill: &Bill, line: &Line) -> String {
    let order = OrderId::parse(&bill.order.id).expect("the id of a stored order was made by us");
    let number = u32::try_from(line.line_no).expect("an order has few lines");
    String::from(OrderLineId::of(&order, number))
}

fn info(discount: &Discount, bills: &[Bill], planned: &[LinePlan]) -> Result<DiscountInfo, OrderError> {
    let mut parts = planned.iter();
    let mut orders = Vec::new();
    for bill in bills {
        let lines: Vec<(&Line, Charge)> =
            bill.lines.iter().zip(parts.by_ref()).map(|(line, part)| (line, part.payable)).collect();
        let order_line_items = merged(discount, bill, &lines)?;
        if !order_line_items.is_empty() {
            orders.push(DiscountedOrder { order_id: bill.order.id.clone(), order_line_items });
        }
    }
    Ok(DiscountInfo {
        discount_id: discount.id.clone(),
        discount_value: match discount.mode {
            DiscountMode::Ratio(ratio) => Some(ratio.to_string()),
            DiscountMode::AmountOff(amount) => Some(amount.to_string()),
            DiscountMode::FixedPrice(_) => None,
        },
        discount_type: discount.kind.pay_type(),
        orders,
    })
}

/// The lines that are reduced; those of the same product, size and price together.
fn merged(
    discount: &Discount,
    bill: &Bill,
    lines: &[(&Line, Charge)],
) -> Result<Vec<DiscountedLines>, OrderError> {
    let mut groups: Vec<Vec<(&Line, Charge)>> = Vec::new();
    for (line, payable) in lines.iter().filter(|(line, payable)| *payable != line.adjusted_price()) {
        let is_alike = |group: &Vec<(&Line, Charge)>| {
            let (other, paid) = group[0];
            (&other.product_id, other.resource_size, other.adjusted_price(), paid)
                == (&line.product_id, line.resource_size, line.adjusted_price(), *payable)
        };
        match groups.iter_mut().find(|group| is_alike(group)) {
            Some(group) => group.push((*line, *payable)),
            None => groups.push(vec![(*line, *payable)]),
        }
    }
    let too_much = |_: Overflow| OrderError::from(codes::AMOUNT_OVER_LIMIT.error());
    groups.iter().map(|group| discounted(discount, bill, group).map_err(too_much)).collect()
}

fn discounted(
    discount: &Discount,
    bill: &Bill,
    group: &[(&Line, Charge)],
) -> Result<DiscountedLines, Overflow> {
    let (first, payable) = group[0];
    let off = group.iter().map(|(line, payable)| line.adjusted_price().checked_sub(*payable));
    let amount = off.collect::<Option<Vec<Charge>>>().and_then(Charge::sum).ok_or(Overflow)?;
    let ratio = match discount.mode {
        DiscountMode::Ratio(ratio) => Num::of(ratio),
        // Of amounts in cents; a line that is reduced has a list price above zero.
        DiscountMode::FixedPrice(_) | DiscountMode::AmountOff(_) => {
            let share =
                Exact::from_charge(payable).times_int(100)?.div_int(first.adjusted_price().units())?;
            Num::of(share.show(RATIO_DECIMALS)?)
        }
    };
    Ok(DiscountedLines {
        order_line_item_ids: group.iter().map(|(line, _)| id_of(bill, line)).collect(),
        discount_mode: discount.mode.code(),
        discount_amount: Num::of(amount),
        discount_ratio: ratio,
    })
}
