//! 004 8.4.1: a customer's yearly/monthly resources.

use std::collections::HashMap;

use domain::calendar::Instant;
use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER, Json, Language, Limit, Method, Mode, Num, Operation, Refusal, Right, Sites,
    Spec,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::catalog::model::Catalog;
use crate::codes;
use crate::orders::model::{DEFAULT_ENTERPRISE_PROJECT, WrittenOrderId, enterprise_project_name};
use crate::subscriptions::service::{self, Filter, Resource};

input! {
    /// 004 table 8-26. Null, an empty list and "" mean that there is no such filter, except for the service type.
    pub struct QueryResourcesInput {
        /// Resources by id, at most 50.
        pub resource_ids: Option<Vec<String>> = body("resource_ids").items(0, 50).quotes(Unset),
        /// Resources of an order, its id in any case.
        pub order_id: Option<WrittenOrderId> = body("order_id").quotes(Unset),
        /// 1: primary resources only; 0: attached ones too.
        pub only_main_resource: i64 = body("only_main_resource").quotes(Unset).one_of(&["0", "1"]).default("0"),
        /// 2 in use, 3 closed, 4 frozen, 5 expired.
        pub status_list: Option<Vec<i64>> = body("status_list").items(0, 10).quotes(Unset)
            .one_of(&["2", "3", "4", "5"]),
        /// Index of the first record.
        pub offset: i64 = body("offset").quotes(Unset).range(0, 2_147_483_646).default("0"),
        /// The most records to answer.
        pub limit: i64 = body("limit").quotes(Unset).range(1, 500).default("10"),
        /// Expires at or after this time.
        pub expire_time_begin: Option<Instant> = body("expire_time_begin").length(20).quotes(Unset),
        /// Expires at or before this time.
        pub expire_time_end: Option<Instant> = body("expire_time_end").length(20).quotes(Unset),
        /// Resources of a service, in any case.
        pub service_type_code: Option<String> = body("service_type_code").empty(Refused),
        /// For partners, who do not call this operation: it is not looked at.
        pub customer_id: Option<String> = body("customer_id").quotes(Unset),
        /// Language of names.
        pub language: Option<Language> = header("X-Language").length(10),
    }
}

/// A page of resources.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::subscriptions) struct QueryResourcesOutput {
    /// The page.
    data: Vec<OrderInstance>,
    /// How many match.
    total_count: i64,
}

/// A resource (004 table 8-27).
#[derive(Debug, Serialize, JsonSchema)]
struct OrderInstance {
    id: String,
    resource_id: Option<String>,
    resource_name: Option<String>,
    region_code: String,
    service_type_code: String,
    resource_type_code: String,
    resource_type_name: String,
    service_type_name: String,
    resource_spec_code: String,
    project_id: Option<String>,
    product_id: String,
    parent_resource_id: Option<String>,
    is_main_resource: i64,
    status: i64,
    effective_time: Option<String>,
    expire_time: Option<String>,
    expire_policy: i64,
    product_spec_desc: String,
    spec_size: Option<Num>,
    spec_size_measure_id: Option<i64>,
    update_time: String,
    enterprise_project: EnterpriseProject,
}

/// An enterprise project (004 table 8-28).
#[derive(Debug, Serialize, JsonSchema)]
struct EnterpriseProject {
    id: String,
    name: String,
}

fn shown(
    resource: Resource,
    parents: &HashMap<String, String>,
    catalog: &Catalog,
    language: Language,
) -> OrderInstance {
    let service = catalog.find_service(&resource.service_type_code);
    let kind = catalog.find_resource_type(&resource.resource_type_code);
    let project = resource.enterprise_project_id.unwrap_or_else(|| DEFAULT_ENTERPRISE_PROJECT.to_owned());
    // A primary resource names itself, as in the documents' example.
    let parent = match &resource.parent {
        Some(parent) => parents.get(parent).cloned(),
        None => resource.resource_id.clone(),
    };
    OrderInstance {
        is_main_resource: i64::from(resource.parent.is_none()),
        parent_resource_id: parent,
        service_type_name: service
            .map_or(resource.service_type_code.as_str(), |own| own.name.get(language))
            .to_owned(),
        resource_type_name: kind
            .map_or(resource.resource_type_code.as_str(), |own| own.name.get(language))
            .to_owned(),
        product_spec_desc: resource.description.get(language).to_owned(),
        enterprise_project: EnterpriseProject {
            name: enterprise_project_name(&project).to_owned(),
            id: project,
        },
        id: resource.id,
        resource_id: resource.resource_id,
        resource_name: resource.resource_name,
        region_code: resource.region_code,
        service_type_code: resource.service_type_code,
        resource_type_code: resource.resource_type_code,
        resource_spec_code: resource.resource_spec_code,
        project_id: resource.project_id,
        product_id: resource.product_id,
        status: resource.status,
        effective_time: resource.effective_at.map(Instant::to_wire),
        expire_time: resource.expires_at.map(Instant::to_wire),
        expire_policy: resource.expire_policy,
        spec_size: resource.spec_size.map(Num::of),
        spec_size_measure_id: resource.spec_size_measure_id,
        update_time: resource.updated_at.to_wire(),
    }
}

fn filter(input: QueryResourcesInput) -> Result<Filter, Refusal> {
    if let (Some(begin), Some(end)) = (input.expire_time_begin, input.expire_time_end)
        && begin > end
    {
        let (en, zh) = ("must not lie before expire_time_begin", "不能早于 expire_time_begin");
        return Err(Refusal::because("expire_time_end", en, zh));
    }
    let is_primary_only = input.only_main_resource == 1;
    Ok(Filter {
        resource_ids: input.resource_ids.unwrap_or_default(),
        with_attached: !is_primary_only,
        only_primaries: is_primary_only,
        order_id: input.order_id.map(WrittenOrderId::into_stored),
        statuses: input.status_list.unwrap_or_default(),
        expires_from: input.expire_time_begin,
        // A second that is named as the end is part of the span.
        expires_until: input.expire_time_end.map(|end| end.plus_ms(1000)),
        service_type: input.service_type_code.map(|code| code.to_lowercase()),
    })
}

/// 004 8.4.1, under the name the SDKs give it.
pub(in crate::subscriptions) struct ListPayPerUseCustomerResources;

impl Operation<App> for ListPayPerUseCustomerResources {
    type Input = QueryResourcesInput;
    type Output = Json<QueryResourcesOutput>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListPayPerUseCustomerResources",
        method: Method::Post,
        path: "/v2/orders/suscriptions/resources/query",
        about: "Lists a customer's yearly/monthly resources that were provisioned.",
        sites: Sites::All,
        callers: CUSTOMER,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 8.4.1",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let of_site = Language::parse(cx.site.profile().default_language);
        let language = input.language.or(of_site).unwrap_or(Language::ZhCn);
        let (offset, limit) = (input.offset, input.limit);
        let filter = filter(input)?;
        let account = cx.account().to_owned();
        let (total_count, found) = service::query(&mut cx.tx, &account, &filter, offset, limit).await?;
        let parents = service::parents(&mut cx.tx, &found).await?;
        let catalog = cx.app.catalog.current();
        let data = found.into_iter().map(|resource| shown(resource, &parents, &catalog, language)).collect();
        Ok(Json(QueryResourcesOutput { data, total_count }))
    }
}
