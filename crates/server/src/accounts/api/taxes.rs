//! The own API: tax rates by country.

use domain::calendar::Instant;
use domain::quantity::{Quantity, QuantityError};
use platform::input;
use platform::op::wire::Decimal;
use platform::op::{Audit, Json, Limit, Method, Mode, OPERATOR, Operation, Refusal, Right, Sites, Spec};
use schemars::JsonSchema;
use serde::Serialize;

use crate::accounts::errors::AccountsError;
use crate::accounts::taxes::{self, TaxRate};
use crate::app::App;
use crate::{Cx, codes};

input! {
    /// A rate of a country.
    pub struct TaxRateInput: strict {
        /// ISO 3166-1 alpha-2 in capitals, such as DE.
        pub country: String = body("country"),
        /// The rate, from 0 to 1: 0.19 is 19 %.
        pub rate: Decimal = body("rate"),
        /// From when on it holds (UTC).
        pub valid_from: Instant = body("valid_from"),
        /// When it no longer holds (UTC); left out: until another is set.
        pub valid_to: Option<Instant> = body("valid_to"),
    }

    /// Rates to set.
    pub struct SetTaxRatesInput: strict {
        /// The rates; each takes the place of the one of its country with the same valid_from.
        pub rates: Vec<TaxRateInput> = body("rates").items(1, 100),
    }

    /// Which rates to list.
    pub struct ListTaxRatesInput {
        /// Of one country; left out: of all.
        pub country: Option<String> = query("country"),
        /// Index of the first.
        pub offset: i64 = query("offset").range(0, 2_147_483_647).default("0"),
        /// How many at most.
        pub limit: i64 = query("limit").range(1, 500).default("100"),
    }
}

fn rate_in(index: usize, input: TaxRateInput) -> Result<TaxRate, Refusal> {
    let refuse = |en: &str, zh: &str| Err(Refusal::because(format!("rates[{index}].rate"), en, zh));
    let rate = match Quantity::parse(&input.rate.0) {
        Ok(rate) if Quantity::from_int(1).is_ok_and(|one| rate <= one) => rate,
        Ok(_) | Err(QuantityError::Negative | QuantityError::TooLarge) => {
            return refuse("must be from 0 to 1: 0.19 is 19 %", "必须在 0 到 1 之间：0.19 表示 19%");
        }
        Err(QuantityError::TooPrecise) => {
            return refuse("must have at most 10 decimals", "最多保留 10 位小数");
        }
        Err(QuantityError::NotANumber) => {
            return refuse("must be a decimal number such as 0.19", "必须为数字，例如 0.19");
        }
    };
    let TaxRateInput { country, valid_from, valid_to, rate: _ } = input;
    Ok(TaxRate { country, rate, valid_from, valid_to })
}

/// A rate.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TaxRateOutput {
    /// ISO 3166-1 alpha-2.
    country: String,
    /// The rate: 0.19 is 19 %.
    rate: String,
    /// From when on it holds (UTC).
    valid_from: String,
    /// When it no longer holds (UTC); null: until another is set.
    valid_to: Option<String>,
}

/// Rates.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TaxRatesOutput {
    /// How many there are.
    total_count: i64,
    /// The rates, by country and begin.
    rates: Vec<TaxRateOutput>,
}

fn output(rate: &TaxRate) -> TaxRateOutput {
    TaxRateOutput {
        country: rate.country.clone(),
        rate: rate.rate.to_string(),
        valid_from: rate.valid_from.to_wire(),
        valid_to: rate.valid_to.map(Instant::to_wire),
    }
}

/// Sets tax rates.
pub struct SetTaxRates;

impl Operation<App> for SetTaxRates {
    type Input = SetTaxRatesInput;
    type Output = Json<TaxRatesOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "SetTaxRates",
        method: Method::Put,
        path: "/openbss/v1/tax-rates",
        about: "Sets tax rates of countries, with the time each holds; the others stay.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Operate,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Write,
        audit: Audit::Event("tax_rate", "setTaxRates"),
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: SetTaxRatesInput) -> Result<Json<TaxRatesOutput>, AccountsError> {
        let rates: Vec<TaxRate> = input
            .rates
            .into_iter()
            .enumerate()
            .map(|(index, rate)| rate_in(index, rate))
            .collect::<Result<_, _>>()?;
        taxes::set_rates(cx, &rates).await?;
        let rates: Vec<TaxRateOutput> = rates.iter().map(output).collect();
        let total_count = i64::try_from(rates.len()).expect("a list of a request is short");
        Ok(Json(TaxRatesOutput { total_count, rates }))
    }
}

/// Lists tax rates.
pub struct ListTaxRates;

impl Operation<App> for ListTaxRates {
    type Input = ListTaxRatesInput;
    type Output = Json<TaxRatesOutput>;
    type Error = AccountsError;
    const SPEC: Spec = Spec {
        id: "ListTaxRates",
        method: Method::Get,
        path: "/openbss/v1/tax-rates",
        about: "Lists tax rates by country and begin.",
        sites: Sites::All,
        callers: OPERATOR,
        actions: &[],
        right: Right::Read,
        denied: &codes::ACCESS_DENIED,
        mode: Mode::Read,
        audit: Audit::None,
        limit: Limit::PerSecond(10),
        success: 200,
        errors: &[],
        is_secret: false,
        doc: "own API",
    };

    async fn run(cx: &mut Cx, input: ListTaxRatesInput) -> Result<Json<TaxRatesOutput>, AccountsError> {
        let (total_count, rates) =
            taxes::list_rates(cx, input.country.as_deref(), input.offset, input.limit).await?;
        Ok(Json(TaxRatesOutput { total_count, rates: rates.iter().map(output).collect() }))
    }
}
