//! 004 8.3.1: a customer's orders, or those of a partner's customers.

use domain::calendar::Instant;
use platform::input;
use platform::op::{
    AccountKind, ApiError, Audit, CUSTOMER_OR_PARTNER, Json, Language, Limit, Method, Mode, Num, Operation,
    Right, Sites, Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::shown::{
    AmountInfo, EnterpriseProject, MEASURE_UNIT, enterprise_projects, service_name, wire_time,
};
use super::{PARTNER_ACTIONS, check_span, viewed_partner};
use crate::Cx;
use crate::app::App;
use crate::catalog::model::Catalog;
use crate::codes;
use crate::orders::model::{Order, WrittenOrderId};
use crate::orders::service::{self, Filter, Page, Scope};

/// The statuses that can be asked for (004 table 8-6).
const STATUSES: &[&str] = &["1", "3", "4", "5", "6", "9"];
/// The order types that can be asked for.
const ORDER_TYPES: &[&str] = &["1", "2", "3", "4", "10", "11", "13", "14", "15"];
/// The forms of "none" that are filters: they are the id of no reseller, so they match nothing.
const NOBODY: [&str; 2] = ["null", "\"\""];

input! {
    /// 004 table 8-6.
    pub struct ListCustomerOrdersInput {
        /// Order id, in any case.
        pub order_id: Option<WrittenOrderId> = query("order_id").null(Value),
        /// Customer account id.
        pub customer_id: Option<String> = query("customer_id").empty(Refused).null(Value),
        /// Created at or after this time.
        pub create_time_begin: Option<Instant> = query("create_time_begin").length(20).null(Refused),
        /// Created at or before this time, at most a year later.
        pub create_time_end: Option<Instant> = query("create_time_end").length(20).null(Refused),
        /// Service of the order's first line, in any case.
        pub service_type_code: Option<String> = query("service_type_code").null(Value).quotes(Value),
        /// Status.
        pub status: Option<i64> = query("status").one_of(STATUSES),
        /// Order type.
        pub order_type: Option<String> = query("order_type").null(Refused).one_of(ORDER_TYPES),
        /// The most orders to answer.
        pub limit: i64 = query("limit").range(1, 100).default("10"),
        /// Index of the first order.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// `createTime` for the earliest first, `-createTime` for the latest first; in any case.
        pub order_by: String = query("order_by").quotes(Unset).one_of(&["createTime", "-createTime"]).any_case()
            .default("-createTime"),
        /// Paid at or after this time.
        pub payment_time_begin: Option<Instant> = query("payment_time_begin").length(20).null(Refused),
        /// Paid at or before this time, at most a year later.
        pub payment_time_end: Option<Instant> = query("payment_time_end").length(20).null(Refused),
        /// The reseller whose customers' orders a distributor asks for.
        pub indirect_partner_id: Option<String> = query("indirect_partner_id").null(Value).quotes(Value),
        /// One's own orders, or those that one pays for others.
        pub method: String = query("method").quotes(Unset).one_of(&["oneself", "sub_customer"]).default("oneself"),
        /// Language of names.
        pub language: Option<Language> = header("X-Language").length(10),
    }
}

/// A page of orders.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::orders) struct ListCustomerOrdersOutput {
    /// How many orders match.
    total_count: i64,
    /// The page.
    order_infos: Vec<CustomerOrder>,
}

/// An order of the list (004 table 8-7).
#[derive(Debug, Serialize, JsonSchema)]
struct CustomerOrder {
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
    enterprise_projects: Vec<EnterpriseProject>,
    sub_order_infos: Option<Vec<CustomerOrder>>,
    agent_pay_info: AgentPayInfo,
}

/// Who pays in the customer's place.
#[derive(Debug, Serialize, JsonSchema)]
struct AgentPayInfo {
    paying_agent_id: Option<String>,
    is_agent_pay: bool,
}

fn shown(order: &Order, catalog: &Catalog, language: Language) -> CustomerOrder {
    let agent = (order.payer != order.account).then(|| order.payer.clone());
    CustomerOrder {
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
        enterprise_projects: enterprise_projects(order),
        sub_order_infos: None,
        agent_pay_info: AgentPayInfo { is_agent_pay: agent.is_some(), paying_agent_id: agent },
    }
}

/// The filters as the store compares them. A second that is named as the end is part of the span.
fn filter(input: &ListCustomerOrdersInput) -> Filter {
    let after = |end: Option<Instant>| end.map(|end| end.plus_ms(1000));
    Filter {
        order_id: input.order_id.clone().map(WrittenOrderId::into_stored),
        customer_id: input.customer_id.clone(),
        created_from: input.create_time_begin,
        created_until: after(input.create_time_end),
        service_type: input.service_type_code.as_deref().map(str::to_lowercase),
        status: input.status,
        order_type: input.order_type.as_deref().and_then(|code| code.parse().ok()),
        paid_from: input.payment_time_begin,
        paid_until: after(input.payment_time_end),
        partner_id: None,
    }
}

/// 004 8.3.1.
pub(in crate::orders) struct ListCustomerOrders;

impl Operation<App> for ListCustomerOrders {
    type Input = ListCustomerOrdersInput;
    type Output = Json<ListCustomerOrdersOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListCustomerOrders",
        method: Method::Get,
        path: "/v2/orders/customer-orders",
        about: "Lists the orders of a customer, or of the customers of a partner.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: PARTNER_ACTIONS,
        right: Right::Read,
        denied: &codes::DENIED_ON_ORDERS,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[&codes::INVALID_VALUE, &codes::NO_RIGHT_TO_RESELLER, &codes::DENIED_ON_ORDERS],
        is_secret: false,
        doc: "004 8.3.1",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        check_span("create_time", input.create_time_begin, input.create_time_end)?;
        check_span("payment_time", input.payment_time_begin, input.payment_time_end)?;
        let mut filter = filter(&input);
        let reseller = input.indirect_partner_id.as_deref();
        let scope = if input.method == "sub_customer" {
            filter.partner_id = reseller.map(str::to_owned);
            Scope::Payer(cx.account().to_owned())
        } else if cx.principal.kind == AccountKind::Customer {
            filter.partner_id = reseller.map(str::to_owned);
            Scope::Account(cx.account().to_owned())
        } else if let Some(nobody) = reseller.filter(|reseller| NOBODY.contains(reseller)) {
            Scope::Partner(nobody.to_owned())
        } else {
            Scope::Partner(viewed_partner(cx, reseller).await?)
        };
        let page =
            Page { is_descending: input.order_by == "-createTime", offset: input.offset, limit: input.limit };
        let (total_count, orders) = service::list(&mut cx.tx, &scope, &filter, page).await?;
        let catalog = cx.app.catalog.current();
        let language = super::details::language(cx, input.language);
        let order_infos = orders.iter().map(|order| shown(order, &catalog, language)).collect();
        Ok(Json(ListCustomerOrdersOutput { total_count, order_infos }))
    }
}
