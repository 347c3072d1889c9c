//! Orders and lines as the database keeps them.

use domain::calendar::{Instant, PeriodType, Term, next_expiry};
use domain::money::{Charge, Currency, Exact, Overflow, Price, Scaled};
use domain::order::{OrderState, OrderStatus, OrderType, SourceType};
use domain::promotion::{Modifier, ModifierType};
use domain::quantity::Quantity;
use domain::subscription::MonthParts;
use domain::subscription::change::{Remaining, remaining};
use domain::subscription::renewal::extra_months;
use platform::op::Language;
use platform::op::wire::{FromWire, Param, Raw, Refusal, Schema};
use serde::{Deserialize, Serialize};

use crate::catalog::model::{Measure, Product};

/// The enterprise project of a line that names none (004 table 8-10).
pub const DEFAULT_ENTERPRISE_PROJECT: &str = "0";

/// An order id as a caller writes it, in any case (004 8.3.1); kept in the case in which ids are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenOrderId(String);

impl WrittenOrderId {
    /// The id as it is stored.
    pub fn into_stored(self) -> String {
        self.0
    }
}

impl FromWire for WrittenOrderId {
    fn from_wire(raw: Raw<'_>, param: &Param) -> Result<Self, Refusal> {
        String::from_wire(raw, param).map(|id| Self(id.to_ascii_uppercase()))
    }
    fn schema(param: &Param) -> Schema {
        String::schema(param)
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The customer.
    pub account: String,
    /// Its id.
    pub id: String,
    /// What it is for.
    pub order_type: OrderType,
    /// What state it is in.
    pub status: OrderStatus,
    /// Where it came from.
    pub source_type: SourceType,
    /// Service of its first line.
    pub service_type_code: String,
    /// The enterprise projects of its lines, each once.
    pub enterprise_projects: Vec<String>,
    /// The customer's own partner when it was placed.
    pub partner: Option<String>,
    /// Who pays: the customer, or the enterprise master of a unified accounting member.
    pub payer: String,
    /// List price; negative in a refund order.
    pub official: Charge,
    /// What balances pay: list price less its modifiers; negative in a refund order.
    pub payable: Charge,
    /// What reduced the list price, summed over the lines; in a refund order what coupons and cards got back, below
    /// zero.
    pub modifiers: Vec<Modifier>,
    /// The tax contained in what was paid.
    pub tax: Charge,
    /// Its rate; `None`: no tax applies.
    pub tax_rate: Option<Quantity>,
    /// The combined order that it is a part of: an order id without an order of its own.
    pub combined: Option<String>,
    /// The effective time that the customer asked for.
    pub begin_at: Option<Instant>,
    /// When a unified accounting member paid it by hand and so left it to its master.
    pub handed_over_at: Option<Instant>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Who placed it.
    pub user_name: String,
    /// It was to be paid when it was placed.
    pub auto_pay: bool,
    /// Its resources are to be renewed automatically.
    pub auto_renew: bool,
    /// The order that a fee adjustment is of.
    pub base_order: Option<String>,
    /// It gives money back: an unsubscription, a downgrade, a change to pay-per-use.
    pub gives_back: bool,
    /// The handling fee that a refund order kept, above zero.
    pub fee: Charge,
    /// What was used up of what a refund order gives back of, above zero.
    pub consumed: Charge,
    /// An invoice was issued for it, so that what it bought cannot be returned (CBC.99003643).
    pub is_invoiced: bool,
    /// Why, as whoever asked for it wrote: unsubscriptions and adjustments.
    pub reason: Option<String>,
    /// The kind of that reason (004 8.4.3).
    pub reason_type: Option<i64>,
    /// When it was placed.
    pub created_at: Instant,
    /// When it was paid.
    pub paid_at: Option<Instant>,
    /// From when on it can no longer be paid, while it waits for payment.
    pub pay_before: Option<Instant>,
    /// Lines that are neither done nor failed.
    pub open_lines: i64,
}

impl Order {
    /// The id to pay and cancel it by: that of the combined order that it is a part of, or its own.
    pub fn payable_id(&self) -> &str {
        self.combined.as_ref().unwrap_or(&self.id)
    }

    /// What the state machine needs to know.
    pub fn state(&self) -> OrderState {
        OrderState { status: self.status, pay_before: self.pay_before }
    }
}

/// The name of an enterprise project. There is no register of them yet, so only the default one has a name that is
/// not its id.
pub fn enterprise_project_name(id: &str) -> &str {
    if id == DEFAULT_ENTERPRISE_PROJECT { "default" } else { id }
}

/// How far a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineState {
    /// Not paid yet.
    Waiting,
    /// Paid; the cloud is at work.
    Provisioning,
    /// Provisioned, or given back in a refund order.
    Done,
    /// The cloud could not provide it; its money went back.
    Failed,
}

impl LineState {
    const ALL: [Self; 4] = [Self::Waiting, Self::Provisioning, Self::Done, Self::Failed];

    /// The text under which it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Provisioning => "provisioning",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// The state of a stored text.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, from 1.
    pub line_no: i64,
    /// Number of the primary line that it is attached to.
    pub attached_to: Option<i64>,
    /// The product.
    pub product_id: String,
    /// Service.
    pub service_type_code: String,
    /// Resource type.
    pub resource_type_code: String,
    /// Specification.
    pub resource_spec_code: String,
    /// Region.
    pub region_code: String,
    /// Zone.
    pub available_zone: Option<String>,
    /// Size of a linear product.
    pub resource_size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
    /// Unit of the term.
    pub period_type: PeriodType,
    /// Unit in which that term was priced: months for the year of a product that only months are priced of.
    pub priced_in: PeriodType,
    /// How many units.
    pub period_num: i64,
    /// How many of the thing.
    pub subscription_num: i64,
    /// Name of the resource.
    pub resource_name: Option<String>,
    /// Project of the resource.
    pub project_id: Option<String>,
    /// Enterprise project of the resource.
    pub enterprise_project_id: Option<String>,
    /// What was sold, as the catalogue told it then.
    pub description: Description,
    /// Product catalogue code.
    pub category_code: Option<String>,
    /// List price.
    pub official: Charge,
    /// What balances pay.
    pub payable: Charge,
    /// What reduced the list price.
    pub modifiers: Vec<Modifier>,
    /// Catalogue version and start of the price that was used.
    pub price_version: String,
    /// How far it is.
    pub state: LineState,
    /// Begin of the term.
    pub effective_at: Option<Instant>,
    /// End of the term.
    pub expires_at: Option<Instant>,
    /// The resource that it is about, by our id; `None`: it buys new ones.
    pub resource: Option<String>,
    /// What a change begins from.
    pub base_product: Option<BaseProduct>,
    /// The handling fee of a line of a refund order, above zero.
    pub fee: Charge,
    /// What was used up of a line of a refund order, above zero.
    pub consumed: Charge,
    /// What the operator took off its list price (609), in cents.
    pub adjusted: Charge,
}

/// What a change of specification begins from (`base_product_info`, 004 8.3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseProduct {
    /// The product.
    pub product_id: String,
    /// Its specification.
    pub resource_spec_code: String,
    /// What it is.
    pub description: Description,
    /// Product catalogue code.
    pub category_code: Option<String>,
    /// Size of a linear product.
    pub size: Option<i64>,
    /// Unit of the size.
    pub size_measure_id: Option<i64>,
    /// How the price of a change came about; `None` where a trial becomes commercial, which costs the whole price.
    pub rest: Option<Rest>,
}

/// What a change of specification is for: the rest of a term, fixed when its order is placed (rule 1.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// List price of one unit of the term, and of size one, of the product before the change: decimal text.
    pub unit_price: String,
    /// Catalogue version and start of that price.
    pub price_version: String,
    /// From when on the new specification is charged, in milliseconds.
    pub from_ms: i64,
    /// The end of the term, in milliseconds.
    pub until_ms: i64,
    /// What was bought of the time that is not over, which is the most that is charged, as
    /// [`domain::subscription::change::bought`] counts it for the unit of the term.
    pub bought: i64,
}

impl Rest {
    /// What is left of a term whose prices are for a unit, and no more than was bought of it.
    pub fn remaining(&self, unit: PeriodType) -> Remaining {
        let left = remaining(Instant::from_ms(self.from_ms), Instant::from_ms(self.until_ms), unit);
        left.at_most(self.bought)
    }

    /// The list price of one unit of the term before the change, for a size.
    ///
    /// # Errors
    /// [`Overflow`].
    pub fn old_price(&self, size: Option<i64>) -> Result<Exact, Overflow> {
        let price = Price::parse(&self.unit_price).map_err(|_| Overflow)?;
        Exact::from_price(price).times_int(size.unwrap_or(1))
    }
}

impl BaseProduct {
    /// As it is stored.
    pub fn to_stored(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }

    /// From what was stored.
    pub fn from_stored(text: &str) -> Self {
        serde_json::from_str(text).expect("only to_stored writes the column")
    }
}

impl Line {
    /// The enterprise project its resource belongs to.
    pub fn enterprise_project(&self) -> &str {
        self.enterprise_project_id.as_deref().unwrap_or(DEFAULT_ENTERPRISE_PROJECT)
    }

    /// The promotional discount that it was paid with, which a renewal may use again (rule 3.3).
    pub fn promotion(&self) -> Option<String> {
        let is_promotion =
            |kind: ModifierType| matches!(kind, ModifierType::Promotion | ModifierType::PromotionProduct);
        self.modifiers.iter().find(|one| is_promotion(one.kind)).map(|one| one.source.clone())
    }

    /// What was bought, in time.
    pub fn term(&self) -> Term {
        let count = u32::try_from(self.period_num).expect("placing bounds the number of periods");
        Term { period: self.period_type, count }
    }

    /// What a change is charged for, and what it begins from; `None` for anything else.
    pub fn rest(&self) -> Option<(&BaseProduct, &Rest)> {
        let base = self.base_product.as_ref()?;
        Some((base, base.rest.as_ref()?))
    }

    /// By how much a renewal ends later than its term: on the unified day of its account (rule 1.6). `None`: it does not.
    pub fn extra_months(&self) -> Option<MonthParts> {
        let is_renewal = self.resource.is_some() && self.base_product.is_none();
        let (begins_at, ends_at) = self.effective_at.zip(self.expires_at).filter(|_| is_renewal)?;
        let own_end = next_expiry(begins_at, self.term()).ok()?;
        (own_end < ends_at).then(|| extra_months(own_end, ends_at))
    }

    /// What the operator took off (609), which stays whatever it is paid with.
    pub fn adjustments(&self) -> Vec<Modifier> {
        let is_adjustment = |modifier: &&Modifier| modifier.kind == ModifierType::PriceAdjustment;
        self.modifiers.iter().filter(is_adjustment).cloned().collect()
    }

    /// The list price less what the operator took off.
    pub fn adjusted_price(&self) -> Charge {
        self.official.checked_sub(self.adjusted).expect("an adjustment takes no more than the price")
    }
}

/// A modifier as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredModifier {
    #[serde(rename = "type")]
    kind: i64,
    id: String,
    name: String,
    amount: i64,
}

/// Modifiers as they are stored: amounts in cents.
pub fn modifiers_text(modifiers: &[Modifier]) -> String {
    let stored: Vec<StoredModifier> = modifiers
        .iter()
        .map(|modifier| StoredModifier {
            kind: modifier.kind.code(),
            id: modifier.source.clone(),
            name: modifier.name.clone(),
            amount: modifier.amount.units(),
        })
        .collect();
    serde_json::to_string(&stored).expect("texts and numbers are JSON")
}

/// Modifiers as they were stored.
pub fn modifiers_from(text: &str) -> Vec<Modifier> {
    let stored: Vec<StoredModifier> =
        serde_json::from_str(text).expect("only modifiers_text writes the column");
    let modifier = |stored: StoredModifier| Modifier {
        kind: ModifierType::from_code(stored.kind).expect("stored from the same table of codes"),
        source: stored.id,
        name: stored.name,
        amount: Charge::from_units(stored.amount),
    };
    stored.into_iter().map(modifier).collect()
}

/// What a product is, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// English.
    pub en_us: String,
    /// Chinese.
    pub zh_cn: String,
}

impl Description {
    /// Of a product, and of its size where that is chosen: `High I/O|40GB`.
    pub fn of(product: &Product, size: Option<i64>, measure: Option<&Measure>) -> Self {
        let size = match (size, measure) {
            (Some(size), Some(measure)) => format!("|{size}{}", measure.abbreviation),
            _ => String::new(),
        };
        Self {
            en_us: format!("{}{size}", product.description.en),
            zh_cn: format!("{}{size}", product.description.zh),
        }
    }

    /// The text in `language`.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::EnUs => &self.en_us,
        }
    }

    /// As it is stored.
    pub fn to_stored(&self) -> String {
        serde_json::to_string(self).expect("two texts are JSON")
    }

    /// From what was stored.
    pub fn from_stored(text: &str) -> Self {
        // A row that is not ours still shows what it holds.
        serde_json::from_str(text).unwrap_or_else(|_| Self { en_us: text.to_owned(), zh_cn: text.to_owned() })
    }
}
