//! 004 8.3.2: one order with its line items.

use domain::id::{OrderId, OrderLineId};
use domain::money::Charge;
use domain::promotion::sum_modifiers;
use platform::input;
use platform::op::{
    AccountKind, ApiError, Audit, CUSTOMER_OR_PARTNER, Json, Language, Limit, Method, Mode, Num, Operation,
    Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::shown::{AmountInfo, MEASURE_UNIT, service_name, wire_time};
use super::{PARTNER_ACTIONS, viewed_partner};
use crate::Cx;
use crate::app::App;
use crate::catalog::model::Catalog;
use crate::codes;
use crate::orders::errors::OrderError;
use crate::orders::model::{BaseProduct, Line, Order, WrittenOrderId};
use crate::orders::service;

input! {
    /// 004 tables 8-11 to 8-13.
    pub struct ShowCustomerOrderDetailsInput {
        /// Order id, in any case.
        pub order_id: WrittenOrderId = path("order_id"),
        /// Index of the first line item.
        pub offset: i64 = query("offset").quotes(Unset).range(0, 2_147_483_647).default("0"),
        /// The most line items to answer.
        pub limit: i64 = query("limit").quotes(Unset).range(1, 100).default("10"),
        /// The reseller whose customer's order a distributor asks for.
        pub indirect_partner_id: Option<String> = query("indirect_partner_id").quotes(Unset),
        /// Language of names.
        pub language: Option<Language> = header("X-Language").length(10),
    }
}

/// An order and a page of its line items.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ShowCustomerOrderDetailsOutput {
    /// How many line items it has.
    total_count: i64,
    /// The order.
    order_info: OrderInfo,
    /// The page.
    order_line_items: Vec<OrderLineItem>,
}

/// The order (004 table 8-14).
#[derive(Debug, Serialize, JsonSchema)]
struct OrderInfo {
    order_id: String,
    customer_id: String,
    service_type_code: String,
    service_type_name: String,
    source_type: i64,
    status: i64,
    order_type: i64,
    amount_after_discount: Num,
    official_amount: Num,
    measure_id: i64,
    create_time: String,
    payment_time: Option<String>,
    currency: &'static str,
    contract_id: Option<String>,
    amount_info: AmountInfo,
    user_name: String,
    pending_payment_end_time: Option<String>,
    sub_order_infos: Option<Vec<OrderInfo>>,
}

/// A line item (004 table 8-15).
#[derive(Debug, Serialize, JsonSchema)]
struct OrderLineItem {
    order_line_item_id: String,
    service_type_code: String,
    service_type_name: String,
    product_id: String,
    product_spec_desc: String,
    period_type: i64,
    period_num: Option<i64>,
    effective_time: Option<String>,
    expire_time: Option<String>,
    subscription_num: i64,
    amount_after_discount: Num,
    official_amount: Num,
    amount_info: AmountInfo,
    currency: &'static str,
    category_code: Option<String>,
    product_owner_service: String,
    commercial_resource: String,
    base_product_info: Option<BaseProductInfo>,
    order_id: String,
}

/// The product before a change (004 table 8-16).
#[derive(Debug, Serialize, JsonSchema)]
struct BaseProductInfo {
    product_id: String,
    product_spec_desc: String,
    category_code: Option<String>,
    product_owner_service: String,
    commercial_resource: String,
}

/// The language of names: the one asked for, or the site's.
pub(super) fn language(cx: &Cx, asked: Option<Language>) -> Language {
    let of_site = || Language::parse(cx.site.profile().default_language);
    asked.or_else(of_site).unwrap_or(Language::ZhCn)
}

fn base_product(base: &BaseProduct, line: &Line, language: Language) -> BaseProductInfo {
    BaseProductInfo {
        product_id: base.product_id.clone(),
        product_spec_desc: base.description.get(language).to_owned(),
        category_code: base.category_code.clone(),
        product_owner_service: line.service_type_code.clone(),
        commercial_resource: line.resource_type_code.clone(),
    }
}

fn order_info(order: &Order, catalog: &Catalog, language: Language) -> OrderInfo {
    OrderInfo {
        order_id: order.id.clone(),
        customer_id: order.account.clone(),
        service_type_name: service_name(catalog, &order.service_type_code, language),
        service_type_code: order.service_type_code.clone(),
        source_type: order.source_type.code(),
        status: order.status.code(),
        order_type: order.order_type.code(),
        amount_after_discount: Num::of(order.payable),
        official_amount: Num::of(order.official),
        measure_id: MEASURE_UNIT,
        create_time: order.created_at.to_wire(),
        payment_time: wire_time(order.paid_at),
        currency: order.currency.code(),
        contract_id: None,
        amount_info: AmountInfo::of_order(order),
        user_name: order.user_name.clone(),
        pending_payment_end_time: wire_time(order.pay_before),
        sub_order_infos: None,
    }
}

fn line_item(order: &Order, line: &Line, catalog: &Catalog, language: Language) -> OrderLineItem {
    let id = OrderId::parse(&order.id).expect("the id of a stored order was made by us");
    let number = u32::try_from(line.line_no).expect("an order has few lines");
    OrderLineItem {
        order_line_item_id: OrderLineId::of(&id, number).into(),
        service_type_code: line.service_type_code.clone(),
        service_type_name: service_name(catalog, &line.service_type_code, language),
        product_id: line.product_id.clone(),
        product_spec_desc: line.description.get(language).to_owned(),
        period_type: line.period_type.code(),
        // An unsubscription order shows no number of periods (004 table 8-15).
        period_num: (!order.gives_back).then_some(line.period_num),
        effective_time: wire_time(line.effective_at),
        expire_time: wire_time(line.expires_at),
        subscription_num: line.subscription_num,
        amount_after_discount: Num::of(line.payable),
        official_amount: Num::of(line.official),
        amount_info: AmountInfo::of_line(order, line),
        currency: order.currency.code(),
        category_code: line.category_code.clone(),
        product_owner_service: line.service_type_code.clone(),
        commercial_resource: line.resource_type_code.clone(),
        base_product_info: line.base_product.as_ref().map(|base| base_product(base, line, language)),
        order_id: order.id.clone(),
    }
}

/// 004 8.3.2.
pub(in crate::orders) struct ShowCustomerOrderDetails;

impl Operation<App> for ShowCustomerOrderDetails {
    type Input = ShowCustomerOrderDetailsInput;
    type Output = Json<ShowCustomerOrderDetailsOutput>;
    type Error = OrderError;
    const SPEC: Spec = Spec {
        id: "ShowCustomerOrderDetails",
        method: Method::Get,
        path: "/v2/orders/customer-orders/details/{order_id}",
        about: "Shows an order with its line items.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: PARTNER_ACTIONS,
        right: Right::Read,
        denied: &codes::DENIED_ON_ORDERS,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[
            &codes::INVALID_VALUE,
            &codes::NO_RIGHT_TO_RESELLER,
            &codes::ORDER_NOT_FOUND,
            &codes::DENIED_ON_ORDERS,
        ],
        is_secret: false,
        doc: "004 8.3.2",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, OrderError> {
        let order_id = input.order_id.into_stored();
        let is_visible: Box<dyn Fn(&Order) -> bool + Send> = if cx.principal.kind == AccountKind::Customer {
            if input.indirect_partner_id.is_some() {
                return Err(OrderError::Api(codes::INVALID_VALUE.because(
                    "indirect_partner_id names a reseller of a distributor, and a customer has none: leave it out.",
                    "indirect_partner_id 为总经销商的云经销商 ID，客户没有云经销商，请勿填写。",
                )));
            }
            let own = cx.account().to_owned();
            Box::new(move |order| order.account == own || order.payer == own)
        } else {
            let partner = viewed_partner(cx, input.indirect_partner_id.as_deref()).await?;
            Box::new(move |order| order.partner.as_ref() == Some(&partner))
        };
        let mut orders: Vec<Order> = service::find(&mut cx.tx, &order_id).await?.into_iter().collect();
        if orders.is_empty() {
            orders = service::find_combined(&mut cx.tx, &order_id).await?;
        }
        orders.retain(|order| is_visible(order));
        let catalog = cx.app.catalog.current();
        let language = language(cx, input.language);
        let Some(first) = orders.first() else { return Err(OrderError::NotFound(order_id)) };
        let order_info = match first.id == order_id {
            true => order_info(first, &catalog, language),
            false => combined_info(&order_id, &orders, &catalog, language)?,
        };
        let (mut total_count, mut items) = (0, Vec::new());
        for order in &orders {
            // The page goes on where the lines of the sub-orders before end.
            let offset = (input.offset - total_count).max(0);
            let left = input.limit - i64::try_from(items.len()).expect("no more than the limit");
            let (lines, page) = service::lines_page(&mut cx.tx, order, offset, left).await?;
            total_count += lines;
            items.extend(page.iter().map(|line| line_item(order, line, &catalog, language)));
        }
        Ok(Json(ShowCustomerOrderDetailsOutput { total_count, order_info, order_line_items: items }))
    }
}

/// A combined order: the sums of its sub-orders, which share everything else.
fn combined_info(
    id: &str,
    orders: &[Order],
    catalog: &Catalog,
    language: Language,
) -> Result<OrderInfo, ApiError> {
    let first = orders.first().expect("a combined order has sub-orders");
    let over_limit = || codes::AMOUNT_OVER_LIMIT.error();
    // It is completed with its last sub-order.
    let status = orders.iter().map(|order| order.status).min_by_key(|status| status.code());
    let whole = Order {
        id: id.to_owned(),
        status: status.unwrap_or(first.status),
        official: Charge::sum(orders.iter().map(|order| order.official)).ok_or_else(over_limit)?,
        payable: Charge::sum(orders.iter().map(|order| order.payable)).ok_or_else(over_limit)?,
        modifiers: sum_modifiers(orders.iter().flat_map(|order| &order.modifiers)).ok_or_else(over_limit)?,
        ..first.clone()
    };
    let sub_orders = orders.iter().map(|order| order_info(order, catalog, language)).collect();
    Ok(OrderInfo { sub_order_infos: Some(sub_orders), ..order_info(&whole, catalog, language) })
}
