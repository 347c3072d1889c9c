//! 004 8.3.5: what a refund order gives back and keeps, by resource and by the order that had collected the money.

use domain::order::OrderStatus;
use platform::input;
use platform::op::{
    AccountKind, ApiError, Audit, CUSTOMER_OR_PARTNER, Json, Language, Limit, Method, Mode, Num, Operation,
    Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::details::language;
use super::shown::{MEASURE_UNIT, service_name};
use super::{PARTNER_ACTIONS, viewed_partner};
use crate::Cx;
use crate::app::App;
use crate::catalog::model::Catalog;
use crate::codes;
use crate::orders::model::{Line, Order, WrittenOrderId};
use crate::orders::service::{self, ReturnRow};

input! {
    /// 004 table 8-24, and what the SDKs add for partners.
    pub struct ShowRefundOrderDetailsInput {
        /// Id of an unsubscription, of a downgrade, or of the refund of what failed; in any case.
        pub order_id: WrittenOrderId = query("order_id"),
        /// The customer whose order a partner asks for; another customer's order is not found then.
        pub customer_id: Option<String> = query("customer_id").quotes(Unset),
        /// The reseller whose customer's order a distributor asks for.
        pub indirect_partner_id: Option<String> = query("indirect_partner_id").quotes(Unset),
        /// Language of names.
        pub language: Option<Language> = header("X-Language").length(10),
    }
}

/// What a refund order is made of.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ShowRefundOrderDetailsOutput {
    /// How many rows there are.
    total_count: i64,
    /// All of them.
    refund_infos: Vec<OrderRefundInfo>,
}

/// A row (004 table 8-25).
#[derive(Debug, Serialize, JsonSchema)]
struct OrderRefundInfo {
    id: String,
    /// Below zero what was paid less what was used up, above zero the handling fee that is kept of it.
    amount: Num,
    measure_id: String,
    customer_id: String,
    resource_type_code: String,
    service_type_code: String,
    resource_type_name: String,
    service_type_name: String,
    region_code: String,
    /// The order that had collected the money.
    base_order_id: String,
}

fn shown(
    order: &Order,
    line: &Line,
    row: &ReturnRow,
    catalog: &Catalog,
    language: Language,
) -> OrderRefundInfo {
    let kind = catalog.find_resource_type(&line.resource_type_code);
    OrderRefundInfo {
        // Not to be taken for the id of a line.
        id: format!("{}-R{:06}", order.id, row.row_no),
        amount: Num::of(row.amount),
        measure_id: MEASURE_UNIT.to_string(),
        customer_id: order.account.clone(),
        resource_type_name: kind
            .map_or(line.resource_type_code.as_str(), |kind| kind.name.get(language))
            .to_owned(),
        resource_type_code: line.resource_type_code.clone(),
        service_type_name: service_name(catalog, &line.service_type_code, language),
        service_type_code: line.service_type_code.clone(),
        region_code: line.region_code.clone(),
        base_order_id: row.base_order.clone(),
    }
}

/// 004 8.3.5.
pub(in crate::orders) struct ShowRefundOrderDetails;

impl Operation<App> for ShowRefundOrderDetails {
    type Input = ShowRefundOrderDetailsInput;
    type Output = Json<ShowRefundOrderDetailsOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ShowRefundOrderDetails",
        method: Method::Get,
        path: "/v2/orders/customer-orders/refund-orders",
        about: "Shows what a refund order gives back and keeps, by resource and by the order that had collected it.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: PARTNER_ACTIONS,
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::INVALID_VALUE, &codes::NO_RIGHT_TO_RESELLER, &codes::NOT_A_REFUND_ORDER],
        is_secret: false,
        doc: "004 8.3.5",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let order_id = input.order_id.into_stored();
        let order = visible(cx, &order_id, input.indirect_partner_id.as_deref()).await?;
        let is_asked = |order: &Order| input.customer_id.as_ref().is_none_or(|asked| *asked == order.account);
        // Whoever may not see an order is told of it as of one that is none.
        let Some(order) = order.filter(|order| order.gives_back && is_asked(order)) else {
            return Err(codes::NOT_A_REFUND_ORDER.because(
                format!("Order {order_id}: {}", codes::NOT_A_REFUND_ORDER.en),
                format!("订单 {order_id}：{}", codes::NOT_A_REFUND_ORDER.zh),
            ));
        };
        let lines = service::lines(&mut cx.tx, &order).await?;
        let rows = service::rows_of(cx, &order).await?;
        let catalog = cx.app.catalog.current();
        let language = language(cx, input.language);
        let of_row = |row: &ReturnRow| {
            let line = lines.iter().find(|line| line.line_no == row.line_no)?;
            Some(shown(&order, line, row, &catalog, language))
        };
        // What only coupons had paid, or is used up, moves no money of balances, which is all that these rows tell; nor
        // does an order that was rejected, or that the cloud could not carry out.
        let moves = order.status != OrderStatus::Canceled;
        let moved = rows.iter().filter(|row| moves && !row.amount.is_zero());
        let refund_infos: Vec<OrderRefundInfo> = moved.filter_map(of_row).collect();
        let total_count = i64::try_from(refund_infos.len()).expect("an order has few rows");
        Ok(Json(ShowRefundOrderDetailsOutput { total_count, refund_infos }))
    }
}

/// The order of an id, if the caller may see it: a customer what it owns or pays, a partner its customers'.
async fn visible(cx: &mut Cx, id: &str, reseller: Option<&str>) -> Result<Option<Order>, ApiError> {
    if cx.principal.kind == AccountKind::Customer {
        if reseller.is_some() {
            return Err(codes::INVALID_VALUE.because(
                "indirect_partner_id names a reseller of a distributor, and a customer has none: leave it out.",
                "indirect_partner_id 为总经销商的云经销商 ID，客户没有云经销商，请勿填写。",
            ));
        }
        let own = cx.account().to_owned();
        let found = service::find(&mut cx.tx, id).await?;
        return Ok(found.filter(|order| order.account == own || order.payer == own));
    }
    let partner = viewed_partner(cx, reseller).await?;
    let found = service::find(&mut cx.tx, id).await?;
    Ok(found.filter(|order| order.partner.as_ref() == Some(&partner)))
}
