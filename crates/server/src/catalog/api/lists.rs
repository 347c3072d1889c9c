//! What is on the list of products: services, their resource types and usage types (004 4.1.1 to 4.1.4).
//!
//! The sections differ in small things, and each difference is in the declaration: how far `offset` goes, how many
//! rows `limit` allows, and which absences of a parameter are refused.

use platform::input;
use platform::op::{
    ApiError, Audit, CUSTOMER_OR_PARTNER, Json, Language, Limit, Method, Mode, Operation, Right, Sites, Spec,
    door,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::Cx;
use crate::app::App;
use crate::catalog::model::{Catalog, ResourceType, Service, UsageType};

input! {
    /// 004 tables 4-1 and 4-2.
    pub struct ListServiceTypesInput {
        /// Language of names.
        pub language: Language = header("X-Language").length(8).default("zh_CN"),
        /// Index of the first record.
        pub offset: i64 = query("offset").range(0, 1_000_000_000).default("0"),
        /// Most records to answer.
        pub limit: i64 = query("limit").range(1, 1000).default("10"),
        /// Part of a service type name, in the language asked for, without regard to case.
        pub service_type_name: Option<String> = query("service_type_name").length(128),
    }

    /// 004 tables 4-4 and 4-5.
    pub struct ListResourceTypesInput {
        /// Language of names.
        pub language: Language = header("X-Language").length(8).default("zh_CN"),
        /// Index of the first record.
        pub offset: i64 = query("offset").range(0, 1_000_000_000).default("0"),
        /// Most records to answer.
        pub limit: i64 = query("limit").range(1, 1000).default("10"),
    }

    /// 004 tables 4-7 and 4-8. Here `limit` may be left out and nothing else.
    pub struct ListServiceResourcesInput {
        /// Language of names.
        pub language: Language = header("X-Language").length(8).default("zh_CN"),
        /// Code of the service type.
        pub service_type_code: String = query("service_type_code"),
        /// Index of the first record.
        pub offset: i64 = query("offset").range(0, 10_000_000).default("0"),
        /// Most records to answer.
        pub limit: i64 =
            query("limit").range(1, 100).default("10").empty(Refused).null(Refused).quotes(Refused),
    }

    /// 004 tables 4-11 and 4-12. `null` and `""` look for a resource type of that name, and find none.
    pub struct ListUsageTypesInput {
        /// Language of names.
        pub language: Language = header("X-Language").length(8).default("zh_CN"),
        /// Code of the resource type.
        pub resource_type_code: Option<String> = query("resource_type_code").null(Value).quotes(Value),
        /// Index of the first record.
        pub offset: i64 = query("offset").range(0, 100_000_000).default("0"),
        /// Most records to answer.
        pub limit: i64 = query("limit").range(1, 100).default("10"),
    }
}

/// How many rows there are, and those of one page.
fn page<'a, T: 'a, R>(
    rows: impl Iterator<Item = &'a T>,
    offset: i64,
    limit: i64,
    row: impl Fn(&'a T) -> R,
) -> (usize, Vec<R>) {
    let (offset, limit) = (at_least_zero(offset), at_least_zero(limit));
    let mut total = 0;
    let mut shown = Vec::new();
    for found in rows {
        if total >= offset && shown.len() < limit {
            shown.push(row(found));
        }
        total += 1;
    }
    (total, shown)
}

/// A declared range that begins at zero or one fits `usize`.
fn at_least_zero(number: i64) -> usize {
    usize::try_from(number).expect("the declared range has no negative numbers")
}

/// A cloud service type (004 table 4-3).
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceTypes {
    /// Name.
    pub service_type_name: String,
    /// Code.
    pub service_type_code: String,
    /// Abbreviation.
    pub abbreviation: String,
}

/// Answer of [`ListServiceTypes`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceTypesPage {
    /// How many there are.
    pub total_count: usize,
    /// One page of them.
    pub service_types: Vec<ServiceTypes>,
}

/// 004 4.1.1: cloud service types, without those of KooGallery.
pub struct ListServiceTypes;

impl Operation<App> for ListServiceTypes {
    type Input = ListServiceTypesInput;
    type Output = Json<ServiceTypesPage>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListServiceTypes",
        method: Method::Get,
        path: "/v2/products/service-types",
        about: "Lists the cloud service types.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 4.1.1",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let catalog = cx.app.catalog.current();
        let part = input.service_type_name.map(|part| part.to_lowercase());
        let is_wanted = |service: &&Service| {
            let name = || service.name.get(input.language).to_lowercase();
            !service.is_marketplace && part.as_ref().is_none_or(|part| name().contains(part))
        };
        let rows = catalog.services.iter().filter(is_wanted);
        let (total_count, service_types) = page(rows, input.offset, input.limit, |service| ServiceTypes {
            service_type_name: service.name.get(input.language).to_owned(),
            service_type_code: service.code.clone(),
            abbreviation: service.abbreviation.clone(),
        });
        Ok(Json(ServiceTypesPage { total_count, service_types }))
    }
}

/// A resource type (004 table 4-6).
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResourceTypes {
    /// Code.
    pub resource_type_code: String,
    /// Name.
    pub resource_type_name: String,
    /// Description.
    pub resource_type_desc: String,
    /// Code of the service it belongs to.
    pub service_type_code: String,
}

/// Answer of [`ListResourceTypes`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResourceTypesPage {
    /// How many there are.
    pub total_count: usize,
    /// One page of them.
    pub resource_types: Vec<ResourceTypes>,
}

/// 004 4.1.2: resource types.
pub struct ListResourceTypes;

impl Operation<App> for ListResourceTypes {
    type Input = ListResourceTypesInput;
    type Output = Json<ResourceTypesPage>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListResourceTypes",
        method: Method::Get,
        path: "/v2/products/resource-types",
        about: "Lists the resource types.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 4.1.2",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let catalog = cx.app.catalog.current();
        let rows = catalog.resource_types.iter();
        let (total_count, resource_types) = page(rows, input.offset, input.limit, |kind| ResourceTypes {
            resource_type_code: kind.code.clone(),
            resource_type_name: kind.name.get(input.language).to_owned(),
            resource_type_desc: kind.description.get(input.language).to_owned(),
            service_type_code: kind.service.clone(),
        });
        Ok(Json(ResourceTypesPage { total_count, resource_types }))
    }
}

/// Basic facts of a resource type (004 table 4-10).
#[derive(Debug, Serialize, JsonSchema)]
pub struct ResourceBasicInfo {
    /// Code.
    pub resource_type_code: String,
    /// Code of the service it belongs to.
    pub product_owner_service: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
}

/// A resource of a service (004 table 4-9).
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceResourceInfo {
    /// Its basic facts.
    pub basic_info: ResourceBasicInfo,
}

/// Answer of [`ListServiceResources`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceResourcesPage {
    /// How many there are.
    pub total_count: usize,
    /// One page of them.
    pub infos: Vec<ServiceResourceInfo>,
}

/// 004 4.1.3: the resource types of one service; none for a service that is unknown or of KooGallery.
pub struct ListServiceResources;

impl Operation<App> for ListServiceResources {
    type Input = ListServiceResourcesInput;
    type Output = Json<ServiceResourcesPage>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListServiceResources",
        method: Method::Get,
        path: "/v2/products/service-resources",
        about: "Lists the resource types of a cloud service type.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 4.1.3",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let catalog = cx.app.catalog.current();
        let service =
            catalog.find_service(&input.service_type_code).filter(|service| !service.is_marketplace);
        let is_wanted = |kind: &&ResourceType| service.is_some_and(|service| service.code == kind.service);
        let rows = catalog.resource_types.iter().filter(is_wanted);
        let (total_count, infos) = page(rows, input.offset, input.limit, |kind| ServiceResourceInfo {
            basic_info: ResourceBasicInfo {
                resource_type_code: kind.code.clone(),
                product_owner_service: kind.service.clone(),
                name: kind.name.get(input.language).to_owned(),
                description: kind.description.get(input.language).to_owned(),
            },
        });
        Ok(Json(ServiceResourcesPage { total_count, infos }))
    }
}

/// A usage type (004 table 4-13). It has the name of the contract's schema, of which the model's is one row.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UsageType")]
pub struct UsageTypeRow {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code of the resource type.
    pub resource_type_code: String,
    /// Code of the service that the resource type belongs to.
    pub service_type_code: String,
    /// Name of the resource type.
    pub resource_type_name: String,
    /// Name of the service.
    pub service_type_name: String,
}

impl UsageTypeRow {
    fn of(catalog: &Catalog, usage: &UsageType, language: Language) -> Self {
        let kind = catalog.find_resource_type(&usage.resource_type).expect("the import checked it");
        let service = catalog.find_service(&kind.service).expect("the import checked it");
        Self {
            code: usage.code.clone(),
            name: usage.name.get(language).to_owned(),
            resource_type_code: kind.code.clone(),
            service_type_code: service.code.clone(),
            resource_type_name: kind.name.get(language).to_owned(),
            service_type_name: service.name.get(language).to_owned(),
        }
    }
}

/// Answer of [`ListUsageTypes`].
#[derive(Debug, Serialize, JsonSchema)]
pub struct UsageTypesPage {
    /// How many there are.
    pub total_count: usize,
    /// One page of them.
    pub usage_types: Vec<UsageTypeRow>,
}

/// 004 4.1.4: usage types.
pub struct ListUsageTypes;

impl Operation<App> for ListUsageTypes {
    type Input = ListUsageTypesInput;
    type Output = Json<UsageTypesPage>;
    type Error = ApiError;
    const SPEC: Spec = Spec {
        id: "ListUsageTypes",
        method: Method::Get,
        path: "/v2/products/usage-types",
        about: "Lists the usage types of resource types.",
        sites: Sites::All,
        callers: CUSTOMER_OR_PARTNER,
        actions: &[],
        right: Right::Read,
        denied: &door::DENIED,
        mode: Mode::Free,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "004 4.1.4",
    };

    async fn run(cx: &mut Cx, input: Self::Input) -> Result<Self::Output, ApiError> {
        let catalog = cx.app.catalog.current();
        let code = input.resource_type_code.as_deref();
        let rows =
            catalog.usage_types.iter().filter(|usage| code.is_none_or(|code| usage.resource_type == code));
        let row = |usage| UsageTypeRow::of(&catalog, usage, input.language);
        let (total_count, usage_types) = page(rows, input.offset, input.limit, row);
        Ok(Json(UsageTypesPage { total_count, usage_types }))
    }
}
