//! What is served and declared, against the published operations and error codes (`tests/data`).

use std::collections::{BTreeMap, BTreeSet};

use domain::site::Site;
use platform::op::{Audit, Entry, Limit, Mode, Spec};
use serde_json::Value;
use server::app::{App, registry};

use super::calls::Complaints;

const OPERATIONS: &str = include_str!("../../data/operations.json");
const ERRORS: &str = include_str!("../../data/errors.json");

/// Published operations that are not served yet. The list only shrinks: one that is served must leave it.
const NOT_SERVED_YET: &[&str] = &[
    "CheckUserIdentity",
    "SendVerificationMessageCode",
    "CreateSubCustomer",
    "ListSubCustomers",
    "FreezeSubCustomers",
    "UnfreezeSubCustomers",
    "ListIndirectPartners",
    "ShowPartnerConsumptionQuota",
    "ShowSubCustomerBudget",
    "UpdateSubCustomerBudget",
    "ListFreeResourceInfos",
    "ListFreeResourceUsages",
    "ListFreeResourcesUsageRecords",
    "ListPackageUsages",
    "ListCustomerOnDemandResources",
    "ShowCustomerMonthlySum",
    "ListCustomerselfResourceRecordDetails",
    "ListCustomerselfResourceRecords",
    "ListPostpaidBillSum",
    "ListCosts",
    "CreateEnterpriseProjectAuth",
    "ListEnterpriseOrganizations",
    "CreateSubEnterpriseAccount",
    "ListEnterpriseSubCustomers",
    "ShowMultiAccountTransferAmount",
    "ListEnterpriseMultiAccount",
    "UpdateSubEnterpriseAmount",
    "ReclaimSubEnterpriseAmount",
    "ClaimEnterpriseMultiAccountCoupon",
    "ReclaimEnterpriseMultiAccountCoupon",
    "SendSmsVerificationCode",
    "ListProvinces",
    "ListCities",
    "ListCounties",
    "ListInvoices",
    "CreateCases",
    "ListCaseTemplates",
    "ListCases",
    "ShowCaseDetail",
    "UpdateCases",
    "CreateMessages",
    "ListTraces",
    "CreateTemporaryAccessKeyByAgency",
];

/// Codes whose status in the table of one operation differs from the common table: section, code, status there.
const OTHER_STATUS: &[(&str, &str, u64)] = &[
    ("4.2.3", "CBC.0154", 403),
    ("5.1.3", "CBC.5016", 400),
    ("5.2.2", "CBC.99005024", 200),
    ("5.2.3", "CBC.99005024", 200),
];

/// Published request limits that are not the usual 10 a second (`rules.md` 0.4).
const OTHER_LIMIT: &[(&str, u32)] = &[
    ("ListOnDemandResourceRatings", 20),
    ("ListRateOnPeriodDetail", 30),
    ("ShowCustomerAccountBalances", 20),
    ("ListStoredValueCards", 5),
    ("CheckUserIdentity", 5),
];
const USUAL_LIMIT: u32 = 10;

fn rows(text: &str, member: Option<&str>) -> Vec<Value> {
    let data: Value = serde_json::from_str(text).expect("the data file is JSON");
    let rows = member.map_or(&data, |member| &data[member]);
    rows.as_array().expect("a list").clone()
}

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap_or_else(|| panic!("{field} of {row} is text"))
}

/// Method and path with the names of path parameters left out: documents and SDKs name them differently.
pub(super) fn place(method: &str, path: &str) -> String {
    let segment = |part: &str| if part.starts_with('{') { "{}".to_owned() } else { part.to_owned() };
    format!("{method} {}", path.split('/').map(segment).collect::<Vec<_>>().join("/"))
}

pub(super) fn place_of(spec: &Spec) -> String {
    place(spec.method.as_str(), spec.path)
}

fn with_served(check: impl Fn(&Value, &Entry<App>, &mut Complaints)) {
    let registry = registry(true);
    let served: BTreeMap<String, &Entry<App>> =
        registry.entries().iter().map(|entry| (place_of(entry.spec), entry)).collect();
    let mut complaints = Complaints::default();
    for row in rows(OPERATIONS, None) {
        if let Some(entry) = served.get(&place(text(&row, "method"), text(&row, "path"))) {
            check(&row, entry, &mut complaints);
        }
    }
    complaints.none();
}

#[test]
fn every_published_operation_is_served_or_listed_as_not_served_yet() {
    let registry = registry(true);
    let served: BTreeSet<String> = registry.entries().iter().map(|entry| place_of(entry.spec)).collect();
    let mut complaints = Complaints::default();
    let mut waiting: BTreeSet<&str> = NOT_SERVED_YET.iter().copied().collect();
    complaints.unless(waiting.len() == NOT_SERVED_YET.len(), || "a name is listed twice".to_owned());
    for row in rows(OPERATIONS, None) {
        if text(&row, "scope") != "spec" {
            continue;
        }
        let name = text(&row, "operation");
        let is_served = served.contains(&place(text(&row, "method"), text(&row, "path")));
        match (is_served, waiting.remove(name)) {
            (true, true) => complaints.add(format!("{name} is served: take it off the list")),
            (false, false) => complaints.add(format!("{name} is neither served nor listed")),
            (true, false) | (false, true) => {}
        }
    }
    for stranger in waiting {
        complaints.add(format!("{stranger} is listed but is no published operation"));
    }
    complaints.none();
}

#[test]
fn ids_and_paths_are_unique() {
    let registry = registry(true);
    let ids: BTreeSet<&str> = registry.entries().iter().map(|entry| entry.spec.id).collect();
    assert_eq!(ids.len(), registry.entries().len(), "two operations share an id");
    let places: BTreeSet<String> = registry.entries().iter().map(|entry| place_of(entry.spec)).collect();
    assert_eq!(places.len(), registry.entries().len(), "two operations share method and path");
}

#[test]
fn a_published_operation_has_its_name_sites_and_audit_event() {
    with_served(|row, entry, complaints| {
        let spec = entry.spec;
        let name = text(row, "operation");
        complaints.unless(spec.id == name, || format!("{} is published as {name}", spec.id));
        for (site, code) in [(Site::Cn, "cn"), (Site::Intl, "intl"), (Site::Eu, "eu")] {
            let is_published = row["sites"].as_array().expect("sites").iter().any(|other| other == code);
            let is_served = spec.sites.has(site);
            complaints
                .unless(is_served == is_published, || format!("{name}: on {code} it is {is_published}"));
        }
        let event = match spec.audit {
            Audit::None => String::new(),
            Audit::Event(resource, event) => format!("{resource}/{event}"),
        };
        let published = text(row, "audit");
        let fits = published.is_empty() || event == published;
        complaints.unless(fits, || format!("{name}: audited as {event:?}, published as {published:?}"));
    });
}

#[test]
fn a_published_operation_declares_every_published_error_with_its_status() {
    let registry = registry(true);
    let served: BTreeMap<String, &Entry<App>> =
        registry.entries().iter().map(|entry| (place_of(entry.spec), entry)).collect();
    let mut complaints = Complaints::default();
    let mut seen = 0;
    for table in rows(ERRORS, Some("operations")) {
        let Some(entry) = served.get(&place(text(&table, "method"), text(&table, "path"))) else { continue };
        let (spec, section) = (entry.spec, text(&table, "section"));
        seen += 1;
        for row in table["errors"].as_array().expect("a list") {
            let (code, status) = (text(row, "code"), row["http"].as_u64().expect("a status"));
            let known = std::iter::once(&spec.denied).chain(spec.errors).chain(platform::op::door::COMMON);
            let declared = known.copied().find(|known| known.code == code);
            let is_known_exception = OTHER_STATUS.contains(&(section, code, status));
            match declared {
                None => complaints.add(format!("{} ({section}) does not declare {code}", spec.id)),
                Some(found) => complaints
                    .unless(u64::from(found.status) == status || is_known_exception, || {
                        format!("{} ({section}): {code} is {status}, declared {}", spec.id, found.status)
                    }),
            }
        }
    }
    complaints.unless(seen >= 13, || format!("only {seen} tables of errors met a served operation"));
    complaints.none();
}

#[test]
fn declared_codes_are_those_of_the_registry() {
    let mut complaints = Complaints::default();
    for entry in registry(true).entries() {
        let spec = entry.spec;
        for code in spec.errors {
            let is_known = server::codes::ALL.contains(code) || server::codes::single::ALL.contains(code);
            complaints.unless(is_known, || format!("{} declares {}, which is no code", spec.id, code.code));
            let is_common = platform::op::door::COMMON.contains(code);
            complaints.unless(!is_common, || format!("{} repeats the common {}", spec.id, code.code));
        }
    }
    complaints.none();
}

#[test]
fn published_request_limits_are_declared() {
    with_served(|row, entry, complaints| {
        // The limits of IAM are published elsewhere; signing in has one of its own against guessing.
        if entry.spec.path.starts_with("/v3/auth") || entry.spec.path.starts_with("/v3/projects") {
            return;
        }
        let name = text(row, "operation");
        let wanted =
            OTHER_LIMIT.iter().find(|(other, _)| *other == name).map_or(USUAL_LIMIT, |(_, limit)| *limit);
        let declared = entry.spec.limit;
        complaints.unless(declared == Limit::PerSecond(wanted), || {
            format!("{name}: {declared:?}, published are {wanted} a second")
        });
    });
}

#[test]
fn what_changes_something_is_audited_and_a_read_only_where_the_documents_say_so() {
    let published: BTreeSet<String> = rows(OPERATIONS, None)
        .iter()
        .filter(|row| !text(row, "audit").is_empty())
        .map(|row| text(row, "operation").to_owned())
        .collect();
    let mut complaints = Complaints::default();
    for entry in registry(true).entries() {
        let spec = entry.spec;
        let is_audited = spec.audit != Audit::None;
        match spec.mode {
            Mode::Write => {
                complaints.unless(is_audited, || format!("{} changes something unaudited", spec.id));
            }
            Mode::Read => complaints.unless(!is_audited || published.contains(spec.id), || {
                format!("{} is a read that no document audits", spec.id)
            }),
            // Such an operation makes transactions of its own, and its own audit row where it changes something.
            Mode::Free => {}
        }
        complaints
            .unless(!spec.about.is_empty() && !spec.doc.is_empty(), || format!("{}: undescribed", spec.id));
        complaints.unless(
            spec.errors.len() == spec.errors.iter().map(|c| c.code).collect::<BTreeSet<_>>().len(),
            || format!("{}: an error is declared twice", spec.id),
        );
    }
    complaints.none();
}
