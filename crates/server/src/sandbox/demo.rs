//! The demo tenants: who they are, and the secrets they start with.
//!
//! Every secret and id is derived from one fixed key and the tenant's name, so that the list of demo tenants can
//! always show them, a script can be written against them, and a reset gives them back. They are public by
//! design: nothing of this is reachable from a production server.

use domain::site::Site;
use platform::auth::secrets::{derive, hex};
use platform::op::AccountKind;

use crate::accounts::service::LimitPeriod;
use crate::identity::service::NewProject;

/// Names the world of the demo tenants. Another key would be other tenants.
const SANDBOX_KEY: &[u8] = b"openbss sandbox: these secrets are public";

/// Regions of the demo catalogue; every tenant has a project in each.
pub const REGIONS: [&str; 3] = ["ap-southeast-1", "cn-north-1", "eu-west-101"];

/// One demo tenant.
#[derive(Debug)]
pub struct Tenant {
    /// Name of the account and of its first user.
    pub name: &'static str,
    /// Kind of the account.
    pub kind: AccountKind,
    /// Name of the partner it belongs to.
    pub partner: Option<&'static str>,
    /// 3: reseller model.
    pub association_type: Option<i64>,
    /// Distributors that may have customers of their own.
    pub has_direct_customers: bool,
    /// Name of its enterprise master.
    pub master: Option<&'static str>,
    /// Accounting of an enterprise member.
    pub accounting: Option<&'static str>,
    /// Cash it starts with, in the currency of the site.
    pub cash: Option<&'static str>,
    /// Credit line it starts with, in the currency of the site.
    pub credit: Option<&'static str>,
    /// Budget that its partner gives it, in the currency of the site, and for how long that counts.
    pub budget: Option<(&'static str, LimitPeriod)>,
}

const fn tenant(name: &'static str, kind: AccountKind) -> Tenant {
    Tenant {
        name,
        kind,
        partner: None,
        association_type: None,
        has_direct_customers: false,
        master: None,
        accounting: None,
        cash: None,
        credit: None,
        budget: None,
    }
}

impl Tenant {
    const fn under(mut self, partner: &'static str) -> Self {
        self.partner = Some(partner);
        self
    }
    const fn reseller_model(mut self) -> Self {
        self.association_type = Some(3);
        self
    }
    const fn with_direct_customers(mut self) -> Self {
        self.has_direct_customers = true;
        self
    }
    const fn member_of(mut self, master: &'static str, accounting: &'static str) -> Self {
        self.master = Some(master);
        self.accounting = Some(accounting);
        self
    }
    const fn cash(mut self, amount: &'static str) -> Self {
        self.cash = Some(amount);
        self
    }
    const fn budget(mut self, amount: &'static str, period: LimitPeriod) -> Self {
        self.budget = Some((amount, period));
        self
    }
    const fn credit(mut self, amount: &'static str) -> Self {
        self.credit = Some(amount);
        self
    }
}

/// Every demo tenant; partners and masters stand before those that belong to them.
pub const TENANTS: &[Tenant] = &[
    tenant("operator", AccountKind::Operator),
    tenant("acme", AccountKind::Customer).cash("10000.00"),
    tenant("north", AccountKind::Distributor).with_direct_customers(),
    tenant("harbor", AccountKind::Reseller).under("north"),
    tenant("lighthouse", AccountKind::Customer)
        .under("harbor")
        .reseller_model()
        .budget("1000.00", LimitPeriod::Month),
    tenant("meadow", AccountKind::Customer)
        .under("north")
        .reseller_model()
        .budget("1000.00", LimitPeriod::Month),
    tenant("summit", AccountKind::SolutionProvider),
    tenant("brook", AccountKind::Customer)
        .under("summit")
        .reseller_model()
        .budget("5000.00", LimitPeriod::Once),
    tenant("globex", AccountKind::Customer).cash("5000.00").credit("2000.00"),
    tenant("globex-lab", AccountKind::Customer).member_of("globex", "independent"),
    tenant("globex-ops", AccountKind::Customer).member_of("globex", "unified"),
];

/// What the list of demo tenants shows of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Name of the tenant.
    pub name: String,
    /// Kind of the account.
    pub kind: String,
    /// Domain id.
    pub domain_id: String,
    /// Domain name.
    pub domain_name: String,
    /// User name.
    pub user_name: String,
    /// Password.
    pub password: String,
    /// Access key.
    pub access_key: String,
    /// Secret key.
    pub secret_key: String,
    /// Project of the default region.
    pub project_id: String,
    /// Name of the partner.
    pub partner: Option<String>,
}

/// The region whose project a tenant is shown with.
pub fn default_region(site: Site) -> &'static str {
    match site {
        Site::Cn => "cn-north-1",
        Site::Intl => "ap-southeast-1",
        Site::Eu => "eu-west-101",
    }
}

/// The credentials of a demo tenant on the International site; on the others only the project differs.
///
/// # Panics
/// When there is no such tenant: the names are fixed.
pub fn credentials(name: &str) -> Credentials {
    credentials_on(Site::Intl, name)
}

/// The credentials of a demo tenant on `site`.
///
/// # Panics
/// When there is no such tenant: the names are fixed.
pub fn credentials_on(site: Site, name: &str) -> Credentials {
    let found = TENANTS.iter().find(|tenant| tenant.name == name);
    let tenant = found.unwrap_or_else(|| panic!("there is no demo tenant {name}"));
    Credentials {
        name: name.to_owned(),
        kind: tenant.kind.as_str().to_owned(),
        domain_id: domain_id(name),
        domain_name: name.to_owned(),
        user_name: name.to_owned(),
        password: password(name),
        access_key: characters(&format!("{name}/access-key"), UPPER_AND_DIGITS, 20),
        secret_key: characters(&format!("{name}/secret-key"), LETTERS_AND_DIGITS, 40),
        project_id: project_id(name, default_region(site)),
        partner: tenant.partner.map(str::to_owned),
    }
}

/// The projects of a demo tenant, one in each region.
pub fn projects(name: &str) -> Vec<NewProject> {
    let project =
        |region: &&str| NewProject { id: Some(project_id(name, region)), name: (*region).to_owned() };
    REGIONS.iter().map(project).collect()
}

/// The domain id of a demo tenant.
pub fn domain_id(name: &str) -> String {
    id(&format!("{name}/domain"))
}

fn project_id(name: &str, region: &str) -> String {
    id(&format!("{name}/project/{region}"))
}

fn id(label: &str) -> String {
    hex(&derive(SANDBOX_KEY, label)[..16])
}

/// The salt of the tenant's password hash: derived, because the hash is made before there is a transaction with
/// a source of ids, and a public password needs no secret salt.
pub fn salt(name: &str) -> [u8; 16] {
    let bytes = derive(SANDBOX_KEY, &format!("{name}/salt"));
    std::array::from_fn(|at| bytes[at])
}

const UPPER_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LETTERS_AND_DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Without the letters that are taken for one another.
const EASY_LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const EASY_UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const EASY_DIGITS: &[u8] = b"23456789";

/// A password that a person can type, with every class of character that a password policy asks for:
/// `kqwm-hztr-Rb47`.
fn password(name: &str) -> String {
    let part = |number: u32, alphabet: &[u8], length| {
        characters(&format!("{name}/password/{number}"), alphabet, length)
    };
    let (first, second) = (part(1, EASY_LOWER, 4), part(2, EASY_LOWER, 4));
    let (upper, lower, digits) = (part(3, EASY_UPPER, 1), part(4, EASY_LOWER, 1), part(5, EASY_DIGITS, 2));
    format!("{first}-{second}-{upper}{lower}{digits}")
}

/// `length` characters of `alphabet`. That some are a little more likely than others does not matter to secrets
/// that everybody can read.
fn characters(label: &str, alphabet: &[u8], length: usize) -> String {
    (0..length)
        .map(|at| {
            let block = derive(SANDBOX_KEY, &format!("{label}/{}", at / 32));
            char::from(alphabet[usize::from(block[at % 32]) % alphabet.len()])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_tenant_has_secrets_of_its_own_in_the_shapes_that_clients_expect() {
        let mut seen = BTreeSet::new();
        for tenant in TENANTS {
            let demo = credentials(tenant.name);
            assert_eq!(demo, credentials(tenant.name));
            assert_eq!(demo.access_key.len(), 20);
            assert!(demo.access_key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
            assert_eq!(demo.secret_key.len(), 40);
            assert!(demo.secret_key.bytes().all(|b| b.is_ascii_alphanumeric()));
            assert_eq!((demo.domain_id.len(), demo.project_id.len()), (32, 32));
            let has = |class: fn(&u8) -> bool| demo.password.as_bytes().iter().any(class);
            assert!(has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase), "{}", demo.password);
            assert!(has(u8::is_ascii_digit) && has(u8::is_ascii_punctuation), "{}", demo.password);
            for text in [demo.access_key, demo.secret_key, demo.domain_id, demo.project_id, demo.password] {
                assert!(seen.insert(text.clone()), "{text} twice");
            }
        }
    }

    #[test]
    fn whoever_a_tenant_belongs_to_stands_before_it() {
        for (at, tenant) in TENANTS.iter().enumerate() {
            for upper in tenant.partner.iter().chain(&tenant.master) {
                assert!(TENANTS[..at].iter().any(|known| known.name == *upper), "{}", tenant.name);
            }
        }
    }

    #[test]
    fn the_project_shown_is_the_one_of_the_sites_region() {
        let ids: BTreeSet<String> =
            Site::ALL.map(|site| credentials_on(site, "acme").project_id).into_iter().collect();
        assert_eq!(ids.len(), 3);
        assert!(projects("acme").iter().all(|project| ids.contains(project.id.as_ref().unwrap())));
    }
}
